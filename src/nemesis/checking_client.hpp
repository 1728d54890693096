// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "nemesis/checking_clients.hpp"
#include "net/tls/channel.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace coppice::nemesis {

/// What all clients know.
struct check_world {
  using clock = std::chrono::steady_clock;

  const check_options& options;
  check_report& report;
  int epoll;
  clock::time_point now;
  check_phase phase = check_phase::before;
  bool ending = false;
};

/// One client, connection after connection. It never blocks.
class checking_client {
public:
  checking_client(check_world& world, unsigned number);

  /// Its socket is ready.
  void on_ready();

  /// Does what is due: connects, sends, or gives up waiting.
  void on_time();

  /// Whether it has nothing to do any more, once it is to end.
  bool done() const {
    return state_ == state::idle;
  }

private:
  enum class state { idle, connecting, shaking, resting, asking, leaving };
  using clock = check_world::clock;

  void connect();
  void on_connected();
  void shake_hands();
  ssize_t send_some(std::string_view data);
  ssize_t receive_some(std::span<char> into);
  void begin_request();
  void send_more();
  void receive();
  void check(std::string_view data);
  void answered();
  void leave();
  void on_end(int error);
  std::string tls_problem() const;
  void violate(std::string what);
  void close(clock::duration pause);
  bool strict() const;
  clock::duration patience() const;
  void rest();

  check_world& world_;
  const unsigned number_;
  std::mt19937_64 chance_;
  net::socket sock_;
  std::unique_ptr<net::tls_channel> tls_; // null: in the clear
  net::tls_client::session_ptr ticket_;   // of the connection before
  state state_ = state::idle;
  check_phase born_ = check_phase::before;
  check_phase asked_ = check_phase::before;
  bool served_after_ = false;
  std::uint64_t connection_ = 0;
  std::uint64_t key_ = 0;      // of this connection's stream
  std::uint64_t sent_ = 0;     // bytes
  std::uint64_t received_ = 0; // … that were right
  std::uint64_t goal_ = 0;     // … at the end of this request
  unsigned requests_left_ = 0; // on this connection
  clock::time_point asked_at_;
  clock::time_point progress_; // the last one
  clock::time_point due_;      // of what comes next
};

} // namespace coppice::nemesis
