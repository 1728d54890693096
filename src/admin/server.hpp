// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/api.hpp"
#include "admin/http_port.hpp"
#include "admin/worker_pool.hpp"
#include "coppice/actor/child_spec.hpp"
#include "coppice/net/endpoint.hpp"
#include "net/listener_set.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coppice::admin {

/// Serves the admin API over HTTP, from threads of its own. A Unix socket's
/// file has mode 0660; what a client may do there depends on its user: see
/// `sender`.
/// Its functions may be called from any thread.
class server : public std::enable_shared_from_this<server> {
public:
  /// `rules.loopback` is derived from `where`.
  server(net::endpoint where, actor::runtime_ptr rt,
         net::listener_set listeners, access rules, operations program);

  /// Has it serve on a copy of that socket, which listens, in place of its
  /// address. Before the start.
  void use_socket(int descriptor) {
    std::lock_guard guard{mutex_};
    socket_ = descriptor;
  }

  /// The worker to put into a supervisor. Its start opens the port.
  actor::child_spec child();

  /// `http://HOST:PORT`, with the port that it really has; or `unix:PATH`.
  std::string url() const;

  /// Why the port could not be opened the last time; empty if it could.
  std::string open_error() const;

private:
  static access on(const net::endpoint& where, access rules);

  actor::start_result start(const actor::start_args& args);

  api api_;
  mutable std::mutex mutex_;             // guards the following
  std::optional<int> socket_;            // to be used in place of its address
  net::endpoint local_;                  // kept over restarts
  std::string open_error_;               // empty: there is none
  std::unique_ptr<worker_pool> workers_; // kept, too
  std::shared_ptr<http_port> port_;      // goes before the workers
};

} // namespace coppice::admin
