// SPDX-License-Identifier: BSD-3-Clause

#include "net/last_clients.hpp"

#include "coppice/net/listener.hpp"
#include "net/half_open.hpp"
#include "net/peer.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>

namespace coppice::net {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto handshake_limit = 500ms;

// A packet that had passed the filter before it was there is through by then.
constexpr auto first_look = 1ms;
constexpr auto next_look = 5ms;

// Needed where handshakes under way cannot be seen.
constexpr auto blind_wait = 50ms;

// From one to the next; more are no accident.
constexpr int most_errors = 64;

// Has the kernel drop packets that open a connection, and nothing else: those
// that end a handshake have to get through. A client whose packet was dropped
// sends it again after a second, and finds another server or none.
void refuse_handshakes(const socket& sock) {
  constexpr std::uint32_t flags_at = 13; // in a TCP header
  constexpr std::uint32_t syn = 0x02;
  std::array<sock_filter, 5> program{
    sock_filter BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
    sock_filter BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn),
    sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
    sock_filter BPF_STMT(BPF_RET | BPF_K, 0),
    sock_filter BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  };
  sock_fprog filter{static_cast<unsigned short>(program.size()),
                    program.data()};
  ::setsockopt(sock.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter,
               sizeof(filter));
}

bool may_be_over_soon(int error) noexcept {
  return classify(error) == accept_error::exhausted;
}

// Accepts until nobody waits; returns whether nobody does.
bool accept_all(const socket& sock, const client_taker& take) {
  for (int errors = 0; errors < most_errors;) {
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    socket client{::accept4(sock.fd(), reinterpret_cast<sockaddr*>(&from),
                            &size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (client) {
      take(std::move(client), to_peer(from));
      errors = 0;
      continue;
    }
    if (errno == EAGAIN || classify(errno) == accept_error::fatal)
      return true;
    if (may_be_over_soon(errno))
      return false;
    ++errors;
  }
  return false;
}

bool accept_from_all(const std::vector<socket>& sockets,
                     const client_taker& take) {
  return std::ranges::count_if(
           sockets, [&](auto& sock) { return !accept_all(sock, take); })
         == 0;
}

void accept_tcp(const std::vector<socket>& sockets, const endpoint& local,
                const client_taker& take) {
  for (auto& sock : sockets)
    refuse_handshakes(sock);
  auto begin = clock::now();
  std::this_thread::sleep_for(first_look);
  for (;;) {
    auto under_way = count_half_open(local.port());
    auto all = accept_from_all(sockets, take);
    auto waited = clock::now() - begin;
    auto over = under_way ? *under_way == 0 : waited >= blind_wait;
    if ((all && over) || waited >= handshake_limit)
      return;
    std::this_thread::sleep_for(next_look);
  }
}

// A client that connects to a Unix socket is in the queue at once, or refused.
void accept_unix(const std::vector<socket>& sockets, const client_taker& take) {
  for (auto& sock : sockets)
    ::shutdown(sock.fd(), SHUT_RD);
  for (auto until = clock::now() + handshake_limit;
       !accept_from_all(sockets, take) && clock::now() < until;)
    std::this_thread::sleep_for(next_look);
}

} // namespace

void accept_last_clients(const std::vector<socket>& sockets,
                         const endpoint& local, after_clients then,
                         const client_taker& take) {
  if (then == after_clients::kept)
    accept_from_all(sockets, take);
  else if (local.is_unix())
    accept_unix(sockets, take);
  else
    accept_tcp(sockets, local, take);
}

} // namespace coppice::net
