// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "stream.hpp"
#include "tls_channel.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

/// What all clients of one load have in common.
struct load {
  using clock = std::chrono::steady_clock;

  int epoll = -1;
  std::uint16_t port = 0;
  std::size_t message_bytes = 0;
  const stream* text = nullptr;
  SSL_CTX* tls = nullptr; // none: without TLS
  std::vector<char> buffer;
  clock::time_point until;                     // no message is begun after it
  std::size_t open = 0;                        // clients that are connected
  std::size_t waiting = 0;                     // messages that are not back
  std::vector<std::uint32_t> round_trips = {}; // in 0.1 µs
};

/// A client that sends messages, some at a time, and checks every byte that
/// comes back. All errors end the program.
class client {
public:
  client(load& shared, std::size_t id) : load_(shared), id_(id) {
    if (load_.tls != nullptr)
      tls_ = std::make_unique<tls_channel>(load_.tls);
  }

  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Connects, from a loopback address of its own: ports last longer.
  void connect();

  /// Sends one message more; the next one follows when it is back, until the
  /// load's time is up.
  void begin_message();

  /// Says that there is no more to send. Once the server has closed as well,
  /// the client is closed.
  void finish();

  /// From now on: for each message a connection of its own.
  void reconnect_for_each() {
    one_each_ = true;
  }

  /// … and each handshake resumes the session of the one before it.
  void resume_sessions() {
    tls_->resume();
  }

  void on_io(std::uint32_t events);

private:
  void on_connected();
  void read();
  void read_once();
  void write();
  ssize_t send(std::string_view data);
  ssize_t receive();
  void on_message();
  void on_end();
  void watch(std::uint32_t events);

  load& load_;
  std::size_t id_;
  int fd_ = -1;
  std::unique_ptr<tls_channel> tls_;
  bool connected_ = false;
  bool finishing_ = false;
  bool one_each_ = false;
  std::uint32_t watched_ = 0;
  std::uint64_t to_send_ = 0; // all counted from the connection's beginning
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t checked_ = 0; // whole messages
  std::deque<load::clock::time_point> begun_;
};

/// Ends the program if `good` is false, with `what` and errno's text.
void demand(bool good, const char* what);
