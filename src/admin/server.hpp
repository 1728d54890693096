// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/api.hpp"
#include "coppice/actor/child_spec.hpp"
#include "coppice/net/endpoint.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace coppice::admin {

/// Serves the admin API over HTTP, from threads of its own. Its functions may
/// be called from any thread.
class server : public std::enable_shared_from_this<server> {
public:
  /// `rules.loopback` is derived from `where`.
  server(net::endpoint where, actor::runtime_ptr rt,
         std::vector<net::listener_ptr> listeners, access rules,
         operations program);

  /// The worker to put into a supervisor. Its start opens the port.
  actor::child_spec child();

  /// `http://HOST:PORT`, with the port that it really has.
  std::string url() const;

  /// Why the port could not be opened the last time; empty if it could.
  std::string open_error() const;

private:
  actor::start_result start(const actor::start_args& args);

  net::endpoint where_;
  api api_;
  mutable std::mutex mutex_;
  std::uint16_t port_ = 0; // guarded by mutex_; kept over restarts
  std::string open_error_; // guarded by mutex_
};

} // namespace coppice::admin
