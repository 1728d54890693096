// SPDX-License-Identifier: BSD-3-Clause

#include "net/connection_actor.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "net/fault_action.hpp"
#include "net/listener_core.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <span>
#include <utility>

namespace coppice::net {

using fault::action_kind;
using supervision::exit_reason;

namespace {

// How long a peer that was closed on may take to notice.
constexpr std::chrono::seconds linger_limit{2};

// A peer that sends faster than it is read from is not waited for.
constexpr int discards_at_end = 16;

// So that what a stage held does not starve other connections.
constexpr int pieces_read_a_turn = 256;

// How often a connection that is suspended looks whether it still is.
constexpr std::chrono::milliseconds suspended_look{100};

constexpr std::chrono::milliseconds no_time{0};

bool try_later(int error) noexcept {
  return error == EAGAIN || error == EINTR;
}

} // namespace

connection_actor::connection_actor(caf::actor_config& cfg,
                                   std::shared_ptr<listener_core> owner,
                                   event_loop& loop, connection_table_ptr table,
                                   accepted_client client)
    : actor::pinned_actor(cfg, &loop),
      owner_(std::move(owner)),
      loop_(loop),
      table_(std::move(table)),
      settings_(owner_->settings()),
      traffic_(owner_->hubs().at(loop_.index()).traffic),
      stages_(std::move(client.sock), traffic_),
      id_(owner_->next_id()),
      peer_(client.peer),
      opened_(loop_.now()),
      deadlines_(settings_->limits, opened_) {
  record(observe::connection_record::kind::opened, {});
  // Nothing may fail from here on: what is in the table has to be taken out.
  table_->add(*this);
  traffic_.accepted.add(1);
}

// An actor that never ran has not exited either.
connection_actor::~connection_actor() {
  leave("never ran");
}

caf::behavior connection_actor::make_behavior() {
  actor::use_exception_text(*this);
  interest_ = EPOLLIN;
  if (!loop_.add(stages_.socket_end().fd(), interest_, *this)) {
    quit(actor::to_error(exit_reason::abnormal(std::strerror(errno))));
    return {};
  }
  self_ = ctrl();
  watch_time();
  if (auto decision = owner_->faults().start.hit();
      decision && !may_start(*decision))
    return {};
  handler_ = settings_->make_handler();
  if (!owner_->toxics().empty())
    place_toxics(*owner_->toxics().list());
  handler_->on_connect(*this);
  if (owner_->port().draining())
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

void connection_actor::on_exit_signal(const exit_reason& reason) {
  if (!reason.plain_shutdown()) {
    quit(actor::to_error(reason));
    return;
  }
  leaving_ = true;
  if (phase_ == phase::open)
    handler_->on_shutdown(*this);
  auto limit = settings_->limits.goodbye;
  if (phase_ == phase::lingering || limit == no_time) {
    quit(actor::to_error(reason));
    return;
  }
  close();
  if (limit)
    loop_.arm(*this, *limit);
  else
    loop_.cancel(*this);
}

void connection_actor::drain() {
  if (handler_)
    perform([this] { tell_of_drain(); });
}

void connection_actor::tell_of_drain() {
  if (phase_ == phase::open && !std::exchange(drain_told_, true))
    handler_->on_drain(*this);
}

void connection_actor::on_message(caf::message& msg) {
  auto& point = owner_->rt().points.mailbox;
  if (!point.armed()) [[likely]]
    return handler_->on_message(*this, msg);
  auto decision = point.hit(path());
  if (!decision)
    return handler_->on_message(*this, msg);
  switch (decision->kind) {
  case action_kind::drop:
    return;
  case action_kind::dup: {
    auto copy = msg;
    handler_->on_message(*this, copy);
    break;
  }
  case action_kind::delay:
    run_after(decision->time.value_or(std::chrono::nanoseconds{0}),
              [this, msg]() mutable {
                if (phase_ == phase::open)
                  handler_->on_message(*this, msg);
              });
    return;
  default:
    be_struck(*decision);
    if (decision->kind != action_kind::hang)
      return;
  }
  handler_->on_message(*this, msg);
}

// -- for handlers -------------------------------------------------------------

void connection_actor::write(std::string_view data) {
  if (phase_ != phase::open)
    return;
  if (output_.empty() && !data.empty()) {
    auto n = transmit(data);
    if (n >= 0)
      data.remove_prefix(static_cast<std::size_t>(n));
    else if (!try_later(errno))
      return fail(errno);
  }
  if (data.empty())
    return;
  if (waiting_bytes() + data.size() > settings_->limits.max_output_bytes)
    return abort(exit_reason::shutdown("output_limit"));
  if (output_.empty())
    begin_to_wait();
  output_.push(data);
  update_interest();
  if (deadlines_.limits_sending())
    watch_time();
}

void connection_actor::abort(const exit_reason& reason) {
  quit(actor::to_error(reason));
}

void connection_actor::call_when_writable() {
  calls_writable_ = true;
  update_interest();
}

void connection_actor::pause() {
  paused_ = true;
  update_interest();
}

void connection_actor::resume() {
  paused_ = false;
  update_interest();
  stages_.top().schedule();
}

void connection_actor::set_timeout(
  std::optional<std::chrono::milliseconds> idle) {
  deadlines_.set_idle_limit(idle);
  watch_time();
}

void connection_actor::close() {
  if (phase_ != phase::open)
    return;
  phase_ = phase::flushing;
  stages_.top().ignore_input();
  if (output_.empty())
    finish_close();
}

std::string connection_actor::path() const {
  return table_->path() + "/connection:" + std::to_string(id_);
}

caf::actor connection_actor::handle() {
  return caf::actor_cast<caf::actor>(ctrl());
}

// -- bytes --------------------------------------------------------------------

void connection_actor::on_io(std::uint32_t events) {
  if (!stages_.socket_end().is_open())
    return;
  if (suspended()) {
    loop_.remove(stages_.socket_end().fd());
    unwatched_ = true;
    return;
  }
  perform([this, events] {
    auto both = (events & EPOLLOUT) != 0 && (events & EPOLLIN) != 0;
    if ((events & EPOLLOUT) != 0 && !(both && reads_next_)) {
      reads_next_ = true;
      if (stages_.only_socket())
        flush();
      else
        pump();
      return;
    }
    reads_next_ = false;
    if ((interest_ & EPOLLIN) == 0) {
      if ((events & (EPOLLERR | EPOLLHUP)) != 0)
        fail(ECONNRESET);
      return;
    }
    if (owner_->faults().recv.armed()) [[unlikely]]
      place_faults();
    read();
    if (!stages_.only_socket() && !quitting())
      pump();
  });
}

void connection_actor::read() {
  auto into = loop_.buffer();
  auto n = stages_.receive(into);
  if (n > 0) {
    deadlines_.on_heard(loop_.now());
    // A connection that closes only waits for the peer's end.
    if (phase_ == phase::open)
      handler_->on_data(*this, {into.data(), static_cast<std::size_t>(n)});
  } else if (n == 0) {
    on_peer_done();
  } else if (!try_later(errno)) {
    fail(errno);
  }
}

void connection_actor::on_peer_done() {
  peer_done_ = true;
  if (phase_ == phase::lingering) {
    quit_closed();
    return;
  }
  update_interest();
  if (phase_ == phase::open)
    handler_->on_half_close(*this);
}

ssize_t connection_actor::transmit(std::string_view data) {
  if (owner_->faults().send.armed()) [[unlikely]]
    place_faults();
  return stages_.transmit(data);
}

void connection_actor::flush() {
  if (output_.empty()) {
    calls_writable_ = false;
    update_interest();
    handler_->on_writable(*this);
    return;
  }
  auto n = transmit(output_.front());
  if (n < 0) {
    if (!try_later(errno))
      fail(errno);
    return;
  }
  deadlines_.on_sent(loop_.now());
  output_.pop(static_cast<std::size_t>(n));
  if (!output_.empty())
    return;
  if (phase_ == phase::flushing) {
    finish_close();
    return;
  }
  update_interest();
  handler_->on_writable(*this);
}

// Moves what may move by now in both directions, where stages hold bytes.
// Toxics that were taken off go here and nowhere else, once they hold nothing.
void connection_actor::pump() {
  if (phase_ == phase::lingering)
    return;
  if (owner_->faults().send.armed()) [[unlikely]]
    place_faults();
  auto& stages = stages_.top();
  if (auto error = stages.advance(); error != 0)
    return fail(error);
  auto has_output
    = !output_.empty() || (calls_writable_ && phase_ == phase::open);
  if (has_output && stages.takes_output())
    flush();
  for (int i = 0; i < pieces_read_a_turn && stages.has_input(); ++i) {
    if (!wants_input())
      break;
    read();
  }
  if (!quitting()) {
    if (auto end = stages.take_forced_end())
      obey(*end);
    else if (phase_ == phase::flushing && output_.empty())
      finish_close();
    else if (wants_input() && !peer_done_ && stages.take_input_end())
      on_peer_done();
  }
  if (quitting() || phase_ == phase::lingering)
    return;
  if (auto* toxics = stages_.toxics(); toxics != nullptr && toxics->idle())
    stages_.set_toxics(nullptr);
  stages_.top().schedule();
  update_interest();
}

void connection_actor::place_faults() {
  stages_.faults(*this, owner_->faults());
}

void connection_actor::sync_toxics(const toxic_list& all) {
  if (handler_)
    perform([&] { place_toxics(all); });
}

void connection_actor::place_toxics(const toxic_list& all) {
  toxic_list mine;
  for (auto& placed : all)
    if (!placed.connection || *placed.connection == id_)
      mine.push_back(placed);
  if (phase_ == phase::lingering
      || (mine.empty() && stages_.toxics() == nullptr))
    return;
  if (stages_.toxics() == nullptr) {
    stages_.set_toxics(std::make_unique<toxic_link>(
      stages_.top(), static_cast<stage_host&>(*this), loop_,
      settings_->limits.max_output_bytes, owner_->toxic_seed() + id_));
    if (phase_ != phase::open)
      stages_.top().ignore_input();
  }
  stages_.toxics()->assign(mine);
  pump();
}

void connection_actor::update_interest() {
  std::uint32_t wanted = 0;
  if (!output_.empty())
    wanted = EPOLLOUT;
  else if (!peer_done_ && (!paused_ || phase_ != phase::open))
    wanted = EPOLLIN;
  if (calls_writable_ && phase_ == phase::open)
    wanted |= EPOLLOUT;
  if (!stages_.only_socket())
    wanted = stages_.top().interest(wanted);
  if (wanted == interest_)
    return;
  auto read_before = (interest_ & EPOLLIN) != 0;
  interest_ = wanted;
  loop_.modify(stages_.socket_end().fd(), wanted, *this);
  if (!read_before && (wanted & EPOLLIN) != 0 && deadlines_.limits_silence()) {
    deadlines_.restart_silence(loop_.now());
    watch_time();
  }
}

// -- time ---------------------------------------------------------------------

deadlines::situation connection_actor::situation() const noexcept {
  return {.reads = phase_ == phase::open && (interest_ & EPOLLIN) != 0,
          .output_waits = output_waits()};
}

void connection_actor::begin_to_wait() {
  deadlines_.on_output_waits(
    loop_.now(),
    deadlines_.limits_sending() ? stages_.socket_end().taken_by_peer() : 0);
}

// The timer is set for the earliest limit and looks again when it fires, so
// that a byte costs no more than to remember its time.
void connection_actor::watch_time() {
  if (phase_ == phase::lingering || leaving_)
    return;
  auto now = loop_.now();
  if (auto look = deadlines_.next_look(situation(), now))
    loop_.arm(*this, *look - now);
  else
    loop_.cancel(*this);
}

void connection_actor::on_timer() {
  if (suspended()) {
    loop_.arm(*this, suspended_look);
    return;
  }
  perform([this] {
    if (fires_late(owner_->faults().timer, loop_, *this, late_timer_,
                   [this](auto& decision) { be_struck(decision); }))
      return;
    if (leaving_) {
      quit(actor::to_error(exit_reason::shutdown()));
      return;
    }
    if (phase_ == phase::lingering) {
      quit_closed();
      return;
    }
    if (deadlines_.limits_sending() && output_waits())
      deadlines_.on_taken(loop_.now(), stages_.socket_end().taken_by_peer());
    auto next = deadlines_.next(situation());
    if (next && next->at <= loop_.now())
      expire(next->limit);
    watch_time();
  });
}

void connection_actor::expire(time_limit limit) {
  if (phase_ != phase::open) {
    abort(exit_reason::shutdown(std::string{to_string(limit)} + "_timeout"));
    return;
  }
  handler_->on_timeout(*this, limit);
  deadlines_.restart(limit, loop_.now());
}

void connection_actor::on_resumed() {
  loop_.run_soon([this, self = caf::strong_actor_ptr{ctrl()}] {
    if (!stages_.socket_end().is_open() || suspended())
      return;
    deadlines_.restart_silence(loop_.now()); // nothing was read
    watch_time();
    stages_.top().schedule();
    if (!std::exchange(unwatched_, false))
      return;
    if (!loop_.add(stages_.socket_end().fd(), interest_, *this))
      perform([this] { fail(errno); });
  });
}

// -- for the stages -----------------------------------------------------------

bool connection_actor::wants_input() const noexcept {
  return phase_ == phase::open && !paused_ && output_.empty() && !quitting();
}

void connection_actor::on_stage_due() {
  // A connection that is suspended goes on when it is resumed.
  if (stages_.socket_end().is_open() && !suspended())
    perform([this] { pump(); });
}

void connection_actor::on_heard() {
  deadlines_.on_heard(loop_.now());
}

void connection_actor::on_output_moved() {
  deadlines_.on_sent(loop_.now());
}

void connection_actor::on_output_blocked() {
  begin_to_wait();
  watch_time();
}

void connection_actor::run_after(std::chrono::nanoseconds delay,
                                 std::function<void()> fn) {
  loop_.run_after(
    delay, [this, fn = std::move(fn), self = caf::weak_actor_ptr{ctrl()}] {
      if (auto alive = self.lock(); alive && stages_.socket_end().is_open())
        perform(fn);
    });
}

// -- faults -------------------------------------------------------------------

void connection_actor::be_struck(const fault::decision& decision) {
  accuse(owner_->rt(), path(), decision);
  strike(*this, decision);
}

// Returns whether it starts after all.
bool connection_actor::may_start(const fault::decision& decision) {
  switch (decision.kind) {
  case action_kind::error:
    fail(decision.error_code);
    return false;
  case action_kind::drop:
    quit();
    return false;
  case action_kind::delay:
    place_faults();
    stages_.faults(*this, owner_->faults()).hold_up_input(lateness{decision});
    return true;
  default:
    be_struck(decision);
    return decision.kind == action_kind::hang;
  }
}

// -- the end ------------------------------------------------------------------

// Closing a socket whose peer still sends would reset it, and with it bytes
// that the peer has not read yet; so wait for the peer's end, but not for ever.
void connection_actor::finish_close() {
  switch (stages_.top().finish()) {
  case stage::progress::waits:
    return;
  case stage::progress::failed:
    return fail(errno);
  case stage::progress::done:
    break;
  }
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
  stages_.socket_end().end_output();
  update_interest();
  loop_.arm(*this, linger_limit);
}

void connection_actor::obey(const stage::forced_end& end) {
  if (end.reset) {
    stages_.socket_end().reset_on_close();
    quit(actor::to_error(end.reason));
    return;
  }
  if (end.output_lost)
    output_.clear();
  if (phase_ == phase::open)
    close();
  else if (output_.empty())
    finish_close();
}

// What lies unread when a socket is closed resets the connection, and the peer
// may lose the goodbye.
void connection_actor::discard_input() {
  for (int i = 0; i < discards_at_end; ++i)
    if (stages_.socket_end().receive(loop_.buffer()) <= 0)
      return;
}

// What a peer or the network does to a connection is no crash.
void connection_actor::fail(int error) {
  auto* name = ::strerrorname_np(error);
  quit(actor::to_error(exit_reason::shutdown(name != nullptr ? name : "io")));
}

void connection_actor::quit_closed() {
  if (auto* reason = stages_.top().close_reason())
    quit(actor::to_error(*reason));
  else
    quit();
}

void connection_actor::on_exit() {
  auto reason = actor::to_reason(fail_state_);
  if (!reason.clean() && !follows_hub())
    report_crash(reason);
  if (handler_) {
    try {
      handler_->on_close(*this, reason);
    } catch (...) {
      report_crash(actor::to_reason(std::current_exception()));
    }
    handler_.reset();
  }
  loop_.cancel(*this);
  stages_.socket_end().close();
  leave(to_string(reason));
  if (stages_.toxics() != nullptr) {
    stages_.set_toxics(nullptr);
    owner_->toxics().forget(id_);
  }
  if (self_)
    loop_.bury(std::move(self_));
}

void connection_actor::leave(std::string_view reason) {
  auto table = std::exchange(table_, nullptr);
  if (!table)
    return;
  record(observe::connection_record::kind::closed, reason);
  table->remove(*this);
  traffic_.closed.add(1);
  owner_->admission().give_back_address(peer_);
  owner_->give_back_place();
}

void connection_actor::record(observe::connection_record::kind kind,
                              std::string_view reason) {
  observe::connection_record entry;
  entry.what = kind;
  entry.time = loop_.now();
  entry.connection = id_;
  entry.peer = peer_;
  if (kind == observe::connection_record::kind::closed) {
    entry.bytes_in = stages_.socket_end().bytes_in();
    entry.bytes_out = stages_.socket_end().bytes_out();
    entry.lasted = entry.time - opened_;
    entry.set_reason(reason);
  }
  owner_->hubs().record(loop_.index(), entry);
}

void connection_actor::report_crash(const exit_reason& reason) {
  observe::event ev;
  ev.kind = observe::event_kind::connection_crashed;
  ev.path = path();
  ev.cause = owner_->rt().blame.take(ev.path);
  ev.reason = to_string(reason);
  ev.detail = "peer " + to_string(peer_);
  owner_->rt().events.publish(std::move(ev));
}

} // namespace coppice::net
