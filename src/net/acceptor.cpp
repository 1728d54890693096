#include "coppice/net/acceptor.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <caf/spawn_options.hpp>

#include <cerrno>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

// So that a flood of new clients does not starve those who are there already.
constexpr int accepts_a_turn = 16;

// So that turning clients away does not keep those who are there waiting.
constexpr int rejections_a_turn = 256;

constexpr std::chrono::milliseconds pause_length{100};
constexpr std::chrono::seconds warning_period{10};

caf::error reason_of(const std::exception_ptr& thrown) {
  return actor::to_error(actor::to_reason(thrown));
}

} // namespace

acceptor::acceptor(caf::actor_config& cfg, listener_ptr owner, reactor& home,
                   std::string path, actor::start_args start)
    : actor::pinned_actor(cfg, &home),
      owner_(std::move(owner)),
      home_(home),
      path_(std::move(path)),
      start_(std::move(start)) {
  // nop
}

caf::behavior acceptor::make_behavior() {
  actor::use_exception_text(*this);
  auto& rt = owner_->rt();
  if (owner_->config().topology == topology::linked)
    linked_
      = std::make_shared<connection_table>(path_, rt.tree.connections(path_));
  owner_->at(home_).user = this;
  port_ = owner_->port();
  if (!port_)
    throw std::runtime_error("there is no listening socket");
  self_ = ctrl();
  if (!watch())
    throw std::runtime_error(std::string{"cannot watch the listening socket: "}
                             + std::strerror(errno));
  auto start = std::move(start_); // so as not to hold on to the supervisor
  actor::acknowledge_start(start, supervision::started{});
  return {[](caf::message&) {
    // nop: nothing is said to an acceptor yet
  }};
}

// -- accepting ----------------------------------------------------------------

void acceptor::on_io(std::uint32_t) {
  perform([this] { accept_some(); }, reason_of);
}

void acceptor::accept_some() {
  for (int i = 0; i < accepts_a_turn && watching_; ++i) {
    auto& table = linked_ ? linked_ : owner_->at(home_).table;
    if (!table)
      return unwatch(); // until there is one: see on_room
    if (!owner_->take_place())
      return wait_for_room();
    socket sock{
      ::accept4(port_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!sock) {
      auto error = errno;
      owner_->give_back();
      if (!on_accept_error(error))
        return;
      continue;
    }
    if (std::exchange(paused_, false))
      publish(observe::event_kind::accept_resumed);
    spawn_connection(table, std::move(sock));
  }
}

// Whatever is wrong with one connection must not end the acceptor.
void acceptor::spawn_connection(const connection_table_ptr& table,
                                socket sock) {
  int on = 1;
  ::setsockopt(sock.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  try {
    home_system().spawn<connection, caf::hidden>(owner_, std::ref(home_), table,
                                                 std::move(sock));
  } catch (const std::bad_alloc&) {
    owner_->give_back();
    pause(ENOMEM);
  }
}

// -- when there is no room ----------------------------------------------------

void acceptor::wait_for_room() {
  unwatch();
  full_ = true;
  auto limits = owner_->current_limits();
  if (limits->overflow == overflow::reject)
    home_.arm(*this, limits->reject_after);
}

// Those who came meanwhile have waited long enough.
void acceptor::reject_all() {
  auto limits = owner_->current_limits();
  if (limits->overflow != overflow::reject)
    return;
  for (int i = 0; i < rejections_a_turn; ++i) {
    socket sock{::accept4(port_->fd(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!sock)
      break;
    owner_->at(home_).traffic.rejected.add(1);
  }
  home_.arm(*this, limits->reject_after);
}

// Returns whether to go on accepting at once.
bool acceptor::on_accept_error(int error) {
  if (error != EAGAIN)
    owner_->at(home_).traffic.accept_errors.add(1);
  switch (error) {
  case EAGAIN:
    return false;
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
  case ENOMEM:
    pause(error);
    return false;
  case EBADF:
  case EINVAL:
  case ENOTSOCK:
  case EOPNOTSUPP:
  case EFAULT:
    unwatch();
    // A port that was closed on purpose takes its acceptors along anyway.
    if (owner_->port() == port_ && !owner_->draining())
      quit(actor::to_error(exit_reason::abnormal(std::string{"cannot accept: "}
                                                 + std::strerror(error))));
    return false;
  default:
    return true; // the client has gone, or the network says so
  }
}

void acceptor::pause(int error) {
  unwatch();
  home_.arm(*this, pause_length);
  auto now = std::chrono::steady_clock::now();
  if (now - warned_ < warning_period)
    return;
  publish(observe::event_kind::accept_paused,
          std::string{std::strerror(error)} + "; clients wait");
  warned_ = now;
  paused_ = true;
}

void acceptor::on_timer() {
  perform(
    [this] {
      if (full_ && port_)
        reject_all();
      else
        watch();
    },
    reason_of);
}

void acceptor::on_room() {
  perform(
    [this] {
      if (std::exchange(full_, false))
        home_.cancel(*this);
      watch();
    },
    reason_of);
}

bool acceptor::watch() {
  if (watching_ || !port_)
    return true;
  watching_ = home_.add(port_->fd(), EPOLLIN | EPOLLEXCLUSIVE, *this);
  return watching_;
}

void acceptor::unwatch() {
  if (std::exchange(watching_, false))
    home_.remove(port_->fd());
}

// -- the end ------------------------------------------------------------------

void acceptor::on_exit() {
  unwatch();
  home_.cancel(*this);
  if (auto& place = owner_->at(home_); place.user == this)
    place.user = nullptr;
  if (auto linked = std::exchange(linked_, nullptr))
    linked->end(actor::to_reason(fail_state_));
  if (self_)
    home_.bury(std::move(self_));
}

void acceptor::publish(observe::event_kind kind, std::string detail) {
  observe::event ev;
  ev.kind = kind;
  ev.path = path_;
  ev.detail = std::move(detail);
  owner_->rt().events.publish(std::move(ev));
}

} // namespace coppice::net
