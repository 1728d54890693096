#include "coppice/admin/api.hpp"

#include "coppice/actor/tree_root.hpp"
#include "coppice/admin/tree_json.hpp"
#include "coppice/net/socket.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace coppice::admin {

using supervision::exit_reason;

namespace {

constexpr std::string_view index_text
  = "coppice: a supervised server. GET /tree shows its actors; "
    "POST /kill {\"path\": \"...\", \"reason\": \"...\"} ends one.\n";

response failure(int status, std::string message) {
  return {status, nlohmann::json{{"error", std::move(message)}}.dump() + "\n"};
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
         access rules)
    : rt_(std::move(rt)),
      listeners_(std::move(listeners)),
      rules_(std::move(rules)) {
  // nop
}

response api::handle(const request& req) const {
  if (!permitted_host(req))
    return failure(403,
                   "the Host header \"" + req.host + "\" is not this server's");
  if (!permitted_origin(req))
    return failure(403, "pages of " + req.origin + " may not use this server");
  if (req.path == "/" && req.method == "GET")
    return {200, std::string{index_text}, "text/plain"};
  if (req.path == "/tree")
    return req.method == "GET" ? tree(req) : failure(405, "use GET");
  if (req.path == "/kill")
    return req.method == "POST" ? kill(req) : failure(405, "use POST");
  return failure(404, "there is nothing at " + req.path + "; GET / says more");
}

// -- who may ------------------------------------------------------------------

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
  return {200, result.dump() + "\n"};
}

// -- breaking -----------------------------------------------------------------

response api::kill(const request& req) const {
  if (!permitted_token(req))
    return failure(401, "this needs the admin token: send it as "
                        "\"Authorization: Bearer TOKEN\"");
  if (media_type(req.content_type) != "application/json")
    return failure(415, "send JSON, with Content-Type: application/json");
  auto body = nlohmann::json::parse(req.body, nullptr, false);
  if (!body.is_object() || !body.contains("path") || !body["path"].is_string())
    return failure(400, "send an object with the text \"path\", and "
                        "\"reason\" if it is not to be a kill");
  if (body.contains("reason") && !body["reason"].is_string())
    return failure(400, "\"reason\" has to be a text");
  auto path = body["path"].get<std::string>();
  auto text = body.value("reason", "kill");
  std::optional<exit_reason> reason;
  if (text != "kill")
    reason = exit_reason::parse(text);
  auto hit = actor::crash(*rt_, path, reason)
             || std::any_of(listeners_.begin(), listeners_.end(), [&](auto& l) {
                  return l->crash_connection(path, reason);
                });
  if (!hit)
    return failure(404, "there is no actor at \"" + path + "\"");
  return {200, nlohmann::json{{"path", path}, {"reason", text}}.dump() + "\n"};
}

} // namespace coppice::admin
