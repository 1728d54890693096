// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "net/socket.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// How a process is replaced by another one without losing a client.
namespace coppice::upgrade {

/// A text and the descriptors that came with it.
struct message {
  std::string text;
  std::vector<net::socket> descriptors = {};
};

/// One end of a connection between two processes of one machine. It carries
/// messages with descriptors (SCM_RIGHTS), in their order. For one thread.
class channel {
public:
  static constexpr std::size_t longest_text = std::size_t{16} << 20;
  static constexpr std::size_t most_descriptors = 1024;

  /// The error of `receive` when the other side has closed it.
  static constexpr const char* closed = "it has closed the connection";

  explicit channel(net::socket end);

  /// Both ends of one. Throws `std::system_error` if there are no descriptors.
  static std::pair<net::socket, net::socket> ends();

  /// Readable when `receive` has something to do.
  int fd() const noexcept {
    return sock_.fd();
  }

  /// Whether the other side has it within `limit`; if not, it has gone or is
  /// stuck, and the channel is of no more use. The descriptors stay the
  /// caller's.
  bool send(const std::string& text, const std::vector<int>& descriptors,
            std::chrono::milliseconds limit);

  /// The next message; nothing: it has not come yet. The error says why none
  /// will come any more. Never blocks.
  expected<std::optional<message>, std::string> receive();

  /// The same, but waits for it; nothing: it did not come in time.
  expected<std::optional<message>, std::string>
  wait(std::chrono::milliseconds limit);

private:
  bool write(const char* from, std::size_t size, const std::vector<int>& some,
             std::chrono::steady_clock::time_point until);
  bool read_some();
  std::optional<message> take();

  net::socket sock_;
  std::string bytes_;              // that came and are not taken
  std::deque<net::socket> passed_; // the same
  std::string broken_;             // empty: it is not
};

} // namespace coppice::upgrade
