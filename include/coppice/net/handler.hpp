#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace coppice::net {

class connection;

/// What a protocol does with one connection. Every function runs on the
/// connection's reactor, one at a time; one that throws ends its connection,
/// and that one alone.
class handler {
public:
  virtual ~handler() = default;

  /// The connection is open.
  virtual void on_connect(connection&) {
    // nop
  }

  /// Bytes have come. They are gone when this returns.
  virtual void on_data(connection& self, std::string_view data) = 0;

  /// The peer will send no more. It may still read; the default closes.
  virtual void on_half_close(connection& self);

  /// The connection is over; nothing can be written any more.
  virtual void on_close(connection&) {
    // nop
  }
};

/// Makes the handler of a new connection. Called on any reactor, also at the
/// same time.
using handler_factory = std::function<std::unique_ptr<handler>()>;

} // namespace coppice::net
