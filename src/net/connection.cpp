#include "coppice/net/connection.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/listener.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

// How long a peer that was closed on may take to notice.
constexpr std::chrono::seconds linger_limit{2};

// A peer that sends faster than it is read from is not waited for.
constexpr int discards_at_end = 16;

constexpr std::chrono::milliseconds no_time{0};

} // namespace

connection::connection(caf::actor_config& cfg, std::shared_ptr<listener> owner,
                       reactor& home, connection_table_ptr table,
                       accepted_client client)
    : actor::pinned_actor(cfg, &home),
      owner_(std::move(owner)),
      home_(home),
      table_(std::move(table)),
      sock_(std::move(client.sock)),
      settings_(owner_->settings()),
      limits_(settings_->limits),
      id_(owner_->next_id()),
      traffic_(owner_->at(home_).traffic),
      peer_(client.peer),
      idle_limit_(limits_.idle),
      opened_(home_.now()),
      lives_since_(opened_),
      last_byte_(opened_),
      last_sent_(opened_) {
  record(observe::connection_record::kind::opened, {});
  // Nothing may fail from here on: who is in the table has to be taken out.
  table_->add(*this);
  traffic_.accepted.add(1);
}

// An actor that never ran has not exited either.
connection::~connection() {
  leave("never ran");
}

caf::behavior connection::make_behavior() {
  actor::use_exception_text(*this);
  interest_ = EPOLLIN;
  if (!home_.add(sock_.fd(), interest_, *this)) {
    quit(actor::to_error(exit_reason::abnormal(std::strerror(errno))));
    return {};
  }
  self_ = ctrl();
  watch_time();
  if (auto what = owner_->faults().start.hit(); what && !may_start(*what))
    return {};
  handler_ = settings_->make_handler();
  if (owner_->has_toxics())
    place_toxics(*owner_->toxics());
  handler_->on_connect(*this);
  if (owner_->draining())
    tell_of_drain();
  auto on_exit = [this](caf::exit_msg& msg) {
    on_exit_signal(actor::to_reason(msg.reason));
  };
  auto on_other = [this](caf::message& msg) {
    if (phase_ == phase::open)
      on_message(msg);
  };
  return actor::trapping(*this, on_exit, actor::others(*this, on_other));
}

void connection::on_exit_signal(const exit_reason& reason) {
  if (!reason.plain_shutdown()) {
    quit(actor::to_error(reason));
    return;
  }
  leaving_ = true;
  if (phase_ == phase::open)
    handler_->on_shutdown(*this);
  auto limit = limits_.goodbye;
  if (phase_ == phase::lingering || limit == no_time) {
    quit(actor::to_error(reason));
    return;
  }
  close();
  if (limit)
    home_.arm(*this, *limit);
  else
    home_.cancel(*this);
}

void connection::drain() {
  if (handler_)
    perform([this] { tell_of_drain(); });
}

void connection::tell_of_drain() {
  if (phase_ == phase::open && !std::exchange(drained_, true))
    handler_->on_drain(*this);
}

// -- for handlers -------------------------------------------------------------

void connection::write(std::string_view data) {
  if (phase_ != phase::open)
    return;
  if (pending_.empty() && !data.empty()) {
    auto n = pass_on(data);
    if (n >= 0)
      data.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EAGAIN && errno != EINTR)
      return fail(errno);
  }
  if (data.empty())
    return;
  if (waiting_bytes() + data.size() > limits_.max_output_bytes)
    return abort(exit_reason::shutdown("output_limit"));
  if (pending_.empty())
    begin_to_wait();
  pending_.append(data);
  update_interest();
  if (limits_.send)
    watch_time();
}

void connection::abort(const exit_reason& reason) {
  quit(actor::to_error(reason));
}

void connection::call_when_writable() {
  calls_writable_ = true;
  update_interest();
}

void connection::pause() {
  paused_ = true;
  update_interest();
}

void connection::resume() {
  paused_ = false;
  update_interest();
  if (toxics_)
    set_toxic_timer();
}

void connection::close() {
  if (phase_ != phase::open)
    return;
  phase_ = phase::flushing;
  if (pending_.empty())
    finish_close();
}

std::string connection::path() const {
  return table_->path() + "/connection:" + std::to_string(id_);
}

caf::actor connection::handle() {
  return caf::actor_cast<caf::actor>(ctrl());
}

// -- input and output ---------------------------------------------------------

void connection::on_io(std::uint32_t events) {
  if (!sock_)
    return;
  if (suspended()) {
    home_.remove(sock_.fd());
    unwatched_ = true;
    return;
  }
  perform([this, events] {
    auto both = (events & EPOLLOUT) != 0 && (events & EPOLLIN) != 0;
    if ((events & EPOLLOUT) != 0 && !(both && reads_next_)) {
      reads_next_ = true;
      if (toxics_)
        pump();
      else
        flush();
      return;
    }
    reads_next_ = false;
    if ((interest_ & EPOLLIN) != 0)
      read();
    else if ((events & (EPOLLERR | EPOLLHUP)) != 0)
      fail(ECONNRESET);
  });
}

ssize_t connection::receive(std::span<char> into) {
  auto n = ::recv(sock_.fd(), into.data(), into.size(), 0);
  if (n > 0) {
    bytes_in_ += static_cast<std::uint64_t>(n);
    traffic_.bytes_in.add(static_cast<std::uint64_t>(n));
  }
  return n;
}

ssize_t connection::transmit(std::string_view data) {
  auto& point = owner_->faults().send;
  if (point.armed() && !std::exchange(out_.next_passes, false)) [[unlikely]]
    if (auto what = point.hit())
      return transmit_with_fault(data, *what);
  return send(data);
}

ssize_t connection::send(std::string_view data) {
  auto n = ::send(sock_.fd(), data.data(), data.size(), MSG_NOSIGNAL);
  if (n > 0) {
    bytes_out_ += static_cast<std::uint64_t>(n);
    traffic_.bytes_out.add(static_cast<std::uint64_t>(n));
  }
  return n;
}

void connection::read() {
  auto& point = owner_->faults().recv;
  if (point.armed() && !std::exchange(in_.next_passes, false)) [[unlikely]]
    if (auto what = point.hit())
      return read_with_fault(*what);
  read_once();
}

void connection::read_once(int times) {
  auto into = home_.buffer();
  auto n = receive(into);
  if (toxics_ && absorb(n, times))
    return;
  if (n > 0) {
    last_byte_ = home_.now();
    heard_ = true;
    // A lingering connection only waits for the end.
    for (int i = 0; i < times && phase_ == phase::open && !quitting(); ++i)
      handler_->on_data(*this, {into.data(), static_cast<std::size_t>(n)});
  } else if (n == 0) {
    on_peer_done();
  } else if (errno != EAGAIN && errno != EINTR) {
    fail(errno);
  }
}

void connection::on_peer_done() {
  peer_done_ = true;
  if (phase_ == phase::lingering) {
    quit_closed();
    return;
  }
  update_interest();
  if (phase_ == phase::open)
    handler_->on_half_close(*this);
}

void connection::flush() {
  if (pending_.empty()) {
    calls_writable_ = false;
    update_interest();
    handler_->on_writable(*this);
    return;
  }
  auto n = pass_on(std::string_view{pending_}.substr(pending_offset_));
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR)
      fail(errno);
    return;
  }
  last_sent_ = home_.now();
  pending_offset_ += static_cast<std::size_t>(n);
  if (pending_offset_ < pending_.size())
    return;
  pending_ = {}; // gives the memory back
  pending_offset_ = 0;
  if (phase_ == phase::flushing) {
    finish_close();
    return;
  }
  update_interest();
  handler_->on_writable(*this);
}

// What lies unread when a socket is closed resets the connection, and the peer
// may lose the goodbye.
void connection::discard_input() {
  for (int i = 0; i < discards_at_end; ++i)
    if (receive(home_.buffer()) <= 0)
      return;
}

// Closing a socket whose peer still sends would reset it, and with it bytes
// that the peer has not read yet; so wait for the peer's end, but not for ever.
void connection::finish_close() {
  if (toxics_ && !end_has_passed())
    return;
  if (leaving_) {
    discard_input();
    quit(actor::to_error(exit_reason::shutdown()));
    return;
  }
  if (peer_done_) {
    quit_closed();
    return;
  }
  phase_ = phase::lingering;
  ::shutdown(sock_.fd(), SHUT_WR);
  update_interest();
  home_.arm(*this, linger_limit);
}

// What a peer or the network does to a connection is no crash.
void connection::fail(int error) {
  auto* name = ::strerrorname_np(error);
  quit(actor::to_error(exit_reason::shutdown(name != nullptr ? name : "io")));
}

void connection::update_interest() {
  std::uint32_t wanted = 0;
  if (!pending_.empty())
    wanted = EPOLLOUT;
  else if (!peer_done_ && (!paused_ || phase_ != phase::open))
    wanted = EPOLLIN;
  if (calls_writable_ && phase_ == phase::open)
    wanted |= EPOLLOUT;
  if (toxics_)
    wanted = through_toxics(wanted);
  if (in_.late)
    wanted &= ~std::uint32_t{EPOLLIN};
  if (out_.late)
    wanted &= ~std::uint32_t{EPOLLOUT};
  if (wanted == interest_)
    return;
  auto heard_before = (interest_ & EPOLLIN) != 0;
  interest_ = wanted;
  home_.modify(sock_.fd(), wanted, *this);
  auto limited = idle_limit_ || (limits_.first_byte && !heard_);
  if (!heard_before && (wanted & EPOLLIN) != 0 && limited) {
    last_byte_ = home_.now();
    watch_time();
  }
}

// -- the end ------------------------------------------------------------------

void connection::on_exit() {
  auto reason = actor::to_reason(fail_state_);
  if (!reason.clean() && !follows_)
    report_crash(reason);
  if (handler_) {
    try {
      handler_->on_close(*this, reason);
    } catch (...) {
      report_crash(actor::to_reason(std::current_exception()));
    }
    handler_.reset();
  }
  home_.cancel(*this);
  sock_.close();
  leave(to_string(reason));
  if (std::exchange(toxics_, nullptr))
    owner_->forget_toxics(id_);
  if (self_)
    home_.bury(std::move(self_));
}

void connection::leave(std::string_view reason) {
  auto table = std::exchange(table_, nullptr);
  if (!table)
    return;
  record(observe::connection_record::kind::closed, reason);
  table->remove(*this);
  traffic_.closed.add(1);
  owner_->give_back_address(peer_);
  owner_->give_back();
}

void connection::record(observe::connection_record::kind what,
                        std::string_view reason) {
  observe::connection_record entry;
  entry.what = what;
  entry.time = home_.now();
  entry.connection = id_;
  entry.peer = peer_;
  if (what == observe::connection_record::kind::closed) {
    entry.bytes_in = bytes_in_;
    entry.bytes_out = bytes_out_;
    entry.lasted = entry.time - opened_;
    entry.set_reason(reason);
  }
  owner_->record(home_, entry);
}

void connection::report_crash(const exit_reason& reason) {
  observe::event ev;
  ev.kind = observe::event_kind::connection_crashed;
  ev.path = path();
  ev.cause = owner_->rt().blame.take(ev.path);
  ev.reason = to_string(reason);
  ev.detail = "peer " + to_string(peer_);
  owner_->rt().events.publish(std::move(ev));
}

} // namespace coppice::net
