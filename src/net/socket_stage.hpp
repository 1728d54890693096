// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/counters.hpp"
#include "net/direct_io.hpp"
#include "net/socket.hpp"
#include "net/stage.hpp"

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace coppice::net {

/// The lowest stage: the socket itself, which counts what passes it.
class socket_stage final : public stage {
public:
  socket_stage(socket sock, traffic_counters& traffic) noexcept
      : stage(nullptr), socket_(std::move(sock)), traffic_(traffic) {
    // nop
  }

  ssize_t receive(std::span<char> into) override {
    auto n = receive_directly(socket_.fd(), into.data(), into.size());
    if (n > 0) {
      bytes_in_ += static_cast<std::uint64_t>(n);
      traffic_.bytes_in.add(static_cast<std::uint64_t>(n));
    }
    return n;
  }

  ssize_t transmit(std::string_view data) override {
    auto n = send_directly(socket_.fd(), data.data(), data.size());
    if (n > 0) {
      bytes_out_ += static_cast<std::uint64_t>(n);
      traffic_.bytes_out.add(static_cast<std::uint64_t>(n));
    }
    return n;
  }

  bool ready() const noexcept override {
    return true;
  }

  int advance() override {
    return 0;
  }

  bool has_input() const noexcept override {
    return false;
  }

  bool take_input_end() noexcept override {
    return false;
  }

  bool takes_output() const noexcept override {
    return true;
  }

  std::size_t held_bytes() const noexcept override {
    return 0;
  }

  bool output_blocked() const noexcept override {
    return false;
  }

  std::uint32_t interest(std::uint32_t wanted) const noexcept override {
    return wanted;
  }

  void schedule() override {
    // nop: it has no timer
  }

  void ignore_input() noexcept override {
    // nop: it holds none
  }

  progress finish() override {
    return progress::done;
  }

  std::optional<forced_end> take_forced_end() override {
    return {};
  }

  const supervision::exit_reason* close_reason() const noexcept override {
    return nullptr;
  }

  // -- the socket -------------------------------------------------------------

  int fd() const noexcept {
    return socket_.fd();
  }

  bool is_open() const noexcept {
    return static_cast<bool>(socket_);
  }

  std::uint64_t bytes_in() const noexcept {
    return bytes_in_;
  }

  std::uint64_t bytes_out() const noexcept {
    return bytes_out_;
  }

  /// How many bytes have reached the peer. Whether it reads can only be seen by
  /// this: the kernel takes more from us only after much of what it has is
  /// gone.
  std::int64_t taken_by_peer() const noexcept;

  /// The peer sees the end, and can still send.
  void end_output() noexcept {
    ::shutdown(socket_.fd(), SHUT_WR);
  }

  /// Has the peer see a reset when the socket is closed.
  void reset_on_close() noexcept;

  void close() noexcept {
    socket_.close();
  }

private:
  socket socket_;
  traffic_counters& traffic_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

} // namespace coppice::net
