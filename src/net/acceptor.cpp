#include "net/acceptor.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/fault_action.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <caf/spawn_options.hpp>

#include <cerrno>
#include <cstdint>
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

constexpr std::chrono::milliseconds pause_length{100};
constexpr std::chrono::seconds warning_period{10};

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
  auto supervisor = start_.supervisor.id();
  owner_->enter(home_, *this, supervisor);
  if (owner_->config().topology == topology::linked)
    linked_ = owner_->join(home_, path_, supervisor);
  port_owner_ = owner_->port_owner();
  port_ = owner_->port(port_owner_);
  self_ = ctrl();
  if (!watch())
    throw std::runtime_error(std::string{"cannot watch the listening socket: "}
                             + std::strerror(errno));
  auto start = std::move(start_); // so as not to hold on to the supervisor
  actor::acknowledge_start(start, supervision::started{});
  return actor::others(*this, [](caf::message&) {
    // nop: nothing is said to an acceptor yet
  });
}

// -- accepting ----------------------------------------------------------------

void acceptor::on_io(std::uint32_t) {
  if (suspended()) {
    unwatch();
    return;
  }
  perform([this] { accept_some(); });
}

void acceptor::on_resumed() {
  home_.run_soon([this, self = caf::strong_actor_ptr{ctrl()}] {
    if (self_)
      on_change();
  });
}

void acceptor::accept_some() {
  for (int i = 0; i < accepts_a_turn && watching_; ++i) {
    if (!owner_->at(home_).table || !owner_->accepts())
      return unwatch(); // until that changes: see on_change
    // Who waits already comes first.
    auto has_place = waiting_.empty() && owner_->take_place();
    if (!has_place && !may_wait())
      return unwatch(); // until there is room: see on_change
    sockaddr_storage from;
    auto sock = accept(from);
    if (!sock) {
      auto error = errno;
      if (has_place)
        owner_->give_back();
      if (!on_accept_error(error))
        return;
      continue;
    }
    if (std::exchange(tells_of_pause_, false))
      publish(observe::event_kind::accept_resumed);
    accepted_client client{std::move(sock), to_peer(from)};
    if (has_place)
      spawn_connection(std::move(client));
    else
      let_wait(std::move(client));
  }
}

// As accept4(2); a fault may come before, if there is a client for it.
socket acceptor::accept(sockaddr_storage& from) {
  from.ss_family = AF_UNSPEC;
  auto& point = owner_->faults().accept;
  if (point.armed() && !std::exchange(next_passes_, false) && client_waits())
    [[unlikely]]
    if (auto what = point.hit())
      if (auto error = accept_error_of(*what); error != 0) {
        errno = error;
        return {};
      }
  return accept4(from);
}

bool acceptor::client_waits() const {
  pollfd waiting{port_ ? port_->at(home_.index()).fd() : -1, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

socket acceptor::accept4(sockaddr_storage& from) {
  socklen_t size = sizeof(from);
  return socket{::accept4(port_->at(home_.index()).fd(),
                          reinterpret_cast<sockaddr*>(&from), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC)};
}

void acceptor::let_go() {
  sockaddr_storage nobody;
  accept4(nobody);
}

// What accepting fails with because of a fault; 0 if it goes on.
int acceptor::accept_error_of(const fault::decision& what) {
  switch (what.kind) {
  case fault::action_kind::error:
    if (what.error_code == EAGAIN)
      pause_for(a_moment);
    else if (classify(what.error_code) == accept_error::transient)
      let_go(); // it is the client who has gone
    else if (classify(what.error_code) == accept_error::fatal)
      accuse(owner_->rt(), path_, what);
    return what.error_code;
  case fault::action_kind::drop:
    let_go();
    return EAGAIN;
  case fault::action_kind::delay:
    late_ = lateness{what};
    pause_for(late_->next_look());
    return EAGAIN;
  case fault::action_kind::exception: // nothing is thrown past a place taken
    accuse(owner_->rt(), path_, what);
    quit(actor::to_error(exit_reason::abnormal(what.text)));
    return EAGAIN;
  default:
    be_struck(what);
    return what.kind == fault::action_kind::hang ? 0 : EAGAIN;
  }
}

void acceptor::be_struck(const fault::decision& what) {
  accuse(owner_->rt(), path_, what);
  strike(*this, what);
}

// Whatever is wrong with one connection must not end the acceptor.
void acceptor::spawn_connection(accepted_client client) {
  auto& place = owner_->at(home_);
  auto peer = client.peer;
  auto before = place.traffic.accepted.get();
  if (!owner_->take_address(peer)) {
    place.traffic.rejected_by_address.add(1);
    owner_->give_back();
    return;
  }
  try {
    home_system().spawn<connection_actor, caf::hidden>(
      owner_, std::ref(home_), place.table, std::move(client));
  } catch (const std::bad_alloc&) {
    // A connection that came into being has given them back itself.
    if (place.traffic.accepted.get() == before) {
      owner_->give_back_address(peer);
      owner_->give_back();
    }
    return pause(ENOMEM);
  }
  owner_->check_alarm();
}

// -- when there is no room ----------------------------------------------------

bool acceptor::may_wait() const {
  return owner_->limits().overflow == overflow::reject && !waiting_.full();
}

void acceptor::let_wait(accepted_client client) {
  waiting_.enter(std::move(client),
                 home_.now() + owner_->limits().reject_after);
  set_timer();
}

void acceptor::serve_waiting() {
  while (!waiting_.empty() && !suspended() && owner_->at(home_).table
         && owner_->take_place())
    spawn_connection(waiting_.leave());
}

void acceptor::reject_waiting(reactor::clock::time_point until) {
  owner_->at(home_).traffic.rejected.add(waiting_.expire(until));
}

// -- when accepting fails -----------------------------------------------------

// Returns whether to go on accepting at once.
bool acceptor::on_accept_error(int error) {
  if (error == EAGAIN)
    return false;
  auto what = classify(error);
  // A port that was closed on purpose is no error.
  if (what == accept_error::fatal && owner_->port(port_owner_) != port_) {
    unwatch();
    return false;
  }
  owner_->at(home_).traffic.errors[accept_errors::index(error)].add(1);
  switch (what) {
  case accept_error::transient:
    return true;
  case accept_error::exhausted:
    pause(error);
    return false;
  case accept_error::fatal:
    unwatch();
    quit(actor::to_error(exit_reason::abnormal(std::string{"cannot accept: "}
                                               + std::strerror(error))));
    return false;
  }
  return false;
}

void acceptor::pause_for(reactor::clock::duration length) {
  unwatch();
  paused_until_ = reactor::clock::now() + length;
  set_timer();
}

void acceptor::pause(int error) {
  pause_for(pause_length);
  auto now = reactor::clock::now();
  if (now - warned_ < warning_period)
    return;
  publish(observe::event_kind::accept_paused,
          std::string{std::strerror(error)} + "; clients wait");
  warned_ = now;
  tells_of_pause_ = true;
}

void acceptor::set_timer() {
  auto next = waiting_.next();
  if (paused_until_ && (!next || *paused_until_ < *next))
    next = paused_until_;
  if (next)
    home_.arm(*this, *next - reactor::clock::now());
  else
    home_.cancel(*this);
}

void acceptor::on_timer() {
  perform([this] {
    if (fires_late(owner_->faults().timer, home_, *this, late_timer_,
                   [this](auto& what) { be_struck(what); }))
      return;
    auto now = reactor::clock::now();
    if (paused_until_ && *paused_until_ <= now)
      paused_until_.reset();
    if (late_)
      look_whether_late();
    reject_waiting(now);
    set_timer();
    watch_or_quit();
  });
}

// Whoever is late is let in, unless another acceptor has done so.
void acceptor::look_whether_late() {
  if (!late_->over()) {
    pause_for(late_->next_look());
    return;
  }
  late_.reset();
  next_passes_ = client_waits();
}

void acceptor::on_change() {
  perform([this] {
    if (auto current = owner_->port(port_owner_); current != port_) {
      unwatch();
      port_ = std::move(current);
    }
    if (owner_->refuses())
      reject_waiting(reactor::clock::time_point::max());
    serve_waiting();
    set_timer();
    watch_or_quit();
  });
}

void acceptor::retire() {
  unwatch();
  port_ = nullptr;
}

bool acceptor::watch() {
  if (watching_ || !port_ || paused_until_ || suspended())
    return true;
  watching_
    = home_.add(port_->at(home_.index()).fd(), EPOLLIN | EPOLLEXCLUSIVE, *this);
  return watching_;
}

void acceptor::watch_or_quit() {
  if (!watch())
    quit(actor::to_error(exit_reason::abnormal(
      std::string{"cannot watch the port: "} + std::strerror(errno))));
}

void acceptor::unwatch() {
  if (std::exchange(watching_, false))
    home_.remove(port_->at(home_.index()).fd());
}

// -- the end ------------------------------------------------------------------

void acceptor::on_exit() {
  unwatch();
  reject_waiting(reactor::clock::time_point::max());
  home_.cancel(*this);
  if (auto& place = owner_->at(home_); place.user == this)
    place.user = nullptr;
  if (auto linked = std::exchange(linked_, nullptr)) {
    owner_->withdraw(home_, linked);
    linked->end(actor::to_reason(fail_state_), owner_->rt().last_words);
  }
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
