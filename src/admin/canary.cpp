// SPDX-License-Identifier: BSD-3-Clause

#include "admin/canary.hpp"

#include "net/peer.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace coppice::admin {

using namespace std::chrono_literals;

namespace {

constexpr auto asks_every = 250ms;
constexpr auto connects_every = 100ms;
constexpr auto answer_limit = 1s; // until it says that there is no answer
constexpr std::size_t kept = 512;

} // namespace

canary::canary(net::listener_ptr where)
    : where_(std::move(where)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      samples_(kept) {
  if (!stop_)
    throw std::system_error(errno, std::system_category(), "eventfd");
  resting_ = would_take_a_place();
  thread_ = std::thread{[this] { run(); }};
}

canary::~canary() {
  std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(stop_.fd(), &one, sizeof(one));
  thread_.join();
}

canary::report canary::after(std::uint64_t number) const {
  std::lock_guard guard{mutex_};
  report result{{}, samples_.last(), connected_, resting_};
  auto found = samples_.after(number, kept);
  for (auto next = found.first; next < found.end; ++next)
    result.samples.push_back(samples_.at(next));
  return result;
}

void canary::run() {
  while (!where_->draining()) {
    if (would_take_a_place()) {
      leave();
      if (!rest(asks_every))
        return;
      continue;
    }
    if (!sock_)
      connect();
    if (sock_ && !ask())
      return;
    if (!sock_ && !served_ && !rest(connects_every))
      return;
  }
  sock_.close();
  std::lock_guard guard{mutex_};
  connected_ = false;
}

bool canary::would_take_a_place() const {
  auto limits = where_->limits();
  return limits.max_connections || limits.max_per_address || limits.accept_rate
         || limits.accept_rate_per_address;
}

// Says so first: code that sees that it has left may ask why.
void canary::leave() {
  {
    std::lock_guard guard{mutex_};
    connected_ = false;
    resting_ = true;
  }
  sock_.close();
  served_ = false;
  lost_at_ = {};
}

void canary::connect() {
  served_ = false;
  auto where = where_->local();
  if (!where)
    return lose("the listener has not started");
  net::socket made{
    ::socket(where->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!made
      || (::connect(made.fd(), where->data(), where->size()) != 0
          && errno != EINPROGRESS))
    return lose(std::strerror(errno));
  sock_ = std::move(made);
  auto ready = wait(POLLOUT, clock::now() + answer_limit);
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(sock_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    return lose(std::strerror(error));
  if (ready == 0)
    lose("could not connect within a second");
}

// Returns whether to go on.
bool canary::ask() {
  auto line = "canary " + std::to_string(++sent_) + "\n";
  auto begin = clock::now();
  if (::send(sock_.fd(), line.data(), line.size(), MSG_NOSIGNAL)
      != static_cast<ssize_t>(line.size())) {
    lose(std::strerror(errno));
    return true;
  }
  std::string answer;
  for (auto late_at = begin + answer_limit; answer.size() < line.size();) {
    auto ready = wait(POLLIN, late_at);
    if (ready < 0)
      return false;
    if (ready == 0 && (where_->draining() || would_take_a_place()))
      return true;
    if (ready == 0) {
      note({.at = clock::now(), .failure = "no answer within a second"});
      late_at += answer_limit;
      continue;
    }
    std::array<char, 64> room;
    auto got = ::recv(sock_.fd(), room.data(), room.size(), 0);
    if (got < 0 && errno == EAGAIN)
      continue;
    if (got <= 0) {
      lose(got == 0 ? "the server closed the connection"
                    : std::strerror(errno));
      return true;
    }
    answer.append(room.data(), static_cast<std::size_t>(got));
  }
  if (answer != line) {
    lose("the answer is another text");
    return true;
  }
  auto now = clock::now();
  served_ = true;
  auto lost = std::exchange(lost_at_, {});
  note({.at = now,
        .took = now - begin,
        .gap = lost == clock::time_point{} ? 0ns : now - lost,
        .from = own_address()});
  return rest(asks_every);
}

std::optional<observe::peer_address> canary::own_address() const {
  if (!sock_)
    return {};
  sockaddr_storage own = {};
  socklen_t size = sizeof(own);
  if (::getsockname(sock_.fd(), reinterpret_cast<sockaddr*>(&own), &size) != 0)
    return {};
  return net::to_peer(own);
}

// Ends early when the server ends the connection. Returns whether to go on.
bool canary::rest(std::chrono::milliseconds length) {
  auto ready = wait(POLLIN, clock::now() + length);
  if (ready > 0) {
    char byte;
    auto got = ::recv(sock_.fd(), &byte, 1, 0);
    lose(got > 0    ? "the server said more than it was asked"
         : got == 0 ? "the server closed the connection"
                    : std::strerror(errno));
  }
  return ready >= 0;
}

// What the connection is ready for; 0 if time is up, negative if it is to end.
short canary::wait(short events, clock::time_point until) const {
  for (;;) {
    auto left
      = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    std::array<pollfd, 2> all{
      {{stop_.fd(), POLLIN, 0}, {sock_.fd(), events, 0}}};
    auto ready = ::poll(all.data(), all.size(),
                        static_cast<int>(std::max(left, 0ms).count()));
    if (ready < 0 && errno == EINTR)
      continue;
    if (all[0].revents != 0)
      return -1;
    return all[1].revents;
  }
}

void canary::lose(std::string why) {
  auto now = clock::now();
  if (served_ && lost_at_ == clock::time_point{})
    lost_at_ = now;
  auto from = own_address();
  sock_.close();
  note({.at = now, .failure = std::move(why), .from = from});
}

void canary::note(sample what) {
  std::lock_guard guard{mutex_};
  connected_ = sock_ && served_;
  resting_ = false;
  samples_.push(std::move(what));
}

} // namespace coppice::admin
