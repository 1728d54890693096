// SPDX-License-Identifier: BSD-3-Clause

#include "client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t source_addresses = 200;

sockaddr_in loopback(std::size_t last_byte, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr
    = htonl(0x7f000000U | static_cast<std::uint32_t>(last_byte));
  return address;
}

const sockaddr* as_sockaddr(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

[[noreturn]] void wrong_bytes(std::size_t id, std::uint64_t where) {
  std::fprintf(stderr, "load: client %zu: wrong bytes, byte %llu or after\n",
               id, static_cast<unsigned long long>(where));
  std::exit(1);
}

} // namespace

void demand(bool good, const char* what) {
  if (good)
    return;
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

void client::connect() {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  demand(fd_ >= 0, "socket");
  if (tls_)
    tls_->open(fd_);
  int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  auto from = loopback(2 + id_ % source_addresses, 0);
  demand(::bind(fd_, as_sockaddr(from), sizeof(from)) == 0, "bind");
  auto to = loopback(1, load_.port);
  demand(::connect(fd_, as_sockaddr(to), sizeof(to)) == 0
           || errno == EINPROGRESS,
         "connect");
  epoll_event ev{};
  ev.events = watched_ = EPOLLOUT;
  ev.data.ptr = this;
  demand(::epoll_ctl(load_.epoll, EPOLL_CTL_ADD, fd_, &ev) == 0, "epoll_ctl");
}

void client::begin_message() {
  begun_.push_back(load::clock::now());
  ++load_.waiting;
  to_send_ += load_.message_bytes;
  if (fd_ < 0)
    connect();
  else
    write();
}

void client::finish() {
  finishing_ = true;
  if (tls_)
    tls_->finish();
  demand(::shutdown(fd_, SHUT_WR) == 0, "shutdown");
}

void client::on_io(std::uint32_t events) {
  if (!connected_)
    on_connected();
  else if ((events & EPOLLOUT) != 0)
    write();
  if (connected_ && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
    read();
}

void client::on_connected() {
  socklen_t size = sizeof(errno);
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &errno, &size);
  demand(errno == 0, "connect");
  if (tls_)
    if (auto events = tls_->shake_hands(); events != 0)
      return watch(events);
  connected_ = true;
  ++load_.open;
  watch(EPOLLIN);
  write();
}

void client::write() {
  while (sent_ < to_send_) {
    auto part = load_.text->at(id_, sent_, load_.buffer.size());
    auto size = std::min<std::uint64_t>(part.size(), to_send_ - sent_);
    auto n = send(part.substr(0, static_cast<std::size_t>(size)));
    demand(n > 0 || errno == EAGAIN, "send");
    if (n < 0)
      return watch(EPOLLIN | EPOLLOUT);
    sent_ += static_cast<std::uint64_t>(n);
  }
  watch(EPOLLIN);
}

void client::read() {
  read_once();
  // A record at a time; epoll knows nothing of those that are read ahead.
  while (tls_ && connected_ && tls_->has_input())
    read_once();
}

void client::read_once() {
  auto& into = load_.buffer;
  auto n = receive();
  demand(n >= 0 || errno == EAGAIN, "recv");
  if (n < 0)
    return;
  if (n == 0)
    return on_end();
  auto size = static_cast<std::size_t>(n);
  if (received_ + size > sent_
      || load_.text->at(id_, received_, size)
           != std::string_view{into.data(), size})
    wrong_bytes(id_, received_);
  received_ += size;
  while (received_ >= (checked_ + 1) * load_.message_bytes) {
    ++checked_;
    on_message();
  }
}

ssize_t client::send(std::string_view data) {
  if (tls_)
    return tls_->send(data);
  return ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
}

ssize_t client::receive() {
  auto& into = load_.buffer;
  if (tls_)
    return tls_->receive(into.data(), into.size());
  return ::recv(fd_, into.data(), into.size(), 0);
}

void client::on_message() {
  auto now = load::clock::now();
  std::chrono::nanoseconds took = now - begun_.front();
  begun_.pop_front();
  load_.round_trips.push_back(static_cast<std::uint32_t>(took.count() / 100));
  --load_.waiting;
  if (one_each_)
    finish();
  else if (now < load_.until)
    begin_message();
}

void client::on_end() {
  errno = ECONNRESET;
  demand(finishing_ && received_ == sent_, "the server closed");
  ::close(fd_);
  --load_.open;
  fd_ = -1;
  connected_ = finishing_ = false;
  to_send_ = sent_ = received_ = checked_ = 0;
  if (load::clock::now() < load_.until)
    begin_message();
}

void client::watch(std::uint32_t events) {
  if (events == watched_)
    return;
  epoll_event ev{};
  ev.events = watched_ = events;
  ev.data.ptr = this;
  demand(::epoll_ctl(load_.epoll, EPOLL_CTL_MOD, fd_, &ev) == 0, "epoll_ctl");
}
