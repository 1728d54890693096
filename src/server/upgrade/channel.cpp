// SPDX-License-Identifier: BSD-3-Clause

#include "server/upgrade/channel.hpp"

#include "net/rights.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace coppice::upgrade {

using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t descriptors_a_call = net::rights::most;

// What a message begins with: how long it is, and how many descriptors it has.
struct head {
  std::uint32_t size = 0;
  std::uint32_t descriptors = 0;
};

// Whether the descriptor is ready before that.
bool ready_by(clock::time_point until, int fd, short events) {
  for (;;) {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    pollfd one{fd, events, 0};
    auto n = ::poll(&one, 1,
                    static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (n > 0)
      return true;
    if (n == 0 || errno != EINTR)
      return false;
  }
}

} // namespace

channel::channel(net::socket end) : sock_(std::move(end)) {
  // nop
}

std::pair<net::socket, net::socket> channel::ends() {
  std::array<int, 2> both{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   both.data())
      != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  return {net::socket{both[0]}, net::socket{both[1]}};
}

// -- sending ------------------------------------------------------------------

bool channel::send(const std::string& text, const std::vector<int>& descriptors,
                   std::chrono::milliseconds limit) {
  auto until = clock::now() + limit;
  head first{static_cast<std::uint32_t>(text.size()),
             static_cast<std::uint32_t>(descriptors.size())};
  std::string bytes(sizeof(first), '\0');
  std::memcpy(bytes.data(), &first, sizeof(first));
  bytes += text;
  // Each byte at the front may carry some; there are more bytes than that.
  static_assert(sizeof(head) * descriptors_a_call > most_descriptors);
  std::size_t sent = 0;
  for (std::size_t i = 0; i < descriptors.size(); i += descriptors_a_call) {
    auto last = std::min(i + descriptors_a_call, descriptors.size());
    if (!write(bytes.data() + sent, 1,
               {descriptors.begin() + static_cast<std::ptrdiff_t>(i),
                descriptors.begin() + static_cast<std::ptrdiff_t>(last)},
               until))
      return false;
    ++sent;
  }
  return write(bytes.data() + sent, bytes.size() - sent, {}, until);
}

bool channel::write(const char* from, std::size_t size,
                    const std::vector<int>& some, clock::time_point until) {
  net::rights passed{some};
  while (size > 0) {
    iovec part{const_cast<char*>(from), size};
    msghdr what{};
    what.msg_iov = &part;
    what.msg_iovlen = 1;
    passed.put_into(what);
    auto n = ::sendmsg(sock_.fd(), &what, MSG_NOSIGNAL);
    if (n > 0) {
      from += n;
      size -= static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      if (!ready_by(until, sock_.fd(), POLLOUT))
        return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// -- receiving ----------------------------------------------------------------

expected<std::optional<message>, std::string> channel::receive() {
  for (;;) {
    if (auto next = take())
      return std::optional{std::move(*next)};
    if (!broken_.empty())
      return unexpected{broken_};
    if (!read_some())
      return std::optional<message>{};
  }
}

expected<std::optional<message>, std::string>
channel::wait(std::chrono::milliseconds limit) {
  auto until = clock::now() + limit;
  for (;;) {
    auto next = receive();
    if (!next || *next || !ready_by(until, sock_.fd(), POLLIN))
      return next;
  }
}

// Returns whether anything has changed.
bool channel::read_some() {
  std::array<char, 65536> bytes;
  alignas(cmsghdr)
    std::array<char, CMSG_SPACE(descriptors_a_call * sizeof(int))>
      control{};
  iovec part{bytes.data(), bytes.size()};
  msghdr what{};
  what.msg_iov = &part;
  what.msg_iovlen = 1;
  what.msg_control = control.data();
  what.msg_controllen = control.size();
  auto n = ::recvmsg(sock_.fd(), &what, MSG_CMSG_CLOEXEC);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  if (n <= 0) {
    broken_ = closed;
    return true;
  }
  for (auto* each = CMSG_FIRSTHDR(&what); each != nullptr;
       each = CMSG_NXTHDR(&what, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS)
      continue;
    auto count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof(int), sizeof(fd));
      passed_.emplace_back(fd);
    }
  }
  if ((what.msg_flags & MSG_CTRUNC) != 0)
    broken_ = "descriptors were lost: this process may have no more of them";
  bytes_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<message> channel::take() {
  head first;
  if (bytes_.size() < sizeof(first))
    return {};
  std::memcpy(&first, bytes_.data(), sizeof(first));
  if (first.size > longest_text || first.descriptors > most_descriptors) {
    broken_ = "it sends what is no message";
    return {};
  }
  if (bytes_.size() - sizeof(first) < first.size
      || passed_.size() < first.descriptors)
    return {};
  message result{bytes_.substr(sizeof(first), first.size)};
  bytes_.erase(0, sizeof(first) + first.size);
  for (std::uint32_t i = 0; i < first.descriptors; ++i) {
    result.descriptors.push_back(std::move(passed_.front()));
    passed_.pop_front();
  }
  return result;
}

} // namespace coppice::upgrade
