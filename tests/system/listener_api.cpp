// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

namespace coppice_test {

namespace {

json parsed(const http_response& response, const std::string& what) {
  if (response.status != 200)
    throw std::runtime_error(what + " -> " + std::to_string(response.status)
                             + " " + response.body);
  return json::parse(response.body);
}

} // namespace

listener_api::listener_api(const server_process& server, std::string name)
    : http_(server.admin_port()), target_("/listeners/" + std::move(name)) {}

json listener_api::status() {
  return parsed(http_.get(target_), target_);
}

json listener_api::counters() {
  return status().at("counters");
}

int listener_api::active() {
  return status().at("active");
}

std::uint16_t listener_api::port() {
  const std::string local = status().at("local");
  return static_cast<std::uint16_t>(
    std::stoul(local.substr(local.rfind(':') + 1)));
}

http_response listener_api::order(const std::string& what,
                                  const std::string& body) {
  return http_.post(target_ + "/" + what, body);
}

http_response listener_api::drain(const json& body) {
  return http_.post("/drain", body.dump());
}

json listener_api::checked(const std::string& what, const std::string& body) {
  return parsed(order(what, body), what);
}

json listener_api::suspend() {
  return checked("suspend", "{}");
}

json listener_api::resume() {
  return checked("resume", "{}");
}

json listener_api::set_limits(const json& limits) {
  return checked("limits", limits.dump());
}

bool listener_api::await(const std::function<bool(const json&)>& wanted) {
  return eventually([&] {
    try {
      return wanted(status());
    } catch (const std::runtime_error&) {
      http_.disconnect(); // the admin page may be away for a moment
      return false;
    }
  });
}

bool listener_api::await_state(const std::string& state) {
  return await([&](const json& now) { return now.at("state") == state; });
}

bool listener_api::await_active(int wanted) {
  return await([&](const json& now) { return now.at("active") == wanted; });
}

bool listener_api::await_balance() {
  return await([](const json& now) {
    const auto number = [&](const char* name) {
      return now.at("counters").at(name).get<std::int64_t>();
    };
    return number("accepted")
           == number("closed") + now.at("active").get<std::int64_t>();
  });
}

bool listener_api::await_counter(const std::string& name, std::int64_t wanted) {
  return await([&](const json& now) {
    return now.at("counters").at(name).get<std::int64_t>() >= wanted;
  });
}

} // namespace coppice_test
