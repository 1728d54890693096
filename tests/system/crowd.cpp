// SPDX-License-Identifier: BSD-3-Clause

#include "crowd.hpp"

#include "tcp_client.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace coppice_test {

epoll_crowd::epoll_crowd(const server_process& server, int size)
    : server_(server),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      members_(static_cast<std::size_t>(size)) {}

epoll_crowd::~epoll_crowd() {
  // Thousands of sockets in TIME_WAIT would disturb other tests.
  reset_all();
  ::close(epoll_);
}

void epoll_crowd::close_all() {
  for (auto& entry : members_) {
    if (entry.fd >= 0)
      ::close(std::exchange(entry.fd, -1));
  }
}

void epoll_crowd::reset_all() {
  for (const auto& entry : members_) {
    const linger at_once{1, 0};
    setsockopt(entry.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  close_all();
}

void epoll_crowd::fail(std::size_t number, int error) {
  throw std::system_error(error, std::generic_category(),
                          "client " + std::to_string(number) + " in round "
                            + std::to_string(round_));
}

void epoll_crowd::watch(std::size_t number, std::uint32_t events,
                        int operation) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = number;
  if (::epoll_ctl(epoll_, operation, members_[number].fd, &event) != 0)
    fail(number, errno);
}

void epoll_crowd::start(std::size_t number) {
  members_[number].fd = start_connect(server_.host(), server_.port());
  if (members_[number].fd < 0)
    fail(number, errno);
  watch(number, EPOLLOUT, EPOLL_CTL_ADD);
}

void epoll_crowd::say(std::size_t number) {
  member& self = members_[number];
  self.expected = "client " + std::to_string(number) + " round "
                  + std::to_string(round_) + "\n";
  self.got.clear();
  const auto sent
    = ::send(self.fd, self.expected.data(), self.expected.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(self.expected.size()))
    fail(number, errno);
  watch(number, EPOLLIN, EPOLL_CTL_MOD);
}

void epoll_crowd::hear(std::size_t number) {
  member& self = members_[number];
  char buffer[256];
  const ssize_t count = ::recv(self.fd, buffer, sizeof buffer, 0);
  if (count <= 0)
    fail(number, count == 0 ? ECONNABORTED : errno);
  self.got.append(buffer, static_cast<std::size_t>(count));
  if (self.got.size() < self.expected.size())
    return;
  if (self.got != self.expected)
    fail(number, EBADMSG);
  ++answered_;
}

void epoll_crowd::handle_events() {
  epoll_event events[512];
  const int count
    = ::epoll_wait(epoll_, events, std::size(events), end_.poll_timeout());
  if (count <= 0 && end_.passed())
    throw std::runtime_error(std::to_string(answered_) + " of "
                             + std::to_string(members_.size())
                             + " answered in round " + std::to_string(round_));
  for (int at = 0; at < count; ++at) {
    const auto number = static_cast<std::size_t>(events[at].data.u64);
    if ((events[at].events & EPOLLOUT) != 0)
      say(number);
    else
      hear(number);
  }
}

void epoll_crowd::connect_all() {
  // Enough under way to keep the server busy, but not to fill its backlog.
  constexpr std::size_t at_a_time = 100;
  std::size_t started = 0;
  while (answered_ < members_.size()) {
    for (; started < members_.size() && started < answered_ + at_a_time;
         ++started)
      start(started);
    handle_events();
  }
}

void epoll_crowd::another_round() {
  ++round_;
  answered_ = 0;
  for (std::size_t number = 0; number < members_.size(); ++number)
    say(number);
  while (answered_ < members_.size())
    handle_events();
}

bool enough_files(rlim_t files) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < files)
    return false;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

} // namespace coppice_test
