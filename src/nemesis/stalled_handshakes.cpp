// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/stalled_handshakes.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace coppice::nemesis {

namespace {

// So that they do not fill the server's queue all at once.
constexpr unsigned most_at_a_time = 5;

// The head of a ClientHello that says that more is to come.
constexpr std::string_view half_a_hello{"\x16\x03\x01\x01\x00\x01\x00", 7};

// Whether the server has closed it.
bool is_over(int fd) {
  char byte = 0;
  auto n = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

} // namespace

stalled_handshakes::stalled_handshakes(const server_address& server,
                                       unsigned count)
    : server_(server), all_(count) {
  // nop
}

std::uint64_t stalled_handshakes::keep_up() {
  std::uint64_t opened = 0;
  for (auto& each : all_) {
    if (each.sock && each.begun && is_over(each.sock.fd()))
      each = {};
    if (!each.sock && opened < most_at_a_time) {
      each.sock
        = net::socket{::socket(server_.bytes.ss_family,
                               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
      auto* address = reinterpret_cast<const sockaddr*>(&server_.bytes);
      if (::connect(each.sock.fd(), address, server_.length) != 0
          && errno != EINPROGRESS) {
        each = {};
        return opened; // refused: the next time
      }
      ++opened;
    }
    if (!each.sock || each.begun)
      continue;
    auto n = ::send(each.sock.fd(), half_a_hello.data(), half_a_hello.size(),
                    MSG_NOSIGNAL);
    each.begun = n > 0;
    if (n < 0 && errno != EAGAIN && errno != ENOTCONN)
      each = {};
  }
  return opened;
}

void stalled_handshakes::end() {
  for (auto& each : all_)
    each = {};
}

} // namespace coppice::nemesis
