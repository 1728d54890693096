// SPDX-License-Identifier: BSD-3-Clause

// What a connection's actor reads and writes, and when.

#include "net/connection_actor.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "net/fault_action.hpp"
#include "net/listener_core.hpp"

#include <cerrno>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

// So that what a stage held does not starve other connections.
constexpr int pieces_read_a_turn = 256;

// How often a connection that is suspended looks whether it still is.
constexpr std::chrono::milliseconds suspended_look{100};

} // namespace

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
  if (deadlines_.prepares()) [[unlikely]]
    if (phase_ == phase::opening || phase_ == phase::open) {
      if (n < 0 && errno != EAGAIN && errno != EINTR)
        return fail(errno);
      return go_on_opening();
    }
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
  if (self_)
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

void connection_actor::sync_rates() {
  // Before that, `open_up` does it, and after that it reads nothing.
  if (self_ && phase_ == phase::open)
    perform([this] {
      place_rates();
      pump();
    });
}

// A proxy that speaks for itself has no address to be counted by.
void connection_actor::place_rates() {
  auto& all = owner_->rates();
  bytes_.set_rates(loop_, traffic_,
                   counted_ ? all.reading(peer_, loop_.now()) : all.reading());
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
  if (limit == time_limit::proxy_header || limit == time_limit::handshake)
    return refuse_late(limit);
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
  if (quitting())
    return false;
  if (deadlines_.prepares())
    return true;
  return phase_ == phase::open && !bytes_.paused() && !bytes_.output_waits()
         && !bytes_.rates_pause();
}

void connection_actor::on_stage_due() {
  // A connection that is suspended goes on when it is resumed.
  if (bytes_.socket_end().is_open() && !suspended())
    perform([this] { pump(); });
}

void connection_actor::call_soon() {
  if (std::exchange(called_soon_, true))
    return;
  loop_.run_soon([this, self = caf::strong_actor_ptr{ctrl()}] {
    called_soon_ = false;
    on_stage_due();
  });
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

} // namespace coppice::net
