// SPDX-License-Identifier: BSD-3-Clause

#include "net/acceptor.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "net/fault_action.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <caf/spawn_options.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

// Clients for one acceptor before the next one's turn: a change costs two
// calls.
constexpr int most_in_a_row = 2;

} // namespace

acceptor::acceptor(caf::actor_config& cfg, listener_core_ptr owner,
                   event_loop& loop, std::string path, actor::start_args start)
    : actor::pinned_actor(cfg, &loop),
      owner_(std::move(owner)),
      loop_(loop),
      path_(std::move(path)),
      start_(std::move(start)) {
  // nop
}

caf::behavior acceptor::make_behavior() {
  actor::use_exception_text(*this);
  auto supervisor = start_.supervisor.id();
  owner_->hubs().enter(loop_.index(), *this, supervisor);
  if (owner_->config().topology == topology::linked)
    linked_ = owner_->hubs().join(loop_.index(), path_, supervisor);
  port_owner_ = owner_->port().owner();
  use_port(owner_->port().port(port_owner_));
  self_ = ctrl();
  if (!watch())
    throw std::runtime_error(std::string{"cannot watch the listening socket: "}
                             + std::strerror(errno));
  auto start = std::move(start_); // so as not to hold on to the supervisor
  actor::acknowledge_start(start, supervision::started{});
  return actor::others(*this, [](caf::message&) {
    // nop: an acceptor takes no messages
  });
}

// -- accepting ----------------------------------------------------------------

void acceptor::on_io(std::uint32_t) {
  if (suspended()) {
    unwatch();
    return;
  }
  perform([this] {
    accept_some();
    if (shares_socket())
      go_to_the_end_of_the_line();
  });
}

void acceptor::on_resumed() {
  loop_.run_soon([this, self = caf::strong_actor_ptr{ctrl()}] {
    if (self_)
      on_change();
  });
}

void acceptor::use_port(std::shared_ptr<port> now) {
  unwatch();
  port_ = std::move(now);
  sockets_.clear();
  if (port_)
    sockets_ = port_->of(loop_.index(), owner_->hubs().reactors().size());
  next_socket_ = 0;
}

bool acceptor::shares_socket() const {
  return port_ && port_->sockets() < owner_->hubs().reactors().size();
}

// The kernel wakes the acceptor that has been in its line for the longest time,
// and leaves it there: without this, one of them would get all clients.
void acceptor::go_to_the_end_of_the_line() {
  if (!watching_ || quitting() || in_a_row_ < most_in_a_row)
    return;
  in_a_row_ = 0;
  unwatch();
  watch_or_quit();
}

void acceptor::accept_some() {
  std::size_t idle_sockets = 0; // one after the other
  same_error_ = 0;
  for (int i = 0; i < accepts_a_turn && watching_; ++i) {
    if (!owner_->hubs().at(loop_.index()).table || !owner_->port().accepts())
      return unwatch(); // until that changes: see on_change
    if (!takes_token())
      return;
    auto& tokens = owner_->rates().accepting();
    // Clients that wait already come first.
    auto has_place = waiting_.empty() && owner_->admission().take_place();
    if (!has_place && !may_wait()) {
      tokens.give_back(1);
      return unwatch(); // until there is room: see on_change
    }
    sockaddr_storage from;
    auto sock = accept(from);
    if (!sock) {
      auto error = errno;
      tokens.give_back(1);
      if (has_place)
        owner_->give_back_place();
      next_socket_ = (next_socket_ + 1) % sockets_.size();
      if (error == EAGAIN && ++idle_sockets < sockets_.size())
        continue;
      if (!on_accept_error(error))
        return;
      continue;
    }
    idle_sockets = 0;
    same_error_ = 0;
    ++in_a_row_;
    if (std::exchange(pause_told_, false))
      publish(observe::event_kind::accept_resumed);
    accepted_client client{std::move(sock), to_peer(from)};
    if (has_place)
      spawn_connection(std::move(client));
    else
      let_wait(std::move(client));
  }
}

// As accept4(2). A fault may come first, but only if a client waits.
socket acceptor::accept(sockaddr_storage& from) {
  from.ss_family = AF_UNSPEC;
  auto& point = owner_->faults().accept;
  if (point.armed() && !std::exchange(next_passes_, false) && client_waits())
    [[unlikely]]
    if (auto decision = point.hit())
      if (auto error = error_of_fault(*decision); error != 0) {
        errno = error;
        return {};
      }
  return accept4(from);
}

bool acceptor::client_waits() const {
  pollfd waiting{port_ ? sockets_[next_socket_] : -1, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

socket acceptor::accept4(sockaddr_storage& from) {
  socklen_t size = sizeof(from);
  return socket{::accept4(sockets_[next_socket_],
                          reinterpret_cast<sockaddr*>(&from), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC)};
}

void acceptor::drop_client() {
  sockaddr_storage nobody;
  accept4(nobody);
}

// The errno that a fault makes accepting fail with; 0: it does not fail.
int acceptor::error_of_fault(const fault::decision& decision) {
  switch (decision.kind) {
  case fault::action_kind::error:
    if (decision.error_code == EAGAIN)
      pause_for(a_moment);
    else if (classify(decision.error_code) == accept_error::transient)
      drop_client(); // it is the client that has gone
    else if (classify(decision.error_code) == accept_error::fatal)
      name_as_cause(owner_->rt(), path_, decision);
    return decision.error_code;
  case fault::action_kind::drop:
    drop_client();
    return EAGAIN;
  case fault::action_kind::delay:
    late_ = lateness{decision};
    pause_for(late_->next_look());
    return EAGAIN;
  case fault::action_kind::exception: // not thrown: a place is taken
    name_as_cause(owner_->rt(), path_, decision);
    quit(actor::to_error(exit_reason::abnormal(decision.text)));
    return EAGAIN;
  default:
    apply_fault(decision);
    return decision.kind == fault::action_kind::hang ? 0 : EAGAIN;
  }
}

void acceptor::apply_fault(const fault::decision& decision) {
  name_as_cause(owner_->rt(), path_, decision);
  strike(*this, decision);
}

// Whether its address leaves room for one more client, and a token.
bool acceptor::admits(const observe::peer_address& client) {
  auto& counters = owner_->hubs().at(loop_.index()).traffic;
  if (!owner_->admission().take_address(client)) {
    counters.rejected_by_address.add(1);
    return false;
  }
  auto& rates = owner_->rates();
  if (!rates.limits_addresses()
      || rates.admits(client, event_loop::clock_now()))
    return true;
  owner_->admission().give_back_address(client);
  counters.rejected_by_rate.add(1);
  return false;
}

// A failure of one connection must not end the acceptor.
void acceptor::spawn_connection(accepted_client client) {
  auto& place = owner_->hubs().at(loop_.index());
  auto peer = client.peer;
  auto before = place.traffic.accepted.get();
  // The connection has to come to the same answer, whatever is set meanwhile.
  client.settings = owner_->settings();
  auto counts = !client.settings->expects_header(peer);
  if (counts && !admits(peer)) {
    if (!owner_->port().accepts()) // for a last client
      owner_->say_goodbye(loop_, place, std::move(client.sock));
    owner_->give_back_place();
    return;
  }
  try {
    home_system().spawn<connection_actor, caf::hidden>(
      owner_, std::ref(loop_), place.table, std::move(client));
  } catch (const std::bad_alloc&) {
    // A connection that was constructed has given them back itself.
    if (place.traffic.accepted.get() == before) {
      if (counts)
        owner_->admission().give_back_address(peer);
      owner_->give_back_place();
    }
    return pause(ENOMEM);
  }
  owner_->check_alarm();
}

// -- the port ----------------------------------------------------------------

void acceptor::on_change() {
  perform([this] {
    if (auto current = owner_->port().port(port_owner_); current != port_)
      use_port(std::move(current));
    if (paused_by_rate_) {
      auto now = event_loop::clock_now();
      if (owner_->rates().accepting().next(now) <= now)
        paused_until_.reset();
    }
    if (owner_->port().refuses())
      reject_waiting(event_loop::clock::time_point::max());
    serve_waiting();
    if (!owner_->port().accepts())
      reject_waiting(event_loop::clock::time_point::max());
    set_timer();
    watch_or_quit();
  });
}

void acceptor::retire() {
  use_port(nullptr);
}

bool acceptor::watch() {
  if (watching_ || !port_ || paused_until_ || suspended())
    return true;
  watching_ = true;
  for (auto fd : sockets_)
    if (!loop_.add(fd, EPOLLIN | EPOLLEXCLUSIVE, *this)) {
      auto error = errno;
      unwatch();
      errno = error;
      return false;
    }
  return true;
}

void acceptor::watch_or_quit() {
  if (!watch())
    quit(actor::to_error(exit_reason::abnormal(
      std::string{"cannot watch the port: "} + std::strerror(errno))));
}

void acceptor::unwatch() {
  if (!std::exchange(watching_, false))
    return;
  for (auto fd : sockets_)
    loop_.remove(fd);
}

// -- the end ------------------------------------------------------------------

void acceptor::on_exit() {
  unwatch();
  reject_waiting(event_loop::clock::time_point::max());
  loop_.cancel(*this);
  if (auto& place = owner_->hubs().at(loop_.index()); place.acceptor == this)
    place.acceptor = nullptr;
  if (auto linked = std::exchange(linked_, nullptr)) {
    owner_->hubs().withdraw(loop_.index(), linked);
    linked->end(actor::to_reason(fail_state_), owner_->rt().end_notes);
  }
  if (self_)
    loop_.keep_until_round_ends(std::move(self_));
}

void acceptor::publish(observe::event_kind kind, std::string detail) {
  observe::event ev;
  ev.kind = kind;
  ev.path = path_;
  ev.detail = std::move(detail);
  owner_->rt().events.publish(std::move(ev));
}

} // namespace coppice::net
