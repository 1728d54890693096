// SPDX-License-Identifier: BSD-3-Clause

#include "net/half_open.hpp"

#include "net/socket.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>

namespace coppice::net {

namespace {

// Of the kernel; the C library has the first one alone.
constexpr unsigned syn_received = 3;
constexpr unsigned new_syn_received = 12;

struct question {
  nlmsghdr header{};
  inet_diag_req_v2 what{};
};

bool ask(const socket& sock, std::uint8_t family, std::uint16_t port) {
  question request;
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.what.sdiag_family = family;
  request.what.sdiag_protocol = IPPROTO_TCP;
  request.what.idiag_states = 1U << syn_received | 1U << new_syn_received;
  request.what.id.idiag_sport = htons(port);
  return ::send(sock.fd(), &request, sizeof(request), 0)
         == static_cast<ssize_t>(sizeof(request));
}

// Adds what there is to `count`; returns whether it is all.
bool hear(const socket& sock, std::uint16_t port, std::size_t& count) {
  alignas(nlmsghdr) std::array<char, 16 * 1024> answer;
  for (;;) {
    auto n = ::recv(sock.fd(), answer.data(), answer.size(), 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    auto left = static_cast<unsigned>(n);
    auto* next = reinterpret_cast<nlmsghdr*>(answer.data());
    for (; NLMSG_OK(next, left); next = NLMSG_NEXT(next, left)) {
      if (next->nlmsg_type == NLMSG_DONE)
        return true;
      if (next->nlmsg_type == NLMSG_ERROR)
        return false;
      auto* found = static_cast<inet_diag_msg*>(NLMSG_DATA(next));
      if (ntohs(found->id.idiag_sport) == port)
        ++count;
    }
  }
}

} // namespace

std::optional<std::size_t> count_half_open(std::uint16_t port) {
  socket sock{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
  if (!sock)
    return {};
  timeval patience{0, 100'000};
  ::setsockopt(sock.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  std::size_t result = 0;
  for (std::uint8_t family : {AF_INET, AF_INET6})
    if (!ask(sock, family, port) || !hear(sock, port, result))
      return {};
  return result;
}

} // namespace coppice::net
