// SPDX-License-Identifier: BSD-3-Clause

#include "admin/toxics_api.hpp"

#include "admin/responses.hpp"
#include "admin/toxics_json.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coppice::admin {

using json = nlohmann::json;
using target = net::toxic_target;

namespace {

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

// The connection that is meant, or what is wrong.
expected<target, std::string> read_connection(const request& req,
                                              const json& body) {
  constexpr auto wrong = "\"connection\" has to be the number of a connection";
  target result;
  if (auto found = req.query.find("connection"); found != req.query.end()) {
    std::uint64_t number = 0;
    auto& text = found->second;
    auto* last = text.data() + text.size();
    auto [rest, err] = std::from_chars(text.data(), last, number);
    if (err != std::errc{} || rest != last)
      return unexpected{wrong};
    result = number;
  }
  if (auto found = body.find("connection"); found != body.end()) {
    if (!found->is_number_unsigned())
      return unexpected{wrong};
    auto number = found->get<std::uint64_t>();
    if (result && *result != number)
      return unexpected<std::string>{
        "the query names another connection than the body"};
    result = number;
  }
  return result;
}

std::optional<net::placed_toxic>
look_up(const net::listener& owner, std::string_view name, target connection) {
  for (auto& placed : *owner.toxics())
    if (placed.what.name == name && placed.connection == connection)
      return placed;
  return {};
}

json list_toxics(const net::listener& owner, target connection) {
  auto result = json::array();
  for (auto& placed : *owner.toxics())
    if (!connection || placed.connection == connection)
      result.push_back(admin::to_json(placed));
  return result;
}

response add_toxic(net::listener& owner, const json& body, target connection) {
  net::placed_toxic placed;
  placed.connection = connection;
  if (auto read = read_toxic(body, placed.what); !read)
    return failure(400, read.error());
  if (auto changed = owner.add_toxic(placed.what, connection); !changed)
    return refusal(changed.error());
  return success(admin::to_json(placed));
}

response change_toxic_of(net::listener& owner, net::placed_toxic placed,
                         const json& body) {
  if (auto read = change_toxic(body, placed.what); !read)
    return failure(400, read.error());
  if (auto changed = owner.update_toxic(placed.what, placed.connection);
      !changed)
    return refusal(changed.error());
  return success(admin::to_json(placed));
}

response change_one(net::listener& owner, const net::placed_toxic& placed,
                    const call& what) {
  return change_toxic_of(owner, placed, what.body);
}

response remove_all(net::listener& owner, target connection) {
  if (auto changed = owner.remove_all_toxics(connection); !changed)
    return refusal(changed.error());
  return success(list_toxics(owner, connection));
}

response remove_one(net::listener& owner, const net::placed_toxic& placed) {
  if (auto changed = owner.remove_toxic(placed.what.name, placed.connection);
      !changed)
    return refusal(changed.error());
  return success(admin::to_json(placed));
}

// Calls `handle` with the listener and the connection that are meant.
template <class F>
auto with_target(const listeners_api& listeners, F handle) {
  return [&listeners, handle](const call& what) {
    auto owner = listeners.find(what.names.front());
    if (!owner)
      return no_listener(what.names.front());
    auto connection = read_connection(what.req, what.body);
    if (!connection)
      return failure(400, connection.error());
    return handle(*owner, *connection, what);
  };
}

// The same with the toxic, which has to be there.
template <class F>
auto with_toxic(const listeners_api& listeners, F handle) {
  return with_target(listeners, [handle](net::listener& owner,
                                         target connection, const call& what) {
    auto& name = what.names.back();
    auto found = look_up(owner, name, connection);
    return found ? handle(owner, *found, what)
                 : failure(404, "there is no toxic called \"" + name
                                  + "\"; GET /listeners/" + owner.config().name
                                  + "/toxics lists them");
  });
}

} // namespace

std::vector<route> toxics_routes(const listeners_api& listeners) {
  constexpr auto all = "/listeners/{listener}/toxics";
  constexpr auto one = "/listeners/{listener}/toxics/{toxic...}";
  return {
    {"GET", all, permission::look, body_kind::none, "what spoils its network",
     with_target(listeners,
                 [](net::listener& owner, target connection, const call&) {
                   return success(list_toxics(owner, connection));
                 })},
    {"POST", all, permission::fault, body_kind::object,
     R"({"type": ..., "attributes": {}})",
     with_target(listeners,
                 [](net::listener& owner, target connection, const call& what) {
                   return add_toxic(owner, what.body, connection);
                 }),
     lease_effect::adds_toxic},
    {"DELETE", all, permission::change, body_kind::none, "take all off",
     with_target(listeners,
                 [](net::listener& owner, target connection, const call&) {
                   return remove_all(owner, connection);
                 }),
     lease_effect::removes_toxics},
    {"GET", one, permission::look, body_kind::none, "one of them",
     with_toxic(listeners,
                [](net::listener&, const net::placed_toxic& placed,
                   const call&) { return success(admin::to_json(placed)); })},
    {"POST", one, permission::fault, body_kind::object, "change its attributes",
     with_toxic(listeners, change_one)},
    {"PATCH", one, permission::fault, body_kind::object, "the same",
     with_toxic(listeners, change_one)},
    {"DELETE", one, permission::change, body_kind::none, "take it off",
     with_toxic(listeners,
                [](net::listener& owner, const net::placed_toxic& placed,
                   const call&) { return remove_one(owner, placed); }),
     lease_effect::removes_toxic},
  };
}

} // namespace coppice::admin
