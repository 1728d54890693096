// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server_process.hpp"
#include "tcp_client.hpp"

#include <atomic>
#include <future>
#include <string>

namespace coppice_test {

/// A client that streams numbered lines, from a thread of its own, and checks
/// every byte that comes back.
class numbered_stream {
public:
  explicit numbered_stream(const server_process& server);
  ~numbered_stream();

  /// The lines that came back unchanged so far.
  int checked() const {
    return checked_;
  }
  /// Ends the stream; what went wrong, empty if nothing did.
  std::string finish();

private:
  void run(tcp_client client);

  std::atomic<bool> stop_ = false;
  std::atomic<int> checked_ = 0;
  std::future<void> done_;
};

/// A thread that keeps connecting to a server.
class connecting_crowd {
public:
  explicit connecting_crowd(const server_process& server);
  ~connecting_crowd();

  struct tally {
    int connected = 0;
    int served = 0;
    int refused = 0;
    int failed = 0; ///< to connect, for any other reason
  };
  /// The connections made so far.
  int connected() const {
    return connected_;
  }
  tally finish();

private:
  tally run(const std::string& host, std::uint16_t port);

  std::atomic<bool> stop_ = false;
  std::atomic<int> connected_ = 0;
  std::future<tally> done_;
};

} // namespace coppice_test
