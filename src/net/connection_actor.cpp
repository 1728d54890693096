// SPDX-License-Identifier: BSD-3-Clause

#include "net/connection_actor.hpp"

#include "actor/fault_points.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "net/fault_action.hpp"
#include "net/listener_core.hpp"
#include "observe/blame.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

namespace coppice::net {

using fault::action_kind;
using supervision::exit_reason;

namespace {

// How long a peer that was closed on may take to notice.
constexpr std::chrono::seconds linger_limit{2};

// So that what a stage held does not starve other connections.
constexpr int pieces_read_a_turn = 256;

// How often a connection that is suspended looks whether it still is.
constexpr std::chrono::milliseconds suspended_look{100};

constexpr std::chrono::milliseconds no_time{0};

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
      bytes_(std::move(client.sock), traffic_, *this, owner_->faults()),
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
  if (!loop_.add(bytes_.socket_end().fd(), bytes_.interest(), *this)) {
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
  if (std::exchange(leaving_, true))
    return; // its time runs already
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
    apply_fault(*decision);
    if (decision->kind != action_kind::hang)
      return;
  }
  handler_->on_message(*this, msg);
}

// -- for handlers -------------------------------------------------------------

void connection_actor::write(std::string_view data) {
  if (phase_ != phase::open)
    return;
  if (auto error = bytes_.send(data); error != 0)
    return fail(error);
  if (data.empty())
    return;
  if (waiting_bytes() + data.size() > settings_->limits.max_output_bytes)
    return abort(exit_reason::shutdown("output_limit"));
  if (!bytes_.output_waits())
    begin_to_wait();
  bytes_.push(data);
  update_interest();
  if (deadlines_.limits_sending())
    watch_time();
}

void connection_actor::abort(const exit_reason& reason) {
  quit(actor::to_error(reason));
}

void connection_actor::call_when_writable() {
  bytes_.call_when_writable();
  update_interest();
}

void connection_actor::pause_reading() {
  bytes_.pause(true);
  update_interest();
}

void connection_actor::resume_reading() {
  bytes_.pause(false);
  update_interest();
  bytes_.schedule();
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
  bytes_.begin_close();
  if (!bytes_.output_waits())
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
  if (!bytes_.socket_end().is_open())
    return;
  if (suspended()) {
    loop_.remove(bytes_.socket_end().fd());
    unwatched_ = true;
    return;
  }
  perform([this, events] {
    switch (bytes_.next_turn(events)) {
    case byte_flow::turn::none:
      return;
    case byte_flow::turn::hung_up:
      fail(ECONNRESET);
      return;
    case byte_flow::turn::write:
      if (bytes_.only_socket())
        flush();
      else
        pump();
      return;
    case byte_flow::turn::read:
      read();
      if (!bytes_.only_socket() && !quitting())
        pump();
      return;
    }
  });
}

void connection_actor::read() {
  auto into = loop_.buffer();
  auto n = bytes_.receive(into);
  if (n > 0) {
    deadlines_.on_heard(loop_.now());
    // A connection that closes only waits for the peer's end.
    if (phase_ == phase::open)
      handler_->on_data(*this, {into.data(), static_cast<std::size_t>(n)});
  } else if (n == 0) {
    on_input_end();
  } else if (errno != EAGAIN && errno != EINTR) {
    fail(errno);
  }
}

void connection_actor::on_input_end() {
  if (phase_ == phase::lingering) {
    quit_closed();
    return;
  }
  update_interest();
  if (phase_ == phase::open)
    handler_->on_half_close(*this);
}

void connection_actor::flush() {
  switch (bytes_.flush()) {
  case byte_flow::flushed::failed:
    fail(errno);
    return;
  case byte_flow::flushed::none:
    return;
  case byte_flow::flushed::some:
    deadlines_.on_sent(loop_.now());
    return;
  case byte_flow::flushed::all:
    deadlines_.on_sent(loop_.now());
    if (phase_ == phase::flushing) {
      finish_close();
      return;
    }
    break;
  case byte_flow::flushed::nothing_waits:
    break;
  }
  update_interest();
  handler_->on_writable(*this);
}

// Moves what may move by now in both directions, where stages hold bytes.
// Toxics that were taken off go here and nowhere else, once they hold nothing.
void connection_actor::pump() {
  if (phase_ == phase::lingering)
    return;
  if (auto error = bytes_.advance(); error != 0)
    return fail(error);
  if (bytes_.can_flush())
    flush();
  for (int i = 0; i < pieces_read_a_turn && bytes_.has_input(); ++i) {
    if (!wants_input())
      break;
    read();
  }
  if (!quitting()) {
    if (auto end = bytes_.take_forced_end())
      obey(*end);
    else if (phase_ == phase::flushing && !bytes_.output_waits())
      finish_close();
    else if (wants_input() && bytes_.take_input_end())
      on_input_end();
  }
  if (quitting() || phase_ == phase::lingering)
    return;
  bytes_.settle();
  update_interest();
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
      || (mine.empty() && bytes_.toxics() == nullptr))
    return;
  bytes_
    .put_in_toxics(loop_, settings_->limits.max_output_bytes,
                   owner_->toxic_seed() + id_)
    .assign(mine);
  pump();
}

void connection_actor::update_interest() {
  auto read_before = bytes_.reads();
  if (!bytes_.update_interest())
    return;
  loop_.modify(bytes_.socket_end().fd(), bytes_.interest(), *this);
  if (!read_before && bytes_.reads() && deadlines_.limits_silence()) {
    deadlines_.restart_silence(loop_.now());
    watch_time();
  }
}

// -- time ---------------------------------------------------------------------

deadlines::situation connection_actor::situation() const noexcept {
  return {.reads = phase_ == phase::open && bytes_.reads(),
          .output_waits = bytes_.output_blocked()};
}

void connection_actor::begin_to_wait() {
  deadlines_.on_output_waits(
    loop_.now(),
    deadlines_.limits_sending() ? bytes_.socket_end().taken_by_peer() : 0);
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
                   [this](auto& decision) { apply_fault(decision); }))
      return;
    if (leaving_) {
      quit(actor::to_error(exit_reason::shutdown()));
      return;
    }
    if (phase_ == phase::lingering) {
      quit_closed();
      return;
    }
    if (deadlines_.limits_sending() && bytes_.output_blocked())
      deadlines_.on_taken(loop_.now(), bytes_.socket_end().taken_by_peer());
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
    if (!bytes_.socket_end().is_open() || suspended())
      return;
    deadlines_.restart_silence(loop_.now()); // nothing was read
    watch_time();
    bytes_.schedule();
    if (!std::exchange(unwatched_, false))
      return;
    if (!loop_.add(bytes_.socket_end().fd(), bytes_.interest(), *this))
      perform([this] { fail(errno); });
  });
}

// -- for the stages -----------------------------------------------------------

bool connection_actor::wants_input() const noexcept {
  return phase_ == phase::open && !bytes_.paused() && !bytes_.output_waits()
         && !quitting();
}

void connection_actor::on_stage_due() {
  // A connection that is suspended goes on when it is resumed.
  if (bytes_.socket_end().is_open() && !suspended())
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
      if (auto alive = self.lock(); alive && bytes_.socket_end().is_open())
        perform(fn);
    });
}

// -- faults -------------------------------------------------------------------

void connection_actor::apply_fault(const fault::decision& decision) {
  name_as_cause(owner_->rt(), path(), decision);
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
    bytes_.faults().hold_up_input(lateness{decision});
    return true;
  default:
    apply_fault(decision);
    return decision.kind == action_kind::hang;
  }
}

// -- the end ------------------------------------------------------------------

// Closing a socket whose peer still sends would reset it, and with it bytes
// that the peer has not read yet; so wait for the peer's end, but not for ever.
void connection_actor::finish_close() {
  switch (bytes_.finish()) {
  case stage::progress::waits:
    return;
  case stage::progress::failed:
    return fail(errno);
  case stage::progress::done:
    break;
  }
  if (leaving_) {
    // What lies unread when a socket is closed resets the connection, and the
    // peer may lose the goodbye.
    bytes_.discard_input(loop_.buffer());
    quit(actor::to_error(exit_reason::shutdown()));
    return;
  }
  if (bytes_.input_ended()) {
    quit_closed();
    return;
  }
  phase_ = phase::lingering;
  bytes_.socket_end().end_output();
  update_interest();
  loop_.arm(*this, linger_limit);
}

void connection_actor::obey(const stage::forced_end& end) {
  if (end.reset) {
    bytes_.socket_end().reset_on_close();
    quit(actor::to_error(end.reason));
    return;
  }
  if (end.output_lost)
    bytes_.drop_output();
  if (phase_ == phase::open)
    close();
  else if (!bytes_.output_waits())
    finish_close();
}

// What a peer or the network does to a connection is no crash.
void connection_actor::fail(int error) {
  auto* name = ::strerrorname_np(error);
  quit(actor::to_error(exit_reason::shutdown(name != nullptr ? name : "io")));
}

void connection_actor::quit_closed() {
  if (auto* reason = bytes_.close_reason())
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
  bytes_.socket_end().close();
  leave(to_string(reason));
  if (bytes_.toxics() != nullptr) {
    bytes_.remove_toxics();
    owner_->toxics().forget(id_);
  }
  if (self_)
    loop_.keep_until_round_ends(std::move(self_));
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
    entry.bytes_in = bytes_.socket_end().bytes_in();
    entry.bytes_out = bytes_.socket_end().bytes_out();
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
