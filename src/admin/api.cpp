// SPDX-License-Identifier: BSD-3-Clause

#include "admin/api.hpp"

#include "admin/event_feed.hpp"
#include "admin/leases_api.hpp"
#include "admin/metrics.hpp"
#include "admin/page.hpp"
#include "admin/predict_api.hpp"
#include "admin/responses.hpp"
#include "admin/toxics_api.hpp"
#include "admin/tree_json.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace coppice::admin {

using supervision::exit_reason;

namespace {

constexpr std::string_view stream_path = "/events/stream";

bool changes_something(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

// HEAD is answered wherever GET is, without the body.
std::string_view routed(std::string_view method) {
  return method == "HEAD" ? "GET" : method;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

// The name in a Host header or an authority, without its port.
std::string_view host_name(std::string_view authority) {
  if (authority.starts_with('['))
    return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.rfind(':'));
}

// A Content-Type without its parameters.
std::string_view media_type(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  return type.substr(0, type.find_last_not_of(' ') + 1);
}

bool is_loopback_name(std::string_view name) {
  if (name == "localhost")
    return true;
  auto ep = net::endpoint::parse(name, 0);
  return ep && ep->loopback();
}

// Takes the same time for every wrong token of the right length.
bool same_token(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

bool sends_json(const request& req) {
  return media_type(req.content_type) == "application/json";
}

// What follows `Bearer`, in any case; empty if the scheme is another.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (lower(authorization.substr(0, scheme.size())) != scheme)
    return {};
  authorization.remove_prefix(scheme.size());
  auto begin = authorization.find_first_not_of(' ');
  return authorization.substr(std::min(begin, authorization.size()));
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

response needs_token() {
  auto result = failure(401, "this needs the admin token: send it as "
                             "\"Authorization: Bearer TOKEN\"");
  result.headers.emplace("WWW-Authenticate", "Bearer");
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

api::api(actor::runtime_ptr rt, std::vector<net::listener_ptr> listeners,
         access rules, operations program)
    : rt_(std::move(rt)),
      listeners_(std::move(listeners)),
      rules_(std::move(rules)),
      program_(std::move(program)),
      faults_(rt_, listeners_, rules_.allow_faults),
      children_(rt_),
      listeners_api_(listeners_),
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
     R"({"path": ..., "reason": ...})",
     [this](const call& what) { return kill(what.body); }},
    {"POST", "/drain", change, body_kind::optional,
     R"({"timeout_ms": ...} then end)",
     [this](const call& what) { return drain(what.body); }},
  };
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
  if (auto refused = refuse(req))
    return refused;
  auto method = routed(req.method);
  if (method == "GET" && page_file(req.path))
    return {};
  for (auto& each : routes_)
    if (each.method == method && match(each.pattern, req.path))
      return refuse(req, each);
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
  if (changes_something(req.method) && !permitted_token(req))
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
  if (auto refused = refuse(req))
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
                     asked_for("connections")};
  nlohmann::json greeting{
    {"boot", std::to_string(rt_->events.boot())},
    {"mono_ns", std::chrono::steady_clock::now().time_since_epoch().count()},
    {"allow_faults", rules_.allow_faults},
    {"needs_token", !rules_.token.empty()}};
  return event_feed{rt_, listeners_, *since, greeting.dump(),
                    std::move(extras)};
}

std::shared_ptr<const canary> api::find_canary() const {
  if (!program_.echo)
    return nullptr;
  std::lock_guard guard{canary_mutex_};
  auto result = canary_.lock();
  try {
    if (!result)
      canary_ = result = std::make_shared<const canary>(program_.echo);
  } catch (const std::system_error&) {
    // No descriptor or thread is left: the feed works without it.
  }
  return result;
}

// -- what is allowed ----------------------------------------------------------

std::optional<response> api::refuse(const request& req) const {
  if (!permitted_host(req))
    return failure(403, "the Host header \"" + req.host
                          + "\" is not this server's; --admin-host NAME of "
                            "serve allows another name");
  if (!permitted_origin(req))
    return failure(403, "pages of " + req.origin
                          + " may not use this server; --admin-origin ORIGIN "
                            "of serve allows them");
  // A page of another server may link here, but not use the API.
  if ((req.fetch_site == "cross-site" || req.fetch_site == "same-site")
      && !named_origin(req) && (routed(req.method) != "GET" || req.path != "/"))
    return failure(403, "pages of other servers may not use this one");
  return {};
}

bool api::permitted_host(const request& req) const {
  if (!rules_.loopback || is_loopback_name(host_name(req.host)))
    return true;
  if (req.host.empty())
    return req.may_lack_host;
  return std::ranges::any_of(rules_.hosts, [&](auto& each) {
    auto known = lower(each);
    auto given = lower(req.host);
    return known == given || known == host_name(given);
  });
}

bool api::named_origin(const request& req) const {
  return std::ranges::any_of(rules_.origins, [&](auto& each) {
    return lower(each) == lower(req.origin);
  });
}

bool api::permitted_origin(const request& req) const {
  return req.origin.empty() || req.origin == "http://" + req.host
         || named_origin(req);
}

// By a Unix socket it is the user that counts.
bool api::permitted_token(const request& req) const {
  if (req.from == sender::owner)
    return true;
  if (rules_.token.empty())
    return req.from != sender::other_user;
  return same_token(bearer_token(req.authorization), rules_.token);
}

std::optional<response> api::refuse(const request& req, const route& to) const {
  if (to.needs != permission::look && !permitted_token(req))
    return rules_.token.empty()
             ? failure(403, "only root and the user that runs this server may "
                            "change something")
             : needs_token();
  if (to.needs == permission::fault && !rules_.allow_faults)
    return failure(403, "faults are off: this server was started without "
                        "--allow-faults");
  // A form of a page cannot send JSON, so it cannot change anything.
  if (to.body != body_kind::none && !sends_json(req))
    return failure(415, "send JSON, with Content-Type: application/json");
  return {};
}

// -- looking ------------------------------------------------------------------

namespace {

void add_connections(nlohmann::json& node,
                     const std::vector<net::listener_ptr>& listeners) {
  for (auto& child : node["children"])
    add_connections(child, listeners);
  if (!node.contains("connections"))
    return;
  auto path = node["path"].get<std::string>();
  for (auto& listener : listeners)
    if (auto found = listener->connections(path))
      for (auto& c : *found)
        node["children"].push_back({
          {"id", c.id},
          {"path", path + "/" + c.id},
          {"type", "worker"},
          {"state", "running"},
          {"incarnation", 1},
          {"restarts", 0},
          {"restart", "temporary"},
          {"peer", c.peer},
          {"children", nlohmann::json::array()},
        });
}

} // namespace

response api::tree(const request& req) const {
  auto root = rt_->tree.look(std::chrono::steady_clock::now());
  if (!root)
    return failure(503, "there is no tree yet");
  auto result = to_json(*root);
  auto wanted = req.query.find("connections");
  if (wanted != req.query.end() && wanted->second == "true")
    add_connections(result, listeners_);
  return success(result);
}

response api::metrics() const {
  auto measured = measure(*rt_, listeners_, version);
  if (program_.file)
    measured.journal = program_.file->look();
  if (program_.log)
    measured.log_lines_lost = program_.log->dropped();
  return {200, write(to_metrics(measured)), std::string{metrics_type}};
}

response api::log_level() const {
  return success({{"level", to_string(program_.log->level())}});
}

// -- changing -----------------------------------------------------------------

response api::kill(const nlohmann::json& body) const {
  if (!body.contains("path") || !body["path"].is_string())
    return failure(400, "send an object with the text \"path\", and with "
                        "\"reason\" unless it is a kill");
  if (body.contains("reason") && !body["reason"].is_string())
    return failure(400, "\"reason\" has to be a text");
  auto path = body["path"].get<std::string>();
  auto text = body.value("reason", "kill");
  std::optional<exit_reason> reason;
  if (text != "kill")
    reason = exit_reason::parse(text);
  auto hit = actor::crash(*rt_, path, reason, asked_here)
             || std::any_of(listeners_.begin(), listeners_.end(), [&](auto& l) {
                  return l->crash_connection(path, reason, asked_here);
                });
  if (!hit)
    return failure(404, "there is no actor at \"" + path + "\"");
  return success({{"path", path}, {"reason", text}});
}

response api::set_log_level(const nlohmann::json& body) const {
  auto i = body.find("level");
  auto level = i != body.end() && i->is_string()
                 ? journal::log_level_from(i->get<std::string>())
                 : std::nullopt;
  if (!level || body.size() > 1)
    return failure(400, "send an object with the text \"level\": debug, info, "
                        "warning, error or off");
  program_.log->set_level(*level);
  return success({{"level", to_string(*level)}});
}

response api::drain(const nlohmann::json& body) const {
  std::optional<std::chrono::milliseconds> timeout;
  auto i = body.find("timeout_ms");
  if (body.size() > (i == body.end() ? 0 : 1))
    return failure(400, "\"timeout_ms\" is the only field that this takes");
  if (i != body.end()) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours{24};
    if (!i->is_number_integer() || *i < 0 || *i > longest.count())
      return failure(400, "\"timeout_ms\" has to be a number from 0 to "
                          "86400000, a day");
    timeout = std::chrono::milliseconds{i->get<std::int64_t>()};
  }
  std::int64_t active = 0;
  for (auto& listener : listeners_)
    active += listener->active();
  program_.drain(timeout);
  return success({{"active", active}});
}

} // namespace coppice::admin
