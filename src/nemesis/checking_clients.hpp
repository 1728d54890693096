// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "nemesis/latency.hpp"
#include "net/socket.hpp"
#include "net/tls/client.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

/// Clients that check what a server of echo does to them.
namespace coppice::nemesis {

/// Where a server listens.
struct server_address {
  sockaddr_storage bytes{};
  socklen_t length = 0;
};

/// Looks up HOST:PORT; nothing if it is none or there is no such host.
std::optional<server_address> resolve(const std::string& authority);

/// A connection to it, which the kernel has made within some seconds; without a
/// descriptor if there is none.
net::socket connect_to(const server_address& where);

enum class check_phase { before, during, healing, after };

constexpr std::size_t check_phases = 4;

/// `before`
const char* to_string(check_phase value);

struct check_options {
  server_address server;
  unsigned clients = 10;
  /// How long a byte may take while nothing is wrong, and while something is.
  std::chrono::milliseconds patience{5000};
  std::chrono::milliseconds patience_during{5000};
  std::chrono::milliseconds pause{20}; ///< Between the requests of a client.
  std::uint64_t seed = 1;              ///< Of what is sent.
  net::tls_client_ptr tls = {};        ///< Null: they speak in the clear.
  std::string host = {};               ///< The name of the server, for TLS.
  /// Others that begin a handshake in the phase `during`, and do not go on.
  unsigned stalled_handshakes = 0;
  /// Where the times of violations count from.
  std::chrono::steady_clock::time_point zero = std::chrono::steady_clock::now();
};

/// Something that a server must never do.
struct violation {
  unsigned client = 0;
  std::uint64_t connection = 0; ///< 1 is the client's first.
  std::uint64_t offset = 0;     ///< Bytes of the stream that were right.
  std::chrono::milliseconds at{0};
  check_phase phase = check_phase::before;
  std::string what; ///< What was expected, and what came.
};

/// `during, at 2310 ms: client 3, connection 7, byte 512: expected …`
std::string to_string(const violation& what);

struct check_report {
  std::vector<violation> first = {}; ///< Some of them, the earliest ones.
  std::uint64_t violations = 0;
  std::uint64_t connections = 0; ///< That were made.
  std::uint64_t refused = 0;     ///< Could not be made.
  std::uint64_t ended = 0;       ///< By the server, visibly and too early.
  std::uint64_t requests = 0;    ///< That were answered.
  std::uint64_t bytes = 0;       ///< … and compared.
  unsigned served_after = 0;     ///< Clients that were served after it all.
  std::uint64_t handshakes = 0;  ///< Of TLS that were completed.
  std::uint64_t resumed = 0;     ///< … of which with an earlier session.
  std::uint64_t stalled = 0;     ///< Handshakes that were begun, and no more.
  std::array<latencies, check_phases> took = {};   ///< By begin of a request.
  std::array<latencies, check_phases> shaken = {}; ///< By begin of a handshake.
};

class checking_client;
struct check_world;

/// Clients that connect, send, and compare what comes back, on one thread of
/// their own: every byte is answered, in order and unchanged, or its connection
/// ends for all to see. In the phases `before` and `after` none may end. With
/// TLS, a handshake has to be over as soon as an answer has to be there, and
/// half of those that can resume a session do.
class checking_clients {
public:
  explicit checking_clients(const check_options& options);
  ~checking_clients();
  checking_clients(const checking_clients&) = delete;
  checking_clients& operator=(const checking_clients&) = delete;

  /// What is to be expected from now on. In `after` all clients connect again.
  void enter(check_phase phase);

  /// Waits for outstanding answers, then ends all.
  check_report finish();

private:
  void run();
  void take_events(check_world& world);
  bool all_done() const;

  check_options options_;
  net::socket epoll_;
  std::atomic<check_phase> phase_ = check_phase::before;
  std::atomic<bool> ending_ = false;
  check_report report_;
  std::vector<std::unique_ptr<checking_client>> clients_;
  std::thread thread_;
};

} // namespace coppice::nemesis
