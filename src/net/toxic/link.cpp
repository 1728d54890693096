// SPDX-License-Identifier: BSD-3-Clause

#include "net/toxic/link.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;
using ending = toxic_pipe::ending;

namespace {

// So that a stream in small slices does not starve other connections.
constexpr int pieces_sent_a_turn = 256;

// What is put at once, so that a slicer cannot make too many pieces of it.
constexpr std::size_t chunk_bytes = 32 * 1024;

// Bytes that `pipe` may take if it may hold at most `limit`.
std::size_t room_in(const toxic_pipe& pipe, std::size_t limit) {
  auto held = pipe.weight();
  return held < limit ? limit - held : 0;
}

bool ends_output(const toxic_pipe& pipe) {
  return pipe.end() == ending::passed || pipe.end() == ending::closed;
}

} // namespace

toxic_link::toxic_link(stage& below, stage_host& host, event_loop& loop,
                       std::size_t max_output_bytes, std::uint64_t seed)
    : stage(&below),
      host_(host),
      loop_(loop),
      max_output_bytes_(std::min(max_output_bytes, window)),
      upstream_(seed),
      downstream_(~seed) {
  // nop
}

toxic_link::~toxic_link() = default;

void toxic_link::assign(const toxic_list& toxics) {
  auto now = event_loop::clock_now();
  upstream_.assign(toxics, toxic_stream::upstream, now);
  downstream_.assign(toxics, toxic_stream::downstream, now);
}

bool toxic_link::idle() const noexcept {
  return upstream_.transparent() && downstream_.transparent() && !closes_for_;
}

// -- input --------------------------------------------------------------------

// What is due goes first; the socket is read once nothing is.
ssize_t toxic_link::receive(std::span<char> into) {
  if (ignores_input_ || upstream_.transparent())
    return below().receive(into);
  if (auto due = upstream_.front(); !due.empty()) {
    auto n = due.copy(into.data(), into.size());
    upstream_.pop(n);
    return static_cast<ssize_t>(n);
  }
  auto n = below().receive(into);
  if (n < 0)
    return n;
  auto now = event_loop::clock_now();
  if (n > 0)
    upstream_.put({into.data(), static_cast<std::size_t>(n)}, now);
  else if (!upstream_.has_end())
    upstream_.put_end(now);
  errno = EAGAIN;
  return -1;
}

bool toxic_link::has_input() const noexcept {
  return !upstream_.front().empty();
}

bool toxic_link::take_input_end() noexcept {
  return upstream_.end() == ending::passed
         && !std::exchange(input_end_told_, true);
}

// -- output -------------------------------------------------------------------

ssize_t toxic_link::transmit(std::string_view data) {
  if (downstream_.transparent())
    return below().transmit(data);
  std::size_t taken = 0;
  while (auto room = std::min(output_room(), data.size() - taken)) {
    auto chunk = data.substr(taken, std::min(room, chunk_bytes));
    downstream_.put(chunk, event_loop::clock_now());
    taken += chunk.size();
  }
  auto error = taken == 0 ? EAGAIN : send_due();
  if (error != 0) {
    errno = error;
    return -1;
  }
  schedule();
  host_.update_interest();
  return static_cast<ssize_t>(taken);
}

bool toxic_link::takes_output() const noexcept {
  return !blocked_ && (downstream_.transparent() || output_room() > 0)
         && below().takes_output();
}

std::size_t toxic_link::held_bytes() const noexcept {
  return downstream_.held_bytes() + below().held_bytes();
}

std::size_t toxic_link::output_room() const noexcept {
  return room_in(downstream_, max_output_bytes_);
}

int toxic_link::advance() {
  if (auto error = below().advance(); error != 0)
    return error;
  auto now = event_loop::clock_now();
  upstream_.advance(now);
  downstream_.advance(now);
  return send_due();
}

// Sends what has come out, as far as the kernel takes it; returns an errno if
// the connection has failed.
int toxic_link::send_due() {
  auto was_blocked = std::exchange(blocked_, false);
  for (int i = 0; i < pieces_sent_a_turn && !downstream_.front().empty(); ++i) {
    auto n = below().transmit(downstream_.front());
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR)
        return errno;
      blocked_ = true;
      break;
    }
    host_.on_output_moved();
    downstream_.pop(static_cast<std::size_t>(n));
  }
  if (blocked_ && !was_blocked)
    host_.on_output_blocked();
  return 0;
}

// -- the end ------------------------------------------------------------------

stage::progress toxic_link::finish() {
  if (downstream_.transparent())
    return below().finish();
  if (!downstream_.has_end())
    downstream_.put_end(event_loop::clock_now());
  if (ends_output(downstream_))
    return below().finish();
  if (auto error = send_due(); error != 0) {
    errno = error;
    return progress::failed;
  }
  schedule();
  return ends_output(downstream_) ? below().finish() : progress::waits;
}

// Whether a toxic is to end the connection and has not begun to.
bool toxic_link::forces_end(const toxic_pipe& pipe) const noexcept {
  return pipe.end() == ending::reset
         || (pipe.end() == ending::closed && !closes_for_);
}

std::optional<stage::forced_end> toxic_link::take_forced_end() {
  for (auto* pipe : {&downstream_, &upstream_}) {
    if (!forces_end(*pipe))
      continue;
    auto reason
      = exit_reason::shutdown("toxic_" + std::string{pipe->ended_by()});
    auto resets = pipe->end() == ending::reset;
    if (!resets)
      closes_for_ = reason;
    return forced_end{std::move(reason), resets, pipe == &downstream_};
  }
  return below().take_forced_end();
}

// -- when to go on ------------------------------------------------------------

std::uint32_t toxic_link::interest(std::uint32_t wanted) const noexcept {
  auto takes_input
    = upstream_.transparent()
      || (!upstream_.has_end() && room_in(upstream_, window) > 0);
  if (!ignores_input_ && !takes_input)
    wanted &= ~std::uint32_t{EPOLLIN};
  if (downstream_.transparent())
    return below().interest(wanted);
  auto waits = blocked_ || ((wanted & EPOLLOUT) != 0 && takes_output());
  wanted &= ~std::uint32_t{EPOLLOUT};
  return below().interest(waits ? wanted | EPOLLOUT : wanted);
}

// Whether there is something to do at once.
bool toxic_link::something_is_out() const noexcept {
  auto end_is_out = upstream_.end() == ending::passed && !input_end_told_;
  if ((!upstream_.front().empty() || end_is_out) && host_.wants_input())
    return true;
  return forces_end(upstream_) || forces_end(downstream_)
         || (!downstream_.front().empty() && !blocked_);
}

void toxic_link::schedule() {
  auto now = event_loop::clock_now();
  auto next = upstream_.next();
  if (auto other = downstream_.next(); other && (!next || *other < *next))
    next = other;
  if (something_is_out())
    next = now;
  if (next)
    loop_.arm(*this, std::max(*next - now, event_loop::clock::duration{0}));
  else
    loop_.cancel(*this);
  below().schedule();
}

void toxic_link::on_timer() {
  host_.on_stage_due(); // last, since it may be the end of this
}

} // namespace coppice::net
