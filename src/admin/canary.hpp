// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/listener.hpp"
#include "coppice/observe/peer_address.hpp"
#include "net/socket.hpp"
#include "observe/recent.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace coppice::admin {

/// A client of the server in its own process, to measure what clients see: four
/// times a second it sends a line to a listener that echoes, and waits for the
/// answer. When its connection is lost it connects again, at once and then ten
/// times a second until it is served. It closes its connection to a listener
/// that drains.
///
/// It is served like any other client: it is counted, and is ended with the
/// acceptor that it is linked to. While places are limited, it would take one
/// from another client: then it rests, and has no connection.
///
/// Thread-safe; runs on a thread of its own.
class canary {
public:
  using clock = std::chrono::steady_clock;

  /// An answer, or that there is none.
  struct sample {
    clock::time_point at;
    std::chrono::nanoseconds took = {}; ///< Of the answer, on a connection.
    /// Since the loss of a connection that was served; 0 if none was lost.
    std::chrono::nanoseconds gap = {};
    std::string failure = {}; ///< Instead of an answer, for a person.
    /// Of the connection: the peer that the server sees.
    std::optional<observe::peer_address> from = {};
  };

  struct report {
    std::vector<sample> samples;
    std::uint64_t last = 0; ///< The number of the latest.
    bool connected = false; ///< And served: there was an answer.
    bool resting = false;   ///< The listener limits its connections.
  };

  explicit canary(net::listener_ptr where);

  ~canary();

  canary(const canary&) = delete;
  canary& operator=(const canary&) = delete;

  const net::listener_ptr& where() const noexcept {
    return where_;
  }

  /// The samples that follow the one of that number, as far as they are kept:
  /// those of a minute or so. Numbers begin with 1.
  report after(std::uint64_t number) const;

private:
  void run();
  bool would_take_a_place() const;
  void leave();
  void connect();
  bool ask();
  std::optional<observe::peer_address> own_address() const;
  bool rest(std::chrono::milliseconds length);
  short wait(short events, clock::time_point until) const;
  void lose(std::string why);
  void note(sample what);

  net::listener_ptr where_;
  net::socket stop_; // readable once it is to end
  net::socket sock_;
  std::uint64_t sent_ = 0;    // lines
  bool served_ = false;       // on this connection, or the last
  clock::time_point lost_at_; // one that was served; zero: it was not
  mutable std::mutex mutex_;
  observe::recent<sample> samples_; // guarded by mutex_
  bool connected_ = false;          // guarded by mutex_
  bool resting_ = false;            // guarded by mutex_
  std::thread thread_;
};

} // namespace coppice::admin
