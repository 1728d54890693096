// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/api.hpp"
#include "admin/http_port.hpp"
#include "admin/worker_pool.hpp"
#include "coppice/actor/child_spec.hpp"
#include "coppice/expected.hpp"
#include "coppice/net/endpoint.hpp"
#include "coppice/net/tls.hpp"
#include "net/listener_set.hpp"
#include "net/tls/context.hpp"

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
  /// `rules.loopback` and `rules.tls` are derived from the others.
  /// With `tls` it speaks HTTPS. Throws `std::runtime_error` if the certificate
  /// is of no use; it says why.
  server(net::endpoint where, actor::runtime_ptr rt,
         net::listener_set listeners, access rules, operations program,
         std::optional<net::tls_settings> tls = {});

  /// Has it serve on a copy of that socket, which listens, in place of its
  /// address. Before the start.
  void use_socket(int descriptor) {
    std::lock_guard guard{mutex_};
    socket_ = descriptor;
  }

  /// The worker to put into a supervisor. Its start opens the port.
  actor::child_spec child();

  /// `http://HOST:PORT` or `https://HOST:PORT`, with the port that it really
  /// has; or `unix:PATH`.
  std::string url() const;

  /// Why the port could not be opened the last time; empty if it could.
  std::string open_error() const;

  /// Null: no TLS.
  net::tls_context_ptr tls() const;

  /// Reads the certificate and its key again, for new connections. An error
  /// names the file; then those before stay in force. Either is an event, too.
  /// Does nothing without TLS.
  expected<void, std::string> reload_certificates();

  /// Its path in the tree; empty before the start.
  std::string path() const;

private:
  static access on(const net::endpoint& where, access rules, bool tls);

  actor::start_result start(const actor::start_args& args);

  actor::runtime_ptr rt_;
  // Apart from the others: the port's thread asks for it, and a start waits for
  // that thread.
  mutable std::mutex tls_mutex_;
  net::tls_context_ptr tls_; // guarded by tls_mutex_
  api api_;
  mutable std::mutex mutex_; // guards the following
  std::string path_;
  std::optional<int> socket_;            // to be used in place of its address
  net::endpoint local_;                  // kept over restarts
  std::string open_error_;               // empty: there is none
  std::unique_ptr<worker_pool> workers_; // kept, too
  std::shared_ptr<http_port> port_;      // goes before the workers
};

} // namespace coppice::admin
