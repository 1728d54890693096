// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/checking_clients.hpp"

#include "nemesis/checking_client.hpp"
#include "nemesis/stalled_handshakes.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace coppice::nemesis {

namespace {

constexpr int tick_ms = 5;
constexpr int probe_limit_ms = 3000;

net::socket make_epoll() {
  net::socket result{::epoll_create1(EPOLL_CLOEXEC)};
  if (!result)
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return result;
}

} // namespace

std::optional<server_address> resolve(const std::string& authority) {
  auto colon = authority.rfind(':');
  if (colon == authority.npos || colon == 0 || colon + 1 == authority.size())
    return {};
  auto host = authority.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  auto* port = authority.c_str() + colon + 1;
  if (::getaddrinfo(host.c_str(), port, &hints, &found) != 0)
    return {};
  server_address result;
  result.length = found->ai_addrlen;
  std::memcpy(&result.bytes, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return result;
}

net::socket connect_to(const server_address& where) {
  net::socket result{::socket(where.bytes.ss_family,
                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  auto* address = reinterpret_cast<const sockaddr*>(&where.bytes);
  if (::connect(result.fd(), address, where.length) == 0)
    return result;
  pollfd ready{.fd = result.fd(), .events = POLLOUT, .revents = 0};
  if (errno != EINPROGRESS || ::poll(&ready, 1, probe_limit_ms) <= 0)
    return {};
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(result.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0 ? std::move(result) : net::socket{};
}

const char* to_string(check_phase value) {
  constexpr std::array names{"before", "during", "healing", "after"};
  return names[static_cast<std::size_t>(value)];
}

std::string to_string(const violation& what) {
  return std::string{to_string(what.phase)} + ", at "
         + std::to_string(what.at.count()) + " ms: client "
         + std::to_string(what.client) + ", connection "
         + std::to_string(what.connection) + ", byte "
         + std::to_string(what.offset) + ": " + what.what;
}

checking_clients::checking_clients(const check_options& options)
    : options_(options), epoll_(make_epoll()) {
  thread_ = std::thread{[this] { run(); }};
}

checking_clients::~checking_clients() {
  if (thread_.joinable())
    finish();
}

void checking_clients::enter(check_phase phase) {
  phase_ = phase;
}

check_report checking_clients::finish() {
  ending_ = true;
  thread_.join();
  return report_;
}

void checking_clients::run() {
  using clock = check_world::clock;
  check_world world{options_, report_, epoll_.fd(), clock::now()};
  for (unsigned i = 0; i < options_.clients; ++i)
    clients_.push_back(std::make_unique<checking_client>(world, i));
  std::optional<clock::time_point> last_wait;
  stalled_handshakes stalled{options_.server, options_.stalled_handshakes};
  while (!world.ending || !all_done()) {
    take_events(world);
    world.phase = phase_;
    if (ending_ && !last_wait)
      last_wait = world.now + options_.patience;
    // Each client is to be served once after it all.
    world.ending = ending_
                   && (world.phase != check_phase::after
                       || report_.served_after == options_.clients
                       || world.now > *last_wait);
    if (world.phase == check_phase::during && !world.ending)
      report_.stalled += stalled.keep_up();
    else
      stalled.end();
    for (auto& each : clients_)
      each->on_time();
  }
  clients_.clear();
}

void checking_clients::take_events(check_world& world) {
  std::array<epoll_event, 64> events;
  auto n = ::epoll_wait(epoll_.fd(), events.data(),
                        static_cast<int>(events.size()), tick_ms);
  world.now = check_world::clock::now();
  for (int i = 0; i < n; ++i)
    clients_[events[static_cast<std::size_t>(i)].data.u32]->on_ready();
}

bool checking_clients::all_done() const {
  return std::ranges::all_of(clients_, &checking_client::done);
}

} // namespace coppice::nemesis
