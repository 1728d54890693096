// SPDX-License-Identifier: BSD-3-Clause

#include "server/upgrade/handover.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

namespace coppice::upgrade {

using json = nlohmann::json;

namespace {

// Raised when one of an earlier version would not understand it.
constexpr int protocol = 1;

// How long a process waits until the other one has read what it is sent.
constexpr std::chrono::seconds send_limit{1};

constexpr auto not_understood = "it says what this version does not understand";

std::vector<net::socket> take(std::vector<net::socket>& from, std::size_t& at,
                              std::size_t count) {
  std::vector<net::socket> result;
  for (; count > 0; --count)
    result.push_back(std::move(from.at(at++)));
  return result;
}

handover::listener listener_from(const json& what) {
  return {what.at("name"),      what.at("where"), what.at("port"), {},
          what.at("suspended"), what.at("limits")};
}

} // namespace

bool send(channel& with, const handover& what) {
  std::vector<int> descriptors;
  json body{{"protocol", protocol},
            {"pid", what.pid},
            {"version", what.version},
            {"limit_ms", what.limit.count()}};
  auto& passed = body["passed"] = json::array();
  for (auto& each : what.sockets) {
    passed.push_back(each.name);
    descriptors.push_back(each.sock.fd());
  }
  auto& listeners = body["listeners"] = json::array();
  for (auto& each : what.listeners) {
    listeners.push_back({{"name", each.name},
                         {"where", each.where},
                         {"port", each.port},
                         {"sockets", each.sockets.size()},
                         {"suspended", each.suspended},
                         {"limits", each.limits}});
    for (auto& sock : each.sockets)
      descriptors.push_back(sock.fd());
  }
  if (what.admin) {
    body["admin"] = what.admin->where;
    descriptors.push_back(what.admin->sock.fd());
  }
  return with.send(body.dump(), descriptors, send_limit);
}

expected<handover, std::string> read_handover(message from) {
  try {
    auto body = json::parse(from.text);
    if (body.at("protocol") != protocol)
      return unexpected{"version " + body.at("version").get<std::string>()
                        + " cannot be replaced by this version without a "
                          "stop"};
    handover result{.pid = body.at("pid"),
                    .version = body.at("version"),
                    .limit = std::chrono::milliseconds{
                      body.at("limit_ms").get<std::int64_t>()}};
    std::size_t at = 0;
    for (auto& name : body.at("passed"))
      result.sockets.push_back({name, std::move(from.descriptors.at(at++))});
    for (auto& each : body.at("listeners")) {
      auto& made = result.listeners.emplace_back(listener_from(each));
      made.sockets = take(from.descriptors, at, each.at("sockets"));
    }
    if (body.contains("admin"))
      result.admin = handover::admin_port{body["admin"],
                                          std::move(from.descriptors.at(at++))};
    return result;
  } catch (const std::exception&) {
    return unexpected{std::string{not_understood}};
  }
}

bool send(channel& with, const word& what) {
  return with.send(json{{"what", what.what}, {"texts", what.texts}}.dump(
                     -1, ' ', false, json::error_handler_t::replace),
                   {}, send_limit);
}

expected<word, std::string> read_word(const message& from) {
  try {
    auto body = json::parse(from.text);
    return word{body.at("what"), body.at("texts")};
  } catch (const std::exception&) {
    return unexpected{std::string{not_understood}};
  }
}

} // namespace coppice::upgrade
