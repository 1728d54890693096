// SPDX-License-Identifier: BSD-3-Clause

#include "process/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace coppice::process {

namespace {

constexpr std::size_t longest_message = 4096;
constexpr std::size_t most_descriptors = 253; // SCM_MAX_FD of the kernel
constexpr int messages_at_once = 64;

std::atomic<std::uint64_t> last_socket = 0;

bool is_trusted(const ucred& sender, uid_t user, pid_t leader) {
  return sender.uid == user || sender.uid == 0 || sender.uid == ::geteuid()
         || sender.pid == leader || ::getsid(sender.pid) == leader;
}

} // namespace

// An abstract name needs no folder that the program may write to, and is gone
// with the socket.
notify_socket::notify_socket()
    : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      address_("@coppice/" + std::to_string(::getpid()) + "/"
               + std::to_string(++last_socket)) {
  int on = 1;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path + 1, address_.data() + 1, address_.size() - 1);
  auto size
    = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  if (fd_ < 0 || ::setsockopt(fd_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0
      || ::bind(fd_, reinterpret_cast<sockaddr*>(&name), size) < 0) {
    auto number = errno;
    if (fd_ >= 0)
      ::close(fd_);
    throw std::system_error{number, std::generic_category(), "notify socket"};
  }
}

notify_socket::~notify_socket() {
  ::close(fd_);
}

void notify_socket::receive(uid_t user, pid_t leader, const take& fn) {
  for (int i = 0; i < messages_at_once; ++i)
    if (!receive_one(user, leader, fn))
      return;
}

bool notify_socket::receive_one(uid_t user, pid_t leader, const take& fn) {
  std::array<char, longest_message> text;
  alignas(cmsghdr)
    std::array<char, CMSG_SPACE(sizeof(ucred))
                       + CMSG_SPACE(sizeof(int) * most_descriptors)>
      control;
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto n = ::recvmsg(fd_, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (n < 0)
    return errno == EINTR;
  auto trusted = false;
  for (auto* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET)
      continue;
    if (each->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(each), sizeof sender);
      trusted = is_trusted(sender, user, leader);
    } else if (each->cmsg_type == SCM_RIGHTS) {
      // What came before was handled, which is all that a barrier waits for.
      auto count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
        ::close(fd);
      }
    }
  }
  if (!trusted || (message.msg_flags & MSG_TRUNC) != 0)
    return true;
  std::string_view rest{text.data(), static_cast<std::size_t>(n)};
  while (!rest.empty()) {
    auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    if (auto sign = line.find('='); sign != std::string_view::npos)
      fn(line.substr(0, sign), line.substr(sign + 1));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return true;
}

} // namespace coppice::process
