// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace coppice::net {
class socket;
} // namespace coppice::net

namespace coppice::testing {

/// A client that looks at every byte:
///
///     tcp_client client{*listener->local()};
///     EXPECT_TRUE(client.echoes(100'000));
///     kill("listener:echo/accepting/acceptors/acceptor:0");
///     EXPECT_TRUE(client.is_closed());
///
/// What does not hold says which byte was another, or how many are lost and how
/// the connection stands. Each call returns within the patience; none sleeps.
/// Works for Unix sockets, too. Any thread, one at a time.
class tcp_client {
public:
  /// Connects, or says in `is_connected` why not. Waits for room in the queue
  /// of a Unix socket, as TCP does by itself.
  explicit tcp_client(const net::endpoint& where,
                      std::chrono::milliseconds patience
                      = std::chrono::seconds{20});

  /// While it waits, it calls `meanwhile` again and again, on the same thread:
  /// for a server that runs nowhere else. See `supervised_test::connect`.
  tcp_client(const net::endpoint& where, std::function<void()> meanwhile,
             std::chrono::milliseconds patience = std::chrono::seconds{20});

  tcp_client(tcp_client&&) noexcept;
  tcp_client& operator=(tcp_client&&) noexcept;

  ~tcp_client();

  ::testing::AssertionResult is_connected() const;

  /// Sends `data`, and gets the same back. Reads while it sends.
  [[nodiscard]] ::testing::AssertionResult echoes(std::string_view data);

  /// The same for `bytes` bytes: lines of numbers that continue from call to
  /// call, so that a lost, doubled or misplaced line is noticed.
  [[nodiscard]] ::testing::AssertionResult echoes(std::size_t bytes);

  /// Sends all of `data`.
  [[nodiscard]] ::testing::AssertionResult sends(std::string_view data);

  /// Gets `expected`, byte for byte, and nothing after it so far.
  [[nodiscard]] ::testing::AssertionResult receives(std::string_view expected);

  /// Sends `data`, then takes as many bytes, whatever they are; fewer if the
  /// connection ends or the patience does.
  std::string ask(std::string_view data);

  /// Takes `bytes` bytes; fewer if the connection ends or the patience does.
  std::string receive(std::size_t bytes);

  /// Takes all up to the end of the connection; `ending` says how that was.
  std::string receive_all();

  /// How the last `receive` or `receive_all` ended: by `eof`, `reset` or
  /// `timeout`; empty if all bytes were there.
  std::string_view ending() const noexcept {
    return ending_;
  }

  /// The other side closes or resets the connection, and sends nothing before.
  [[nodiscard]] ::testing::AssertionResult is_closed();

  /// Sends no more; can still receive.
  void half_close();

  void close();

  /// Bytes that the kernel took, and bytes that arrived as expected.
  std::uint64_t sent() const noexcept {
    return sent_;
  }

  std::uint64_t received() const noexcept {
    return received_;
  }

  /// The socket, to set options of it; -1 if there is none. It does not block.
  int fd() const noexcept;

private:
  enum class standing { open, ended, reset, late };

  // To send, and to get back, of which `have` bytes have come.
  struct exchange {
    std::string_view to_send;
    std::string_view expected;
    std::size_t have = 0;
    std::size_t wrong_at = std::string_view::npos;
    std::string wrong = {};
    standing how = standing::open;
  };

  int connect(const net::endpoint& where);
  void run(exchange& what);
  bool wait(short events, std::chrono::steady_clock::time_point until);
  bool is_ready(short events, std::chrono::milliseconds limit) const;
  void send_some(exchange& what);
  void receive_some(exchange& what);
  std::string_view read(char* buffer, std::size_t size, standing& how) const;
  ::testing::AssertionResult verdict(const exchange& what) const;
  static std::string how_it_stands(standing how);

  std::chrono::milliseconds patience_;
  std::function<void()> meanwhile_;     // may be empty
  std::unique_ptr<net::socket> socket_; // never null, but after a move
  std::string error_;
  std::string_view ending_; // a literal
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t next_line_ = 0;
};

} // namespace coppice::testing
