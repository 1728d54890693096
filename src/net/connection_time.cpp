#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/connection.hpp"
#include "coppice/net/fault_action.hpp"
#include "coppice/net/listener.hpp"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

// What a connection's timer is for: its limits on time.

namespace coppice::net {

using supervision::exit_reason;

namespace {

// How often it is looked whether a slow peer reads, within the limit on that.
constexpr int looks_a_limit = 4;

// How often a connection that is suspended looks whether it still is.
constexpr std::chrono::milliseconds suspended_look{100};

} // namespace

void connection::set_timeout(std::optional<std::chrono::milliseconds> idle) {
  idle_limit_ = idle;
  watch_time();
}

// The limit that is reached first, if nothing happens before.
std::optional<connection::due> connection::next_due() const {
  std::optional<due> first;
  auto consider = [&](const std::optional<std::chrono::milliseconds>& limit,
                      reactor::clock::time_point since, time_limit what) {
    if (limit && (!first || since + *limit < first->at))
      first = due{since + *limit, what};
  };
  consider(limits_.lifetime, lives_since_, time_limit::lifetime);
  if (output_waits())
    consider(limits_.send, last_sent_, time_limit::send);
  // A peer that is not read from cannot be blamed for its silence.
  if (phase_ == phase::open && (interest_ & EPOLLIN) != 0) {
    if (!heard_)
      consider(limits_.first_byte, last_byte_, time_limit::first_byte);
    consider(idle_limit_, last_byte_, time_limit::idle);
  }
  return first;
}

// Whether a peer reads can only be seen by what the kernel still has of ours:
// it takes more from us not before much of it has gone.
std::int64_t connection::taken_by_peer() const {
  int unsent = 0;
  ::ioctl(sock_.fd(), SIOCOUTQ, &unsent);
  return static_cast<std::int64_t>(bytes_out_) - unsent;
}

void connection::begin_to_wait() {
  last_sent_ = home_.now();
  if (limits_.send)
    peer_has_ = taken_by_peer();
}

void connection::note_progress() {
  if (!limits_.send || !output_waits())
    return;
  auto before = std::exchange(peer_has_, taken_by_peer());
  if (peer_has_ != before)
    last_sent_ = home_.now();
}

// The timer is set for the earliest limit and looks again when it fires, so
// that a byte costs no more than to remember its time.
void connection::watch_time() {
  if (phase_ == phase::lingering || leaving_)
    return;
  auto next = next_due();
  if (!next) {
    home_.cancel(*this);
    return;
  }
  reactor::clock::duration delay = next->at - home_.now();
  if (limits_.send && output_waits())
    delay = std::min<reactor::clock::duration>(delay,
                                               *limits_.send / looks_a_limit);
  home_.arm(*this, std::max(delay, reactor::clock::duration::zero()));
}

void connection::on_timer() {
  if (suspended()) {
    home_.arm(*this, suspended_look);
    return;
  }
  perform([this] {
    if (fires_late(owner_->faults().timer, home_, *this, late_timer_,
                   [this](auto& what) { be_struck(what); }))
      return;
    if (leaving_) {
      quit(actor::to_error(exit_reason::shutdown()));
      return;
    }
    if (phase_ == phase::lingering) {
      quit_closed();
      return;
    }
    note_progress();
    auto next = next_due();
    if (next && next->at <= home_.now())
      expire(next->what);
    watch_time();
  });
}

void connection::expire(time_limit what) {
  if (phase_ != phase::open) {
    abort(exit_reason::shutdown(std::string{to_string(what)} + "_timeout"));
    return;
  }
  handler_->on_timeout(*this, what);
  switch (what) {
  case time_limit::first_byte:
  case time_limit::idle:
    last_byte_ = home_.now();
    break;
  case time_limit::send:
    last_sent_ = home_.now();
    break;
  case time_limit::lifetime:
    lives_since_ = home_.now();
    break;
  }
}

} // namespace coppice::net
