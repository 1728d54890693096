// SPDX-License-Identifier: BSD-3-Clause

#include "admin/listeners_api.hpp"

#include "admin/earlier_counters.hpp"
#include "admin/limits_json.hpp"
#include "admin/listener_json.hpp"
#include "admin/responses.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>

namespace coppice::admin {

listeners_api::listeners_api(
  net::listener_set listeners,
  std::function<std::optional<earlier_process>(bool)> earlier)
    : listeners_(std::move(listeners)), earlier_(std::move(earlier)) {
  // nop
}

std::vector<route> listeners_api::routes() const {
  // Calls `handle` with the listener that the path names.
  auto with_listener = [this](auto handle) {
    return [this, handle](const call& what) {
      auto found = find(what.names.front());
      return found ? handle(*found, what) : no_listener(what.names.front());
    };
  };
  using enum permission;
  return {
    {"GET", "/listeners", look, body_kind::none, "states, limits and counters",
     [this](const call&) {
       return success({{"listeners", all()}});
     }},
    {"GET", "/listeners/{listener}", look, body_kind::none, "one of them",
     with_listener([this](net::listener& listener, const call&) {
       return success(seen(listener));
     })},
    {"POST", "/listeners/{listener}/suspend", change, body_kind::optional,
     "close its port",
     with_listener([this](net::listener& listener, const call&) {
       return suspend(listener);
     })},
    {"POST", "/listeners/{listener}/resume", change, body_kind::optional,
     "open its port again",
     with_listener([this](net::listener& listener, const call&) {
       return resume(listener);
     })},
    {"POST", "/listeners/{listener}/limits", change, body_kind::object,
     "set the limits that are given",
     with_listener([this](net::listener& listener, const call& what) {
       return set_limits(listener, what.body);
     })},
  };
}

net::listener_ptr listeners_api::find(std::string_view name) const {
  return listeners_.find(name);
}

nlohmann::json listeners_api::seen(const net::listener& listener,
                                   bool asks_earlier) const {
  auto result = to_json(listener);
  if (earlier_)
    if (auto earlier = earlier_(asks_earlier))
      add_counters(earlier->counters, result);
  return result;
}

nlohmann::json listeners_api::all(bool asks_earlier) const {
  auto result = nlohmann::json::array();
  for (auto& listener : listeners_.all())
    result.push_back(seen(*listener, asks_earlier));
  return result;
}

response listeners_api::suspend(net::listener& listener) const {
  listener.suspend();
  return success(seen(listener));
}

response listeners_api::resume(net::listener& listener) const {
  if (auto resumed = listener.resume(); !resumed)
    return failure(503, resumed.error());
  return success(seen(listener));
}

response listeners_api::set_limits(net::listener& listener,
                                   const nlohmann::json& body) const {
  std::lock_guard one_at_a_time{limits_mutex_};
  auto limits = listener.limits();
  if (auto merged = merge(body, limits); !merged)
    return failure(400, merged.error());
  listener.set_limits(limits);
  return success(seen(listener));
}

response no_listener(std::string_view name) {
  return failure(404, "there is no listener \"" + std::string{name}
                        + "\"; GET /listeners lists them");
}

} // namespace coppice::admin
