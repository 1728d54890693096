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
#include "net/listening.hpp"
#include "net/socket.hpp"
#include "net/tls/context.hpp"

#include <functional>
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

  /// Has it take no clients until `release`. Before the start, or when its
  /// clients belong to another process that has its socket: then `retire` ends
  /// the requests and streams that there are.
  void hold();
  void release();
  void retire();

  /// A copy of its socket for another process; none while the port is closed,
  /// or if it was passed to this one. From now on it stays open whatever
  /// becomes of the port, until `own_alone`. Throws `std::system_error` if
  /// there is no descriptor left.
  std::optional<net::socket> share();

  /// Has it serve on a socket of another process, as after `share`. Before the
  /// start.
  void use_shared(net::socket sock);

  /// The socket is this process's alone from now on.
  void own_alone();

  /// Its address as it was configured.
  const net::endpoint& where() const noexcept {
    return where_;
  }

  /// See `api::counters`.
  std::string counters() const {
    return api_.counters();
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

  net::open_result open() const;

  actor::runtime_ptr rt_;
  // Apart from the others: the port's thread asks for it, and a start waits for
  // that thread.
  mutable std::mutex tls_mutex_;
  net::tls_context_ptr tls_; // guarded by tls_mutex_
  const net::endpoint where_;
  api api_;
  mutable std::mutex mutex_; // guards the following
  std::string path_;
  std::optional<int> socket_;          // to be used in place of its address
  net::socket shared_;                 // with another process
  std::weak_ptr<net::port> listening_; // while a port has it
  bool held_ = false;
  std::function<void()> begin_;          // what `release` does; empty: nothing
  net::endpoint local_;                  // kept over restarts
  std::string open_error_;               // empty: there is none
  std::unique_ptr<worker_pool> workers_; // kept, too
  std::shared_ptr<http_port> port_;      // goes before the workers
};

} // namespace coppice::admin
