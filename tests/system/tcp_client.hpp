// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "connecting.hpp"
#include "deadline.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coppice_test {

/// How a stream stands after reading from it.
enum class ending { still_open, eof, reset, deadline };

const char* to_string(ending end);

struct received {
  std::string data;
  ending end = ending::still_open;
  int send_error = 0;
};

/// A TCP (or Unix) connection whose every wait has a deadline. Failures throw.
class tcp_client {
public:
  tcp_client(const std::string& host, std::uint16_t port,
             const connect_options& options = {});
  /// Takes over a socket that is connected.
  explicit tcp_client(int connected) : fd_(connected) {}
  ~tcp_client();
  tcp_client(tcp_client&& other) noexcept;
  tcp_client& operator=(tcp_client&& other) noexcept;

  void send_all(std::string_view data);
  /// Sends until all is gone or the connection takes no more for a while.
  std::size_t send_until_stalled(std::string_view data);
  void half_close();

  /// Exactly `count` bytes.
  std::string receive(std::size_t count);
  /// Everything up to the end of the stream.
  received receive_rest(milliseconds budget = patience);
  /// False once it was closed here, or moved from.
  bool open() const {
    return fd_ >= 0;
  }
  /// Whether there is something to receive, or the end.
  bool has_input() const;
  void set_send_buffer(int bytes);

  /// Sends `data` while reading, until as many bytes have come back.
  std::string echo(std::string_view data);
  /// Sends `data` (and then half-closes, if asked to) while reading up to the
  /// end of the stream.
  received exchange(std::string_view data, bool then_half_close = false);

  /// Ends the connection with a reset.
  void reset();
  void close();

  std::uint16_t local_port() const;

private:
  struct pump_plan {
    std::string_view data;
    std::size_t expected;
    bool then_half_close;
  };
  received pump(pump_plan plan, milliseconds budget);
  void send_some(pump_plan& plan, received& result);
  void receive_some(std::size_t at_most, received& result);

  int fd_ = -1;
};

} // namespace coppice_test
