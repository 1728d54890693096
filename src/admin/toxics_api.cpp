#include "admin/toxics_api.hpp"

#include "admin/api.hpp"
#include "admin/responses.hpp"
#include "admin/toxics_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace coppice::admin {

using json = nlohmann::json;
using target = net::toxic_target;

namespace {

constexpr std::string_view listeners_prefix = "/listeners/";
constexpr std::string_view toxics_name = "/toxics";

response refusal(const net::toxic_refusal& why) {
  switch (why.why) {
  case net::toxic_refusal::kind::invalid:
    return failure(400, why.message);
  case net::toxic_refusal::kind::taken:
    return failure(409, why.message);
  case net::toxic_refusal::kind::unknown:
    return failure(404, why.message);
  case net::toxic_refusal::kind::failed:
    return failure(503, why.message);
  }
  return {};
}

// The connection that is meant; returns what is wrong.
std::string read_connection(const request& req, const json& body,
                            target& into) {
  constexpr auto wrong = "connection has to be the number of one";
  if (auto found = req.query.find("connection"); found != req.query.end()) {
    std::uint64_t number = 0;
    auto& text = found->second;
    auto* last = text.data() + text.size();
    auto [rest, err] = std::from_chars(text.data(), last, number);
    if (err != std::errc{} || rest != last)
      return wrong;
    into = number;
  }
  if (auto found = body.find("connection"); found != body.end()) {
    if (!found->is_number_unsigned())
      return wrong;
    auto number = found->get<std::uint64_t>();
    if (into && *into != number)
      return "the query names another connection than the body";
    into = number;
  }
  return {};
}

std::optional<net::placed_toxic>
look_up(const net::listener& owner, std::string_view name, target connection) {
  for (auto& placed : *owner.toxics())
    if (placed.what.name == name && placed.connection == connection)
      return placed;
  return {};
}

json list(const net::listener& owner, target connection) {
  auto result = json::array();
  for (auto& placed : *owner.toxics())
    if (!connection || placed.connection == connection)
      result.push_back(admin::to_json(placed));
  return result;
}

response add(net::listener& owner, const json& body, target connection) {
  net::placed_toxic placed;
  placed.connection = connection;
  if (auto wrong = read_toxic(body, placed.what); !wrong.empty())
    return failure(400, wrong);
  if (auto refused = owner.add_toxic(placed.what, connection))
    return refusal(*refused);
  return success(admin::to_json(placed));
}

response change(net::listener& owner, net::placed_toxic placed,
                const json& body) {
  if (auto wrong = change_toxic(body, placed.what); !wrong.empty())
    return failure(400, wrong);
  if (auto refused = owner.update_toxic(placed.what, placed.connection))
    return refusal(*refused);
  return success(admin::to_json(placed));
}

response answer_all(net::listener& owner, const request& req, const json& body,
                    target connection) {
  if (req.method == "POST")
    return add(owner, body, connection);
  if (req.method == "DELETE")
    if (auto refused = owner.remove_all_toxics(connection))
      return refusal(*refused);
  return success(list(owner, connection));
}

response answer_one(net::listener& owner, const request& req,
                    const std::string& toxic, const json& body,
                    target connection) {
  auto found = look_up(owner, toxic, connection);
  if (!found)
    return failure(404, "there is no toxic called \"" + toxic
                          + "\"; GET /listeners/" + owner.config().name
                          + "/toxics shows them");
  if (req.method == "POST")
    return change(owner, *found, body);
  if (req.method == "DELETE")
    if (auto refused = owner.remove_toxic(toxic, connection))
      return refusal(*refused);
  return success(admin::to_json(*found));
}

} // namespace

std::optional<toxics_path> parse_toxics_path(std::string_view path) {
  if (!path.starts_with(listeners_prefix))
    return {};
  path.remove_prefix(listeners_prefix.size());
  auto slash = path.find('/');
  auto rest = slash == path.npos ? std::string_view{} : path.substr(slash);
  if (!rest.starts_with(toxics_name))
    return {};
  toxics_path result{std::string{path.substr(0, slash)}, {}};
  rest.remove_prefix(toxics_name.size());
  if (rest.empty())
    return result;
  if (rest.size() < 2 || rest.front() != '/')
    return {};
  result.toxic = rest.substr(1);
  return result;
}

response api::toxics(const request& req) const {
  auto changes = req.method != "GET";
  if (changes && req.method != "POST" && req.method != "DELETE")
    return failure(405, "use GET, or POST and DELETE to change something");
  if (auto refused = changes ? refuse_change(req) : std::nullopt)
    return *refused;
  auto has_body = req.method == "POST";
  if (has_body && !rules_.allow_faults)
    return failure(403, "faults are off: start the server with --allow-faults "
                        "to put toxics on its connections");
  if (has_body && !sends_json(req))
    return failure(415, "send JSON, with Content-Type: application/json");
  auto body = json::parse(has_body ? req.body : "{}", nullptr, false);
  if (!body.is_object())
    return failure(400, "send a JSON object");
  auto where = *parse_toxics_path(req.path);
  auto* listener = find(where.listener);
  if (listener == nullptr)
    return failure(404, "there is no listener \"" + where.listener
                          + "\"; GET /listeners shows them");
  target connection;
  if (auto wrong = read_connection(req, body, connection); !wrong.empty())
    return failure(400, wrong);
  if (where.toxic.empty())
    return answer_all(*listener, req, body, connection);
  return answer_one(*listener, req, where.toxic, body, connection);
}

} // namespace coppice::admin
