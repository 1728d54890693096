// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/route.hpp"
#include "admin/upgrade.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// The part of the API that looks at listeners and changes them. Thread-safe.
class listeners_api {
public:
  /// `earlier` is that of `upgrade_operations`; it may be empty.
  listeners_api(net::listener_set listeners,
                std::function<std::optional<earlier_process>(bool)> earlier);

  std::vector<route> routes() const;

  /// The one of this name, or null.
  net::listener_ptr find(std::string_view name) const;

  /// All of them, with what they have counted in earlier processes, too.
  /// With `asks_earlier`, by now: see `upgrade_operations`.
  nlohmann::json all(bool asks_earlier = true) const;

private:
  nlohmann::json seen(const net::listener& listener,
                      bool asks_earlier = true) const;
  response suspend(net::listener& listener) const;
  response resume(net::listener& listener) const;
  response set_limits(net::listener& listener,
                      const nlohmann::json& body) const;

  net::listener_set listeners_;
  std::function<std::optional<earlier_process>(bool)> earlier_;
  mutable std::mutex limits_mutex_; // so that no change is lost to another
};

/// What is answered if there is none of this name.
response no_listener(std::string_view name);

} // namespace coppice::admin
