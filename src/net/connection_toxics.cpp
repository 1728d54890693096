// What toxics make of a connection: they stand between its socket and its
// handler, which sees the peer as they make it; and so do its limits on time.

#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/connection.hpp"
#include "coppice/net/listener.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;
using ending = toxic_pipe::ending;

namespace {

// So that a stream in small slices does not starve other connections.
constexpr int pieces_a_turn = 256;

// What is put at once, so that a slicer cannot make too many pieces of it.
constexpr std::size_t chunk_bytes = 32 * 1024;

} // namespace

void toxic_link::on_timer() {
  owner_.on_toxics_due(); // last, since it may be the end of this
}

void connection::on_toxics_due() {
  // One that is suspended goes on when it is resumed.
  if (sock_ && !suspended())
    perform([this] { pump(); });
}

void connection::sync_toxics(const toxic_list& all) {
  if (handler_)
    perform([&] { place_toxics(all); });
}

void connection::place_toxics(const toxic_list& all) {
  toxic_list mine;
  for (auto& placed : all)
    if (!placed.connection || *placed.connection == id_)
      mine.push_back(placed);
  if (phase_ == phase::lingering || (mine.empty() && !toxics_))
    return;
  if (!toxics_)
    toxics_ = std::make_unique<toxic_link>(*this, owner_->toxic_seed() + id_);
  auto now = reactor::clock::now();
  toxics_->upstream.assign(mine, toxic_stream::upstream, now);
  toxics_->downstream.assign(mine, toxic_stream::downstream, now);
  pump();
}

// Moves what may move by now, in both directions. Toxics that have gone are
// forgotten here and nowhere else, once nothing is held any more.
void connection::pump() {
  if (phase_ == phase::lingering)
    return;
  auto now = reactor::clock::now();
  toxics_->upstream.advance(now);
  toxics_->downstream.advance(now);
  if (int error = send_due(); error != 0)
    return fail(error);
  if (output_may_go())
    flush();
  deliver_due();
  if (!quitting())
    on_toxic_ends();
  if (quitting() || phase_ == phase::lingering)
    return;
  if (toxics_->upstream.transparent() && toxics_->downstream.transparent()
      && !toxics_->reason)
    toxics_.reset();
  else
    set_toxic_timer();
  update_interest();
}

// -- output -------------------------------------------------------------------

// As `transmit`, by way of the toxics.
ssize_t connection::hold_back(std::string_view data) {
  auto& pipe = toxics_->downstream;
  if (pipe.transparent())
    return transmit(data);
  std::size_t taken = 0;
  while (auto room = std::min(output_room(), data.size() - taken)) {
    auto chunk = data.substr(taken, std::min(room, chunk_bytes));
    pipe.put(chunk, reactor::clock::now());
    taken += chunk.size();
  }
  auto error = taken == 0 ? EAGAIN : send_due();
  if (error != 0) {
    errno = error;
    return -1;
  }
  set_toxic_timer();
  update_interest();
  return static_cast<ssize_t>(taken);
}

// What is held counts as output that waits.
std::size_t connection::output_room() const {
  return toxic_link::room(toxics_->downstream, limits_.max_output_bytes);
}

// Sends what has come out, as far as the kernel takes it; returns an errno if
// the connection has failed.
int connection::send_due() {
  auto& pipe = toxics_->downstream;
  auto was_blocked = std::exchange(toxics_->blocked, false);
  for (int i = 0; i < pieces_a_turn && !pipe.front().empty(); ++i) {
    auto n = transmit(pipe.front());
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR)
        return errno;
      toxics_->blocked = true;
      break;
    }
    last_sent_ = home_.now();
    pipe.pop(static_cast<std::size_t>(n));
  }
  if (toxics_->blocked && !was_blocked) {
    begin_to_wait();
    watch_time();
  }
  return 0;
}

// Whether `flush` would get somewhere.
bool connection::output_may_go() const {
  if (pending_.empty() && !(calls_writable_ && phase_ == phase::open))
    return false;
  return !toxics_->blocked
         && (toxics_->downstream.transparent() || output_room() > 0);
}

// -- input --------------------------------------------------------------------

// Whether the toxics took what was received.
bool connection::absorb(ssize_t n, int times) {
  auto& pipe = toxics_->upstream;
  if (phase_ != phase::open || n < 0 || pipe.transparent())
    return false;
  auto now = reactor::clock::now();
  std::string_view bytes{home_.buffer().data(), static_cast<std::size_t>(n)};
  if (n == 0 && !pipe.has_end())
    pipe.put_end(now);
  for (int i = 0; i < times && n > 0; ++i)
    pipe.put(bytes, now);
  pump();
  return true;
}

bool connection::wants_input() const noexcept {
  return phase_ == phase::open && !paused_ && pending_.empty() && !quitting();
}

void connection::deliver_due() {
  auto& pipe = toxics_->upstream;
  for (int i = 0; i < pieces_a_turn; ++i) {
    if (pipe.front().empty() || !wants_input())
      return;
    auto bytes = pipe.take();
    last_byte_ = home_.now();
    heard_ = true;
    handler_->on_data(*this, bytes);
  }
}

// -- the end ------------------------------------------------------------------

void connection::on_toxic_ends() {
  for (auto* pipe : {&toxics_->downstream, &toxics_->upstream})
    if (ended_by_toxic(*pipe))
      return end_for_toxic(*pipe);
  if (phase_ == phase::flushing && pending_.empty()) {
    finish_close();
    return;
  }
  if (toxics_->upstream.end() == ending::passed && !peer_done_ && wants_input())
    on_peer_done();
}

// Whether a toxic is to end the connection and has not begun to.
bool connection::ended_by_toxic(const toxic_pipe& pipe) const noexcept {
  return pipe.end() == ending::reset
         || (pipe.end() == ending::closed && !toxics_->reason);
}

void connection::end_for_toxic(const toxic_pipe& pipe) {
  auto reason = exit_reason::shutdown("toxic_" + std::string{pipe.ended_by()});
  if (pipe.end() == ending::reset) {
    linger at_once{1, 0};
    ::setsockopt(sock_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    quit(actor::to_error(reason));
    return;
  }
  toxics_->reason = reason;
  if (&pipe == &toxics_->downstream) { // nothing passes any more
    pending_ = {};
    pending_offset_ = 0;
  }
  if (phase_ == phase::open)
    close();
  else if (pending_.empty())
    finish_close();
}

// Whether the end of what was written is through the toxics.
bool connection::end_has_passed() {
  auto& pipe = toxics_->downstream;
  if (pipe.transparent())
    return true;
  if (!pipe.has_end())
    pipe.put_end(reactor::clock::now());
  if (pipe.end() == ending::passed || pipe.end() == ending::closed)
    return true;
  if (int error = send_due(); error != 0)
    fail(error);
  else
    set_toxic_timer();
  return pipe.end() == ending::passed || pipe.end() == ending::closed;
}

void connection::quit_closed() {
  if (toxics_ && toxics_->reason)
    quit(actor::to_error(*toxics_->reason));
  else
    quit();
}

// -- when to go on ------------------------------------------------------------

std::uint32_t connection::through_toxics(std::uint32_t interest) const {
  auto& in = toxics_->upstream;
  auto takes = in.transparent() || (!in.has_end() && toxic_link::room(in) > 0);
  if (phase_ == phase::open && !takes)
    interest &= ~std::uint32_t{EPOLLIN};
  if (toxics_->downstream.transparent())
    return interest;
  interest &= ~std::uint32_t{EPOLLOUT};
  auto calls = calls_writable_ && phase_ == phase::open && output_may_go();
  return toxics_->blocked || calls ? interest | EPOLLOUT : interest;
}

void connection::set_toxic_timer() {
  auto& in = toxics_->upstream;
  auto& out = toxics_->downstream;
  auto now = reactor::clock::now();
  auto next = in.next();
  if (auto other = out.next(); other && (!next || *other < *next))
    next = other;
  auto to_deliver
    = !in.front().empty() || (in.end() == ending::passed && !peer_done_);
  if ((to_deliver && wants_input()) || ended_by_toxic(in) || ended_by_toxic(out)
      || (!out.front().empty() && !toxics_->blocked))
    next = now;
  if (next)
    home_.arm(*toxics_, std::max(*next - now, reactor::clock::duration{0}));
  else
    home_.cancel(*toxics_);
}

} // namespace coppice::net
