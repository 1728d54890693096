// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/limits.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace caf {
class message;
} // namespace caf

namespace coppice::net {

class connection;

/// What a protocol does with one connection. Every function runs on the
/// connection's reactor, one at a time, and must not block; one that throws
/// ends its connection, and that one alone.
class handler {
public:
  virtual ~handler() = default;

  /// The connection is open. If it begins with the header of a proxy or with a
  /// handshake of TLS, that is complete: see `connection::proxy` and
  /// `connection::tls`.
  virtual void on_connect(connection&) {
    // nop
  }

  /// Bytes have come. `data` is valid until this returns.
  virtual void on_data(connection& self, std::string_view data) = 0;

  /// The handshake that `connection::start_tls` began is complete: what is
  /// read and written from now on is encrypted.
  virtual void on_tls(connection&) {
    // nop
  }

  /// All that was written has been sent, after some of it had to wait.
  virtual void on_writable(connection&) {
    // nop
  }

  /// A limit on time was reached. The default ends the connection; if it is
  /// still open when this returns, the time starts again. Not called for a
  /// handshake or the header of a proxy: these end the connection.
  virtual void on_timeout(connection& self, time_limit limit);

  /// Another actor sent a message to `connection::handle`.
  virtual void on_message(connection&, caf::message&) {
    // nop
  }

  /// The peer will send no more. It may still read; the default closes.
  virtual void on_half_close(connection& self);

  /// The listener takes no more clients and will end this connection before
  /// long: the place to finish what has begun, and close.
  virtual void on_drain(connection&) {
    // nop
  }

  /// The server ends the connection: the place for a goodbye. The connection
  /// closes when this returns; what was written is sent within
  /// `limits::goodbye`.
  virtual void on_shutdown(connection&) {
    // nop
  }

  /// The connection is over, for `reason`; nothing can be written any more.
  virtual void on_close(connection&, const supervision::exit_reason&) {
    // nop
  }
};

/// Makes the handler of a new connection. Called on any reactor, also at the
/// same time.
using handler_factory = std::function<std::unique_ptr<handler>()>;

} // namespace coppice::net
