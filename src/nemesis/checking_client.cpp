// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/checking_client.hpp"

#include "nemesis/check_stream.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace coppice::nemesis {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kept_violations = 20;
constexpr unsigned longest_visit = 40; // requests on a connection

// Most are small, some need many reads of the server.
std::uint64_t size_of_request(std::mt19937_64& chance) {
  return chance() % 16 == 0 ? 1 + chance() % 65536 : 1 + chance() % 2048;
}

} // namespace

checking_client::checking_client(check_world& world, unsigned number)
    : world_(world),
      number_(number),
      chance_(stream_key(world.options.seed, number)),
      due_(world.now) {
  // nop
}

// -- time ---------------------------------------------------------------------

void checking_client::on_time() {
  auto limit = progress_ + patience();
  switch (state_) {
  case state::idle:
    if (!world_.ending && world_.now >= due_)
      connect();
    return;
  case state::resting:
    if (world_.now >= due_ || world_.ending)
      begin_request();
    return;
  case state::connecting:
    if (world_.now < limit)
      return;
    return violate("no connection within the limit");
  case state::shaking:
    if (world_.now < limit)
      return;
    return violate("the TLS handshake was not over within the limit");
  case state::asking:
    if (world_.now < limit)
      return;
    return violate("expected " + std::to_string(goal_ - received_)
                   + " more bytes or the end of the connection; nothing came "
                     "within the limit");
  case state::leaving:
    if (world_.now < limit)
      return;
    return violate("expected the end of the connection after its client's; "
                   "nothing came within the limit");
  }
}

checking_client::clock::duration checking_client::patience() const {
  auto& options = world_.options;
  auto usual
    = born_ == check_phase::after || world_.phase == check_phase::before;
  return usual ? options.patience : options.patience_during;
}

// Whether the server may not end a connection now.
bool checking_client::strict() const {
  return born_ == check_phase::after || world_.phase == check_phase::before;
}

// -- connecting ---------------------------------------------------------------

void checking_client::connect() {
  auto& where = world_.options.server;
  sock_ = net::socket{::socket(where.bytes.ss_family,
                               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  born_ = world_.phase;
  progress_ = world_.now;
  ++connection_;
  sent_ = received_ = goal_ = 0;
  key_ = chance_();
  requests_left_ = 1 + static_cast<unsigned>(chance_() % longest_visit);
  state_ = state::connecting;
  if (!sock_)
    return on_end(errno);
  int on = 1;
  ::setsockopt(sock_.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto* address = reinterpret_cast<const sockaddr*>(&where.bytes);
  if (::connect(sock_.fd(), address, where.length) != 0 && errno != EINPROGRESS)
    return on_end(errno);
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u32 = number_}};
  if (::epoll_ctl(world_.epoll, EPOLL_CTL_ADD, sock_.fd(), &event) != 0)
    on_end(errno);
}

void checking_client::on_connected() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(sock_.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0)
    return on_end(error);
  sockaddr_storage peer;
  length = sizeof peer;
  if (::getpeername(sock_.fd(), reinterpret_cast<sockaddr*>(&peer), &length)
      != 0)
    return; // not yet
  ++world_.report.connections;
  if (!world_.options.tls)
    return begin_request();
  // Full handshakes and resumed ones.
  auto resumed = chance_() % 2 == 0 ? ticket_ : nullptr;
  tls_ = std::make_unique<net::tls_channel>(
    world_.options.tls->open(world_.options.host, resumed), sock_.fd());
  asked_ = world_.phase;
  asked_at_ = progress_ = world_.now;
  state_ = state::shaking;
  shake_hands();
}

void checking_client::shake_hands() {
  auto& report = world_.report;
  switch (tls_->shake_hands()) {
  case net::tls_channel::handshake::waits:
    return;
  case net::tls_channel::handshake::failed:
    return on_end(EPROTO);
  case net::tls_channel::handshake::done:
    ++report.handshakes;
    if (tls_->resumed())
      ++report.resumed;
    report.shaken[static_cast<std::size_t>(asked_)].add(
      std::chrono::duration_cast<std::chrono::microseconds>(clock::now()
                                                            - asked_at_));
    return begin_request();
  }
}

ssize_t checking_client::send_some(std::string_view data) {
  return tls_ ? tls_->transmit(data)
              : ::send(sock_.fd(), data.data(), data.size(), MSG_NOSIGNAL);
}

ssize_t checking_client::receive_some(std::span<char> into) {
  return tls_ ? tls_->receive(into)
              : ::recv(sock_.fd(), into.data(), into.size(), 0);
}

// -- sending ------------------------------------------------------------------

void checking_client::begin_request() {
  auto anew = world_.phase == check_phase::after && born_ != world_.phase;
  if (requests_left_ == 0 || anew || world_.ending)
    return leave();
  --requests_left_;
  goal_ = sent_ + size_of_request(chance_);
  asked_ = world_.phase;
  asked_at_ = progress_ = world_.now;
  state_ = state::asking;
  send_more();
}

void checking_client::send_more() {
  std::array<char, 16384> chunk;
  while (state_ == state::asking && sent_ < goal_) {
    auto size = std::min<std::uint64_t>(chunk.size(), goal_ - sent_);
    for (std::uint64_t i = 0; i < size; ++i)
      chunk[i] = stream_byte(key_, sent_ + i);
    auto n = send_some({chunk.data(), size});
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (n < 0)
      return on_end(errno);
    sent_ += static_cast<std::uint64_t>(n);
  }
}

// Says goodbye in order; what comes next is the server's.
void checking_client::leave() {
  state_ = state::leaving;
  progress_ = world_.now;
  if (tls_) {
    ticket_ = net::tls_client::ticket(tls_->session());
    tls_->finish();
  }
  ::shutdown(sock_.fd(), SHUT_WR);
}

// -- receiving ----------------------------------------------------------------

void checking_client::on_ready() {
  if (state_ == state::connecting)
    on_connected();
  if (state_ == state::shaking)
    shake_hands();
  if (state_ == state::asking)
    send_more();
  if (state_ != state::idle && state_ != state::connecting
      && state_ != state::shaking)
    receive();
}

void checking_client::receive() {
  std::array<char, 16384> chunk;
  while (state_ != state::idle) {
    auto n = receive_some(chunk);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return;
    if (n <= 0)
      return on_end(n == 0 ? 0 : errno);
    check({chunk.data(), static_cast<std::size_t>(n)});
  }
}

void checking_client::check(std::string_view data) {
  progress_ = world_.now;
  std::string expected;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (received_ < sent_ && data[i] == stream_byte(key_, received_)) {
      ++received_;
      continue;
    }
    for (auto at = received_; at < std::min(sent_, received_ + shown_bytes);
         ++at)
      expected += stream_byte(key_, at);
    return violate((expected.empty() ? "expected nothing more"
                                     : "expected " + in_hex(expected))
                   + ", received " + in_hex(data.substr(i)));
  }
  world_.report.bytes += data.size();
  if (state_ == state::asking && received_ == goal_)
    answered();
}

void checking_client::answered() {
  auto took = clock::now() - asked_at_;
  auto& report = world_.report;
  ++report.requests;
  report.took[static_cast<std::size_t>(asked_)].add(
    std::chrono::duration_cast<std::chrono::microseconds>(took));
  if (born_ == check_phase::after && !std::exchange(served_after_, true))
    ++report.served_after;
  rest();
}

void checking_client::rest() {
  state_ = state::resting;
  due_ = world_.now + world_.options.pause / 2
         + std::chrono::microseconds{
           chance_()
           % static_cast<std::uint64_t>(
             std::chrono::microseconds{world_.options.pause}.count() + 1)};
}

// -- the end ------------------------------------------------------------------

void checking_client::on_end(int error) {
  auto pause = world_.options.pause;
  if (state_ == state::leaving && error == 0)
    return close(pause);
  auto made = state_ != state::connecting && state_ != state::shaking;
  ++(made ? world_.report.ended : world_.report.refused);
  std::string why = error == 0 ? "the server ended the connection"
                    : error == EPROTO && tls_ ? tls_problem()
                    : error == ECONNABORTED && tls_
                      ? "the server ended the connection without a close_notify"
                      : std::strerror(error);
  if (!strict())
    return close(pause);
  violate(made ? "expected the connection to last while nothing is wrong: "
                   + why + " with " + std::to_string(sent_ - received_)
                   + " bytes unanswered"
               : "expected a connection: " + why);
}

std::string checking_client::tls_problem() const {
  auto distrust = net::tls_client::distrust(tls_->session());
  return "TLS: " + (distrust.empty() ? tls_->problem() : distrust);
}

void checking_client::violate(std::string what) {
  auto& report = world_.report;
  ++report.violations;
  if (report.first.size() < kept_violations)
    report.first.push_back({.client = number_,
                            .connection = connection_,
                            .offset = received_,
                            .at = std::chrono::floor<std::chrono::milliseconds>(
                              clock::now() - world_.options.zero),
                            .phase = world_.phase,
                            .what = std::move(what)});
  close(100ms);
}

void checking_client::close(clock::duration pause) {
  tls_.reset();
  sock_ = net::socket{};
  state_ = state::idle;
  due_ = world_.now + pause;
}

} // namespace coppice::nemesis
