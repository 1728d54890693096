#include "admin/api.hpp"

#include "admin/event_feed.hpp"
#include "admin/index_text.hpp"
#include "admin/limits_json.hpp"
#include "admin/listener_json.hpp"
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
#include <optional>
#include <system_error>
#include <utility>

namespace coppice::admin {

using supervision::exit_reason;

namespace {

constexpr std::string_view log_path = "/log";
constexpr std::string_view listeners_path = "/listeners";

bool needs_no_body(std::string_view path) {
  return path == "/drain" || path.ends_with("/suspend")
         || path.ends_with("/resume");
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

} // namespace

api::api(actor::runtime_ptr rt, std::vector<net::listener_ptr> listeners,
         access rules, operations program)
    : rt_(std::move(rt)),
      listeners_(std::move(listeners)),
      rules_(std::move(rules)),
      program_(std::move(program)),
      faults_(rt_, listeners_, rules_.allow_faults),
      children_(rt_) {
  // nop
}

response api::handle(const request& req) const {
  if (auto refused = refuse(req))
    return *refused;
  if (parse_toxics_path(req.path))
    return toxics(req);
  if (req.method == "GET")
    return look(req);
  if (req.method == "POST" || req.method == "PUT" || req.method == "DELETE")
    return change(req);
  return failure(405, "use GET, or POST to change something");
}

std::variant<response, event_feed> api::open_feed(const request& req) const {
  if (auto refused = refuse(req))
    return *refused;
  std::optional since = rt_->events.last_seq();
  if (!req.last_event_id.empty()) {
    since = parse_event_id(req.last_event_id, rt_->events);
    if (!since)
      return failure(400, "\"Last-Event-ID\" is not the id of an event");
  } else if (auto i = req.query.find("since"); i != req.query.end()) {
    since = parse_seq(i->second);
    if (!since)
      return failure(400, "\"since\" has to be a number");
  }
  auto asked_for = [&](const char* what) {
    auto i = req.query.find(what);
    return i != req.query.end() && i->second == "true";
  };
  feed_extras extras{asked_for("canary") ? find_canary() : nullptr,
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
    // No descriptor or thread is left: one can look without it.
  }
  return result;
}

// -- who may ------------------------------------------------------------------

std::optional<response> api::refuse(const request& req) const {
  if (!permitted_host(req))
    return failure(403,
                   "the Host header \"" + req.host + "\" is not this server's");
  if (!permitted_origin(req))
    return failure(403, "pages of " + req.origin + " may not use this server");
  // A page of others may lead here, but not ask for anything.
  if ((req.fetch_site == "cross-site" || req.fetch_site == "same-site")
      && (req.method != "GET" || req.path != "/"))
    return failure(403, "pages of others may not use this server");
  return {};
}

bool api::permitted_host(const request& req) const {
  return !rules_.loopback || is_loopback_name(host_name(req.host));
}

bool api::permitted_origin(const request& req) const {
  return req.origin.empty() || req.origin == "http://" + req.host;
}

bool api::permitted_token(const request& req) const {
  return rules_.token.empty()
         || same_token(req.authorization, "Bearer " + rules_.token);
}

std::optional<response> api::refuse_change(const request& req) const {
  if (permitted_token(req))
    return {};
  return failure(401, "this needs the admin token: send it as "
                      "\"Authorization: Bearer TOKEN\"");
}

bool api::sends_json(const request& req) {
  return media_type(req.content_type) == "application/json";
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
  return {200, write(to_metrics(measure(*rt_, listeners_, version))),
          std::string{metrics_type}};
}

response api::look(const request& req) const {
  if (req.path == "/" && req.accept.find("text/html") == std::string::npos)
    return {200, std::string{index_text}, "text/plain"};
  if (auto file = page_file(req.path))
    return *file;
  if (req.path == "/events")
    return events(*rt_, req.query);
  if (req.path == "/connections")
    return connection_events(*rt_, req.query);
  if (req.path == "/predict")
    return predict(*rt_, req.query);
  if (req.path == "/sandbox")
    return sandbox(req.query);
  if (req.path == "/tree")
    return tree(req);
  if (req.path == "/metrics")
    return metrics();
  if (req.path == listeners_path) {
    nlohmann::json all = nlohmann::json::array();
    for (auto& listener : listeners_)
      all.push_back(to_json(*listener));
    return success({{"listeners", std::move(all)}});
  }
  if (req.path.starts_with("/listeners/"))
    if (auto* found = find(req.path.substr(listeners_path.size() + 1)))
      return success(to_json(*found));
  if (req.path == log_path && program_.log)
    return success({{"level", to_string(program_.log->level())}});
  if (faults_.serves(req.path))
    return faults_.look(req.path);
  if (req.path == "/kill" || req.path == "/drain")
    return failure(405, "use POST");
  return nothing_at(req.path);
}

// -- changing -----------------------------------------------------------------

response api::change(const request& req) const {
  if (auto refused = refuse_change(req))
    return *refused;
  if (req.method == "DELETE")
    return faults_.serves(req.path) ? faults_.heal(req.path)
                                    : failure(405, "use GET or POST");
  if (!sends_json(req))
    return failure(415, "send JSON, with Content-Type: application/json");
  auto optional = req.body.empty() && needs_no_body(req.path);
  auto body = nlohmann::json::parse(optional ? "{}" : req.body, nullptr, false);
  if (!body.is_object())
    return failure(400, "send a JSON object");
  if (children_api::serves(req.path))
    return children_.change(req.path, body);
  if (faults_.serves(req.path))
    return faults_.change(req.method, req.path, body);
  if (req.method == "PUT")
    return failure(405, "use POST");
  if (req.path == "/kill")
    return kill(body);
  if (req.path == "/drain")
    return drain(body);
  if (req.path == log_path && program_.log)
    return set_log(body);
  if (req.path.starts_with("/listeners/"))
    return operate(req.path.substr(listeners_path.size() + 1), body);
  if (req.path == "/" || req.path == "/tree" || req.path == listeners_path)
    return failure(405, "use GET");
  return nothing_at(req.path);
}

response api::kill(const nlohmann::json& body) const {
  if (!body.contains("path") || !body["path"].is_string())
    return failure(400, "send an object with the text \"path\", and "
                        "\"reason\" if it is not to be a kill");
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

response api::set_log(const nlohmann::json& body) const {
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
    return failure(400, "\"timeout_ms\" is all that can be said of it");
  if (i != body.end()) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours{24};
    if (!i->is_number_integer() || *i < 0 || *i > longest.count())
      return failure(400, "\"timeout_ms\" has to be a number from 0 on, at "
                          "most a day");
    timeout = std::chrono::milliseconds{i->get<std::int64_t>()};
  }
  std::int64_t active = 0;
  for (auto& listener : listeners_)
    active += listener->active();
  program_.drain(timeout);
  return success({{"active", active}});
}

// `path` is NAME/WHAT.
response api::operate(const std::string& path,
                      const nlohmann::json& body) const {
  auto slash = path.rfind('/');
  auto* listener = find(path.substr(0, slash));
  if (listener == nullptr)
    return failure(404, "there is no listener \"" + path.substr(0, slash)
                          + "\"; GET /listeners shows them");
  auto what = slash == std::string::npos ? "" : path.substr(slash + 1);
  if (what == "suspend") {
    listener->suspend();
  } else if (what == "resume") {
    if (auto why = listener->resume(); !why.empty())
      return failure(503, why);
  } else if (what == "limits") {
    std::lock_guard one_at_a_time{limits_mutex_};
    auto limits = listener->limits();
    if (auto wrong = merge(body, limits); !wrong.empty())
      return failure(400, wrong);
    listener->set_limits(limits);
  } else {
    return failure(404,
                   "a listener knows suspend, resume and limits, but not \""
                     + what + "\"");
  }
  return success(to_json(*listener));
}

net::listener* api::find(std::string_view name) const {
  for (auto& listener : listeners_)
    if (listener->config().name == name)
      return listener.get();
  return nullptr;
}

} // namespace coppice::admin
