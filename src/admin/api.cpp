// SPDX-License-Identifier: BSD-3-Clause

#include "admin/api.hpp"

#include "admin/event_feed.hpp"
#include "admin/leases_api.hpp"
#include "admin/page.hpp"
#include "admin/predict_api.hpp"
#include "admin/responses.hpp"
#include "admin/toxics_api.hpp"
#include "admin/upgrade_api.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace coppice::admin {

namespace {

constexpr std::string_view stream_path = "/events/stream";

bool changes_something(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

// HEAD is answered wherever GET is, without the body.
std::string_view routed(std::string_view method) {
  return method == "HEAD" ? "GET" : method;
}

// `GET or POST`
std::string either(const std::vector<std::string_view>& methods) {
  std::string result;
  for (std::size_t i = 0; i < methods.size(); ++i)
    result += (i == 0                   ? ""
               : i + 1 < methods.size() ? ", "
                                        : " or ")
              + std::string{methods[i]};
  return result;
}

// `GET, HEAD, OPTIONS`
std::string allowed(const std::vector<std::string_view>& methods) {
  std::string result;
  for (auto& each : methods) {
    result += std::string{each} + ", ";
    if (each == "GET")
      result += "HEAD, ";
  }
  return result + "OPTIONS";
}

route probe(route to) {
  to.probe = true;
  return to;
}

void append(std::vector<route>& to, std::vector<route> more) {
  std::ranges::move(more, std::back_inserter(to));
}

} // namespace

api::api(actor::runtime_ptr rt, net::listener_set listeners, access rules,
         operations program)
    : rt_(std::move(rt)),
      listeners_(std::move(listeners)),
      access_(std::move(rules)),
      program_(std::move(program)),
      faults_(rt_, listeners_, access_.rules().allow_faults),
      children_(rt_),
      listeners_api_(listeners_, program_.upgrade.earlier),
      health_(rt_, listeners_),
      leases_([this](const std::string& name, std::size_t undone) {
        rt_->events.publish(
          {.path = "lease:" + name,
           .detail = "ran out, because its client did not renew it; "
                     "faults undone: "
                     + std::to_string(undone)});
      }) {
  routes_ = all_routes();
}

std::vector<route> api::all_routes() const {
  auto result = own_routes();
  append(result, listeners_api_.routes());
  append(result, toxics_routes(listeners_api_));
  append(result, children_.routes());
  append(result, faults_.routes());
  append(result, lease_routes(leases_));
  if (program_.upgrade.begin)
    append(result, upgrade_routes(program_.upgrade, access_));
  return result;
}

std::vector<route> api::own_routes() const {
  using enum permission;
  constexpr auto no_body = body_kind::none;
  std::vector<route> result{
    {"GET", "/tree", look, no_body, "the actors",
     [this](const call& what) { return tree(what.req); }},
    {"GET", "/events", look, no_body, "what happened: ?since=SEQ&limit=N",
     [this](const call& what) { return events(*rt_, what.req.query); }},
    {"GET", stream_path, look, no_body, "the same, as server-sent events",
     [](const call& what) { return nothing_at(what.req.path); }},
    {"GET", "/connections", look, no_body, "those that opened and closed",
     [this](const call& what) {
       return connection_events(*rt_, what.req.query);
     }},
    {"GET", "/predict", look, no_body, "?path=PATH: what its end would do",
     [this](const call& what) { return predict(*rt_, what.req.query); }},
    {"GET", "/sandbox", look, no_body, "?crash=b: what each strategy does",
     [](const call& what) { return sandbox(what.req.query); }},
    probe({"GET", "/livez", look, no_body, "whether the process is alive",
           [this](const call& what) {
             return health_answer(what.req, "alive", health_.why_not_alive());
           }}),
    probe({"GET", "/readyz", look, no_body, "whether it is ready for clients",
           [this](const call& what) {
             return health_answer(what.req, "ready", health_.why_not_ready());
           }}),
    probe({"GET", "/metrics", look, no_body, "for Prometheus",
           [this](const call&) { return metrics(); }}),
    {"POST", "/kill", change, body_kind::object,
     R"({"path", "reason"/"signal": ...})",
     [this](const call& what) { return kill(what.body); }},
    {"POST", "/drain", change, body_kind::optional,
     R"({"timeout_ms": ...} then end)",
     [this](const call& what) { return drain(what.body); }},
  };
  if (program_.reload)
    append(result, {{"POST", "/reload", change, no_body,
                     "read configuration and certificates again",
                     [this](const call&) { return reload(); }}});
  if (program_.laboratory)
    append(
      result,
      {{"GET", "/lab", look, no_body, "scenarios to play",
        [this](const call&) { return program_.laboratory({}, {}); }},
       {"GET", "/lab/{scenario}", look, no_body,
        "?intensity=1: one, played step by step", [this](const call& what) {
          return program_.laboratory(what.names[0], what.req.query);
        }}});
  if (program_.log)
    append(result, {{"GET", "/log", look, no_body, "the level of the log",
                     [this](const call&) { return log_level(); }},
                    {"POST", "/log", change, body_kind::object,
                     R"({"level": ...} from now on)", [this](const call& what) {
                       return set_log_level(what.body);
                     }}});
  return result;
}

response api::handle(const request& req) const {
  if (auto answer = by_head(req))
    return *answer;
  auto method = routed(req.method);
  if (method == "GET") {
    if (req.path == "/" && req.accept.find("text/html") == std::string::npos)
      return {200, to_text(routes_), "text/plain"};
    if (auto file = page_file(req.path))
      return *file;
  }
  for (auto& each : routes_)
    if (each.method == method)
      if (auto names = match(each.pattern, req.path))
        return pass_to(each, req, std::move(*names));
  return unroutable(req);
}

std::optional<response> api::by_head(const request& req) const {
  if (auto refused = access_.refuse(req))
    return refused;
  auto method = routed(req.method);
  if (method == "GET" && page_file(req.path))
    return {};
  for (auto& each : routes_)
    if (each.method == method && match(each.pattern, req.path))
      return access_.refuse(req, each);
  return unroutable(req);
}

// Nothing has this method at this path.
response api::unroutable(const request& req) const {
  std::vector<std::string_view> methods;
  auto add = [&](std::string_view method) {
    if (std::ranges::find(methods, method) == methods.end())
      methods.push_back(method);
  };
  if (page_file(req.path))
    add("GET");
  for (auto& each : routes_)
    if (req.path == "*" || match(each.pattern, req.path))
      add(each.method);
  // Requests without the token do not learn what there is to change.
  if (changes_something(req.method) && !access_.has_token(req))
    return needs_token();
  if (methods.empty())
    return nothing_at(req.path);
  auto result = req.method == "OPTIONS"
                  ? response{200}
                  : failure(405, "use " + either(methods));
  result.headers.emplace("Allow", allowed(methods));
  return result;
}

lane api::lane_of(const request& req) const {
  if (changes_something(req.method))
    return lane::change;
  auto probes = std::ranges::any_of(routes_, [&](auto& each) {
    return each.probe && match(each.pattern, req.path);
  });
  return probes ? lane::probe : lane::look;
}

response api::pass_to(const route& to, const request& req,
                      std::vector<std::string> names) const {
  auto given = to.body == body_kind::object
               || (to.body == body_kind::optional && !req.body.empty());
  auto body = nlohmann::json::parse(given ? req.body : "{}", nullptr, false);
  if (!body.is_object())
    return failure(400, "send a JSON object");
  return on_lease(to, {req, std::move(names), body});
}

// A fault that a client asked for on its lease goes with it, unless it is
// cleared before or asked for again elsewhere.
response api::on_lease(const route& to, const call& asked) const {
  auto* lease = to.needs == permission::fault ? lease_of(asked.req) : nullptr;
  auto arms = may_be_on_lease(to.effect);
  auto nothing_is_undone
    = arms ? leases_.hold() : std::unique_lock<fair_mutex>{};
  if (lease != nullptr && !leases_.has(*lease))
    return no_lease(*lease);
  return arms ? arm(to, asked, lease) : clear(to, asked);
}

// Does not wait for requests that arm something: such a request may wait for
// this one. What stays on a lease because it is armed meanwhile is taken off
// the lease when it is armed again.
response api::clear(const route& to, const call& asked) const {
  auto before = leases_.mark();
  auto result = to.handler(asked);
  auto gone = clearing(to.effect, asked.req, asked.body);
  if (gone && result.status == 200)
    leases_.forget(before, gone);
  return result;
}

response api::arm(const route& to, const call& asked,
                  const std::string* lease) const {
  auto result = to.handler(asked);
  if (result.status != 200)
    return result;
  auto back = undoing(to.effect, asked, result);
  std::vector<std::string> keys;
  for (auto& each : back)
    keys.push_back(key_of(each));
  std::ranges::sort(keys);
  auto take_off = [&] {
    leases_.forget(leases_.mark(), [&](auto each) {
      return std::ranges::binary_search(keys, each);
    });
  };
  if (lease == nullptr) {
    take_off();
    return result;
  }
  for (auto& each : back) {
    auto outcome
      = leases_.put(*lease, key_of(each), [this, each] { undo(each); });
    if (outcome == leases::outcome::done)
      continue;
    std::ranges::for_each(back, [this](auto& all) { undo(all); });
    take_off();
    return outcome == leases::outcome::too_many
             ? failure(409,
                       "there is too much on the lease \"" + *lease + "\"")
             : no_lease(*lease); // it ran out meanwhile
  }
  return result;
}

// What was allowed may be undone, whatever has gone meanwhile.
void api::undo(const request& req) const {
  for (auto& each : routes_)
    if (auto names = match(each.pattern, req.path);
        names && each.method == req.method) {
      auto body = nlohmann::json::parse(req.body.empty() ? "{}" : req.body);
      each.handler({req, std::move(*names), body});
      return;
    }
}

expected<event_feed, response> api::open_feed(const request& req) const {
  if (auto refused = access_.refuse(req))
    return unexpected{std::move(*refused)};
  std::optional since = rt_->events.last_seq();
  if (!req.last_event_id.empty()) {
    since = parse_event_id(req.last_event_id, rt_->events);
    if (!since)
      return unexpected{
        failure(400, "\"Last-Event-ID\" is not the id of an event")};
  } else if (auto i = req.query.find("since"); i != req.query.end()) {
    since = parse_seq(i->second);
    if (!since)
      return unexpected{failure(400, "\"since\" has to be a number")};
  }
  auto asked_for = [&](const char* what) {
    auto i = req.query.find(what);
    return i != req.query.end() && i->second == "true";
  };
  // A HEAD has nobody to read what a canary measures.
  auto measures = asked_for("canary") && req.method != "HEAD";
  feed_extras extras{measures ? find_canary() : nullptr,
                     asked_for("connections"), program_.upgrade.earlier};
  nlohmann::json greeting{
    {"boot", std::to_string(rt_->events.boot())},
    {"mono_ns", std::chrono::steady_clock::now().time_since_epoch().count()},
    {"began_mono_ns", rt_->events.began().time_since_epoch().count()},
    {"allow_faults", access_.rules().allow_faults},
    {"needs_token", !access_.rules().token.empty()}};
  return event_feed{rt_, listeners_, *since, greeting.dump(),
                    std::move(extras)};
}

std::shared_ptr<const canary> api::find_canary() const {
  auto echo = program_.echo ? program_.echo() : nullptr;
  if (!echo)
    return nullptr;
  std::lock_guard guard{canary_mutex_};
  auto result = canary_.lock();
  try {
    if (!result || result->where() != echo)
      canary_ = result = std::make_shared<const canary>(std::move(echo));
  } catch (const std::system_error&) {
    // No descriptor or thread is left: the feed works without it.
  }
  return result;
}

} // namespace coppice::admin
