// SPDX-License-Identifier: BSD-3-Clause

#include "tcp_client.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace coppice_test {

namespace {

constexpr std::size_t everything = static_cast<std::size_t>(-1);

[[noreturn]] void throw_error(int code, const char* what) {
  throw std::system_error(code, std::generic_category(), what);
}

short wait_for(int fd, short events, int timeout) {
  pollfd entry{fd, events, 0};
  const int count = ::poll(&entry, 1, timeout);
  if (count < 0 && errno != EINTR)
    throw_error(errno, "poll");
  return count > 0 ? entry.revents : short{0};
}

} // namespace

const char* to_string(ending end) {
  switch (end) {
  case ending::still_open:
    return "still open";
  case ending::eof:
    return "eof";
  case ending::reset:
    return "reset";
  case ending::deadline:
    return "deadline";
  }
  return "?";
}

tcp_client::tcp_client(const std::string& host, std::uint16_t port,
                       const connect_options& options) {
  int failed = 0;
  // Where the queue of a Unix socket is full, nothing says when it is not.
  eventually([&] {
    fd_ = start_connect(host, port, options);
    failed = fd_ < 0 ? errno : 0;
    return failed != EAGAIN;
  });
  if (failed != 0)
    throw_error(failed, "connect");
  if (const int error = finish_connect(fd_, deadline()); error != 0) {
    close();
    throw_error(error, "connect");
  }
}

tcp_client::~tcp_client() {
  close();
}

tcp_client::tcp_client(tcp_client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

tcp_client& tcp_client::operator=(tcp_client&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void tcp_client::send_some(pump_plan& plan, received& result) {
  const ssize_t count
    = ::send(fd_, plan.data.data(), plan.data.size(), MSG_NOSIGNAL);
  if (count >= 0) {
    plan.data.remove_prefix(static_cast<std::size_t>(count));
  } else if (errno != EAGAIN) {
    result.send_error = errno;
    plan.data = {};
    plan.then_half_close = false;
  }
}

void tcp_client::receive_some(std::size_t at_most, received& result) {
  constexpr std::size_t chunk = 64 * 1024;
  char buffer[chunk];
  const ssize_t count = ::recv(fd_, buffer, std::min(chunk, at_most), 0);
  if (count > 0)
    result.data.append(buffer, static_cast<std::size_t>(count));
  else if (count == 0)
    result.end = ending::eof;
  else if (errno != EAGAIN)
    result.end = ending::reset;
}

received tcp_client::pump(pump_plan plan, milliseconds budget) {
  const deadline end(budget);
  received result;
  while (result.end == ending::still_open) {
    const bool sending = !plan.data.empty();
    if (!sending && std::exchange(plan.then_half_close, false))
      half_close();
    const bool receiving = result.data.size() < plan.expected;
    if (!sending && !receiving)
      break;
    const short wanted
      = static_cast<short>((sending ? POLLOUT : 0) | (receiving ? POLLIN : 0));
    const short ready = wait_for(fd_, wanted, end.poll_timeout());
    if (ready == 0 && end.passed())
      result.end = ending::deadline;
    if (sending && (ready & (POLLOUT | POLLERR | POLLHUP)) != 0)
      send_some(plan, result);
    if (receiving && (ready & (POLLIN | POLLERR | POLLHUP)) != 0)
      receive_some(plan.expected - result.data.size(), result);
  }
  return result;
}

void tcp_client::send_all(std::string_view data) {
  const received result = pump({data, 0, false}, long_patience);
  if (result.send_error != 0)
    throw_error(result.send_error, "send");
  if (result.end == ending::deadline)
    throw std::runtime_error("deadline: the server takes no more data");
}

std::size_t tcp_client::send_until_stalled(std::string_view data) {
  constexpr int stalled_after = 200;
  pump_plan plan{data, 0, false};
  received result;
  while (!plan.data.empty() && wait_for(fd_, POLLOUT, stalled_after) != 0)
    send_some(plan, result);
  if (result.send_error != 0)
    throw_error(result.send_error, "send");
  return data.size() - plan.data.size();
}

void tcp_client::half_close() {
  if (::shutdown(fd_, SHUT_WR) != 0)
    throw_error(errno, "shutdown");
}

std::string tcp_client::receive(std::size_t count) {
  received result = pump({{}, count, false}, patience);
  if (result.data.size() != count)
    throw std::runtime_error("received " + std::to_string(result.data.size())
                             + " of " + std::to_string(count)
                             + " bytes: " + to_string(result.end));
  return std::move(result.data);
}

received tcp_client::receive_rest(milliseconds budget) {
  return pump({{}, everything, false}, budget);
}

void tcp_client::set_send_buffer(int bytes) {
  if (setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) != 0)
    throw_error(errno, "SO_SNDBUF");
}

bool tcp_client::has_input() const {
  return wait_for(fd_, POLLIN, 0) != 0;
}

std::string tcp_client::echo(std::string_view data) {
  received result = pump({data, data.size(), false}, long_patience);
  if (result.data.size() != data.size())
    throw std::runtime_error("echoed " + std::to_string(result.data.size())
                             + " of " + std::to_string(data.size())
                             + " bytes: " + to_string(result.end));
  return std::move(result.data);
}

received tcp_client::exchange(std::string_view data, bool then_half_close) {
  return pump({data, everything, then_half_close}, long_patience);
}

void tcp_client::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void tcp_client::close() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

std::uint16_t tcp_client::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw_error(errno, "getsockname");
  return address.ss_family == AF_INET
           ? ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port)
           : ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
}

} // namespace coppice_test
