// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/route.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"

#include <mutex>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// The part of the API that looks at listeners and changes them. Thread-safe.
class listeners_api {
public:
  explicit listeners_api(net::listener_set listeners);

  std::vector<route> routes() const;

  /// The one of this name, or null.
  net::listener_ptr find(std::string_view name) const;

private:
  response list() const;
  response suspend(net::listener& listener) const;
  response resume(net::listener& listener) const;
  response set_limits(net::listener& listener,
                      const nlohmann::json& body) const;

  net::listener_set listeners_;
  mutable std::mutex limits_mutex_; // so that no change is lost to another
};

/// What is answered if there is none of this name.
response no_listener(std::string_view name);

} // namespace coppice::admin
