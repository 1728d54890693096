#include "coppice/net/listener.hpp"

#include "net/connection_actor.hpp"
#include "net/connection_table.hpp"
#include "observe/path.hpp"

#include <cerrno>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <utility>

namespace coppice::net {

namespace {

// How long starts and ends of connections may wait to be read together.
constexpr std::chrono::milliseconds log_delay{100};

constexpr auto taken_over = "its place was taken by who was started later";

constexpr auto unlimited = std::numeric_limits<std::int64_t>::max();
constexpr auto no_limit_by_address = std::numeric_limits<std::size_t>::max();

bool has_address(const observe::peer_address& who) {
  return who.family != observe::peer_address::kind::unix_socket;
}

} // namespace

std::string_view to_string(topology value) {
  switch (value) {
  case topology::linked:
    return "linked";
  case topology::supervised:
    return "supervised";
  }
  return {};
}

std::string_view to_string(listener_state value) {
  switch (value) {
  case listener_state::down:
    return "down";
  case listener_state::listening:
    return "listening";
  case listener_state::suspended:
    return "suspended";
  case listener_state::draining:
    return "draining";
  }
  return {};
}

listener::listener(listener_config config, actor::runtime_ptr rt,
                   std::vector<reactor_ptr> reactors)
    : config_(std::move(config)),
      rt_(std::move(rt)),
      faults_(rt_->faults),
      reactors_(std::move(reactors)),
      homes_(reactors_.size()),
      settings_(std::make_shared<const connection_settings>(
        connection_settings{config_.limits, config_.make_handler})),
      listening_(config_.listening) {
  apply(config_.limits);
}

// -- looking at it ------------------------------------------------------------

std::string listener::path() const {
  std::lock_guard guard{mutex_};
  return path_;
}

listener_state listener::state() const {
  if (draining_)
    return listener_state::draining;
  if (suspended_)
    return listener_state::suspended;
  return port() ? listener_state::listening : listener_state::down;
}

std::optional<endpoint> listener::local() const {
  std::lock_guard guard{mutex_};
  return bound_;
}

std::string listener::open_error() const {
  std::lock_guard guard{mutex_};
  return open_error_;
}

std::shared_ptr<net::port> listener::port() const {
  std::lock_guard guard{mutex_};
  return port_;
}

std::shared_ptr<net::port> listener::port(std::uint64_t owner) const {
  std::lock_guard guard{mutex_};
  return owner == port_owner_ ? port_ : nullptr;
}

std::uint64_t listener::port_owner() const {
  std::lock_guard guard{mutex_};
  return port_owner_;
}

std::shared_ptr<const connection_settings> listener::settings() const {
  std::lock_guard guard{mutex_};
  return settings_;
}

std::int64_t listener::active() const noexcept {
  std::uint64_t result = 0;
  for (auto& home : homes_) {
    auto closed = home.traffic.closed.get(); // first, so that it is not more
    result += home.traffic.accepted.get() - closed;
  }
  return static_cast<std::int64_t>(result);
}

std::string listener::connections_text() const {
  auto n = active();
  return std::to_string(n) + (n == 1 ? " connection" : " connections");
}

std::vector<traffic> listener::counters_by_reactor() const {
  std::vector<traffic> result;
  for (auto& home : homes_)
    result.push_back(home.traffic.read());
  return result;
}

traffic listener::counters() const noexcept {
  traffic result;
  for (auto& home : homes_)
    result += home.traffic.read();
  return result;
}

// -- the port -----------------------------------------------------------------

std::uint64_t listener::own_port(const std::string& path,
                                 caf::actor_id supervisor) {
  std::lock_guard one_at_a_time{port_mutex_};
  {
    std::lock_guard guard{mutex_};
    if (supervisor < port_parent_) {
      open_error_ = taken_over;
      return 0;
    }
    port_parent_ = supervisor;
  }
  // The owner below a supervisor that was killed may not have ended yet.
  shut();
  {
    std::lock_guard guard{mutex_};
    path_ = observe::parent_of(observe::parent_of(path)); // of the port's
    port_owner_ = ++last_owner_;
    if (suspended_ || refuses())
      return port_owner_;
  }
  auto opened = open();
  std::lock_guard guard{mutex_};
  if (!opened)
    port_owner_ = 0;
  return port_owner_;
}

void listener::disown_port(std::uint64_t owner) {
  std::lock_guard one_at_a_time{port_mutex_};
  {
    std::lock_guard guard{mutex_};
    if (port_owner_ != owner)
      return;
    port_owner_ = 0;
  }
  shut();
}

// Opens the port where it was; returns whether that went well.
bool listener::open() {
  std::unique_lock guard{mutex_};
  auto options = listening_;
  auto where = bound_.value_or(config_.where);
  guard.unlock();
  auto result = config_.inherited.empty() ? listen_on(where, options)
                                          : adopt(config_.inherited, options);
  auto picked_by_kernel = where.port() != config_.where.port();
  if (result.error == EADDRINUSE && picked_by_kernel)
    result = listen_on(config_.where, options);
  guard.lock();
  open_error_ = result.message;
  if (!result.port)
    return false;
  port_ = std::move(result.port);
  bound_ = port_->local();
  guard.unlock();
  tell_acceptors();
  return true;
}

void listener::shut() {
  std::unique_lock guard{mutex_};
  auto former = std::exchange(port_, nullptr);
  guard.unlock();
  if (!former)
    return;
  former->shut();
  tell_acceptors();
}

void listener::suspend() {
  std::lock_guard one_at_a_time{port_mutex_};
  if (suspended_.exchange(true) || draining_)
    return;
  shut();
  publish(observe::event_kind::suspended, connections_text() + " may go on");
}

std::string listener::resume() {
  std::lock_guard one_at_a_time{port_mutex_};
  if (draining_)
    return "it drains, and takes no more clients";
  if (down_)
    return "a toxic has it down; coppice toxic reset takes it off";
  std::unique_lock guard{mutex_};
  auto owned = port_owner_ != 0;
  guard.unlock();
  if (!suspended_.exchange(false) || !owned)
    return {}; // whoever owns the port next opens it
  if (!open()) {
    suspended_ = true;
    return open_error();
  }
  publish(observe::event_kind::listening, to_string(*local()));
  return {};
}

// -- how many there may be ----------------------------------------------------

bool listener::take_place() {
  for (auto now = places_.load(std::memory_order_relaxed);;) {
    if (now < most_.load(std::memory_order_relaxed)) {
      if (places_.compare_exchange_weak(now, now + 1))
        return true;
      continue;
    }
    // Somebody may have left before he could see that there is somebody to
    // tell.
    full_.store(true);
    now = places_.load();
    if (now >= most_.load())
      return false;
  }
}

bool listener::take_address(const observe::peer_address& who) {
  return !has_address(who) || addresses_.take(who, most_per_address_.load());
}

void listener::give_back_address(const observe::peer_address& who) {
  if (has_address(who))
    addresses_.give_back(who);
}

void listener::give_back() {
  // Ordered with the store to draining_, so that one of the two sees the other.
  auto last = places_.fetch_sub(1) == 1;
  if (full_.load())
    tell_acceptors();
  if (last && draining_.load())
    call_drained();
}

void listener::check_alarm() {
  auto threshold = alarm_at_.load(std::memory_order_relaxed);
  if (threshold == unlimited || active() < threshold)
    return;
  auto now = reactor::clock::now().time_since_epoch().count();
  auto quiet_until = quiet_until_.load();
  auto period = reactor::clock::duration{limits().alarm_period}.count();
  if (now >= quiet_until
      && quiet_until_.compare_exchange_strong(quiet_until, now + period))
    publish(observe::event_kind::alarm, connections_text() + " open");
}

void listener::tell_acceptors() {
  full_.store(false);
  for (auto& reactor : reactors_)
    reactor->run_soon([self = shared_from_this(), reactor = reactor.get()] {
      if (auto* acceptor = self->at(*reactor).user)
        acceptor->on_change();
    });
}

// -- settings -----------------------------------------------------------------

void listener::apply(const net::limits& value) {
  auto as_count = [](const std::optional<std::size_t>& limit) {
    return limit && *limit < static_cast<std::size_t>(unlimited)
             ? static_cast<std::int64_t>(*limit)
             : unlimited;
  };
  most_ = as_count(value.max_connections);
  alarm_at_ = as_count(value.alarm);
  most_per_address_ = value.max_per_address.value_or(no_limit_by_address);
}

void listener::set_limits(const net::limits& value) {
  std::unique_lock guard{mutex_};
  settings_ = std::make_shared<const connection_settings>(
    connection_settings{value, settings_->make_handler});
  apply(value);
  guard.unlock();
  tell_acceptors();
}

void listener::set_handler(handler_factory make) {
  std::lock_guard guard{mutex_};
  settings_ = std::make_shared<const connection_settings>(
    connection_settings{settings_->limits, std::move(make)});
}

void listener::set_listen_options(const listen_options& value) {
  std::lock_guard guard{mutex_};
  listening_ = value;
}

// -- the hubs of connections --------------------------------------------------

connection_table_ptr listener::join(const reactor& r, const std::string& path,
                                    caf::actor_id supervisor) {
  auto& place = at(r);
  if (supervisor < place.hub_parent)
    throw std::runtime_error(taken_over);
  place.hub_parent = supervisor;
  // Nobody was there to tell it: the supervisor had ended before the hub.
  if (auto words = rt_->last_words.take(path); !words.empty())
    rt_->events.publish({.kind = observe::event_kind::notice,
                         .path = path,
                         .detail = "its last end went untold: " + words});
  place.log = rt_->connections.at(path);
  place.table
    = std::make_shared<connection_table>(path, rt_->tree.connections(path));
  return place.table;
}

void listener::enter(const reactor& r, accepting_side& who,
                     caf::actor_id supervisor) {
  auto& place = at(r);
  if (supervisor < place.user_parent)
    throw std::runtime_error(taken_over);
  place.user_parent = supervisor;
  if (auto* former = std::exchange(place.user, &who))
    former->retire();
}

void listener::withdraw(const reactor& r, const connection_table_ptr& table) {
  if (auto& place = at(r); place.table == table)
    place.table = nullptr;
}

void listener::record(reactor& r, const observe::connection_record& what) {
  auto& place = at(r);
  place.log->push(what);
  if (++place.unread >= observe::connection_log::source::capacity / 2) {
    place.unread = 0;
    rt_->connections.flush();
  }
  if (std::exchange(place.flushing, true))
    return;
  // Weak, since the reactor that keeps this is kept by the listener.
  r.run_after(log_delay, [weak = weak_from_this(), &place] {
    auto self = weak.lock();
    if (!self)
      return;
    place.flushing = false;
    place.unread = 0;
    self->rt_->connections.flush();
  });
}

// -- the end ------------------------------------------------------------------

void listener::drain(std::function<void()> drained) {
  if (drained) {
    std::lock_guard guard{mutex_};
    drained_.push_back(std::move(drained));
  }
  if (!draining_.exchange(true)) {
    std::lock_guard one_at_a_time{port_mutex_};
    shut();
    publish(observe::event_kind::draining, connections_text() + " may finish");
    tell_connections_of_drain();
  }
  if (places_.load() == 0)
    call_drained();
}

void listener::tell_connections_of_drain() {
  for (auto& reactor : reactors_)
    reactor->run_soon([self = shared_from_this(), reactor = reactor.get()] {
      if (auto table = self->at(*reactor).table)
        table->for_each([](connection_actor& c) { c.drain(); });
    });
}

void listener::call_drained() {
  std::unique_lock guard{mutex_};
  auto waiting = std::exchange(drained_, {});
  guard.unlock();
  for (auto& fn : waiting)
    fn();
}

void listener::publish(observe::event_kind kind, std::string detail) const {
  observe::event ev;
  ev.kind = kind;
  ev.path = path();
  ev.detail = std::move(detail);
  rt_->events.publish(std::move(ev));
}

} // namespace coppice::net
