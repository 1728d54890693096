// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/exit_reason.hpp"
#include "net/fault_points.hpp"
#include "net/output_queue.hpp"
#include "net/socket.hpp"
#include "net/stage.hpp"
#include "net/stage_chain.hpp"
#include "net/try_later.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace coppice::net {

class event_loop;
struct reading_rates;

/// The bytes of one connection between its socket and its handler: reads,
/// sends, keeps what waits to be sent, and says which events to wait for. It
/// knows no handler, no phase of the connection and no limit on time: the
/// connection decides what each result means.
///
/// * Output is sent in its order, and each byte once.
/// * While output waits, nothing is read: a peer that does not read costs
///   bounded memory. Where both are possible, reading and sending take turns.
/// * `receive` and `take_input_end` say when the input has ended; nothing is
///   read after that.
/// * Faults are put in when one of their points is armed. Without stages, the
///   socket is called directly: one system call for a piece of bytes, no
///   virtual call, and no allocation but for output that waits.
///
/// Only on the connection's reactor.
class byte_flow {
public:
  byte_flow(socket sock, traffic_counters& traffic, stage_host& host,
            const fault_points& points) noexcept
      : stages_(std::move(sock), traffic), host_(host), points_(points) {
    // nop
  }

  byte_flow(const byte_flow&) = delete;
  byte_flow& operator=(const byte_flow&) = delete;

  // -- reading ----------------------------------------------------------------

  /// Gives bytes of the peer, as recv(2): 0 at their end, and EAGAIN if there
  /// are none at the moment.
  ssize_t receive(std::span<char> into) {
    if (points_.recv.armed()) [[unlikely]]
      faults();
    auto n = stages_.receive(into);
    if (n == 0)
      input_ended_ = true;
    return n;
  }

  /// Whether `receive` has bytes without a look at the socket.
  bool has_input() const noexcept {
    return stages_.top().has_input();
  }

  /// Whether the input has ended and no `receive` has reported it. Returns true
  /// once.
  bool take_input_end() {
    return !input_ended_ && (input_ended_ = stages_.top().take_input_end());
  }

  /// The peer will send no more.
  bool input_ended() const noexcept {
    return input_ended_;
  }

  /// Reads nothing, or reads again, unless it closes.
  void pause(bool on) noexcept {
    paused_ = on;
  }

  bool paused() const noexcept {
    return paused_;
  }

  /// Reads what is there into `buffer` and forgets it. A peer that sends faster
  /// than that is not waited for.
  void discard_input(std::span<char> buffer);

  // -- sending ----------------------------------------------------------------

  /// Sends what can be sent at once, unless output waits already, and takes it
  /// from the front of `data`: what is left waits if it is given to `push`.
  /// Returns an errno if the connection has failed, else 0.
  int send(std::string_view& data) {
    if (!output_.empty() || data.empty())
      return 0;
    auto n = transmit(data);
    if (n >= 0)
      data.remove_prefix(static_cast<std::size_t>(n));
    else if (!try_later(errno))
      return errno;
    return 0;
  }

  /// Lets `data` wait to be sent.
  void push(std::string_view data) {
    output_.push(data);
  }

  /// What came of a `flush`.
  enum class flushed {
    nothing_waits,
    none, ///< The peer takes nothing now.
    some,
    all,
    failed, ///< errno says why.
  };

  /// Sends what waits, as much as the peer takes at once.
  flushed flush() {
    if (output_.empty()) {
      wants_writable_ = false;
      return flushed::nothing_waits;
    }
    auto n = transmit(output_.front());
    if (n < 0)
      return try_later(errno) ? flushed::none : flushed::failed;
    output_.pop(static_cast<std::size_t>(n));
    return output_.empty() ? flushed::all : flushed::some;
  }

  /// Forgets what waits.
  void drop_output() noexcept {
    output_.clear();
  }

  /// Waits for the peer to take more even if nothing waits for it, until the
  /// next `flush`.
  void call_when_writable() noexcept {
    wants_writable_ = true;
  }

  /// Whether bytes wait that were given to `push`.
  bool output_waits() const noexcept {
    return !output_.empty();
  }

  /// Whether these, or bytes in a stage, wait for the peer to take them.
  bool output_blocked() const noexcept {
    return output_waits() || stages_.top().output_blocked();
  }

  /// Bytes that were sent or given to `push` and are not with the kernel yet.
  std::size_t waiting_bytes() const noexcept {
    return output_.size() + stages_.top().held_bytes();
  }

  // -- turns ------------------------------------------------------------------

  enum class turn {
    none,
    read,
    write,
    hung_up, ///< The peer is gone, and nobody was reading.
  };

  /// What to do about `events` of epoll(7).
  turn next_turn(std::uint32_t events) noexcept {
    auto both = (events & EPOLLOUT) != 0 && (events & EPOLLIN) != 0;
    if ((events & EPOLLOUT) != 0 && !(both && reads_next_)) {
      reads_next_ = true;
      return turn::write;
    }
    reads_next_ = false;
    if (reads())
      return turn::read;
    return (events & (EPOLLERR | EPOLLHUP)) != 0 ? turn::hung_up : turn::none;
  }

  /// The events that it waits for, as of the last `update_interest`.
  std::uint32_t interest() const noexcept {
    return interest_;
  }

  /// Whether it waits for input.
  bool reads() const noexcept {
    return (interest_ & EPOLLIN) != 0;
  }

  /// Looks again which events to wait for; returns whether that has changed.
  bool update_interest() noexcept {
    auto wanted = wanted_events();
    auto changed = wanted != interest_;
    interest_ = wanted;
    return changed;
  }

  // -- stages -----------------------------------------------------------------

  /// Whether there is nothing but the socket. If there is more, bytes may be
  /// held on the way, and have to be moved on: `advance`, then `flush` if
  /// `can_flush`, `receive` while `has_input`, and `settle`.
  bool only_socket() const noexcept {
    return stages_.only_socket();
  }

  socket_stage& socket_end() noexcept {
    return stages_.socket_end();
  }

  const socket_stage& socket_end() const noexcept {
    return stages_.socket_end();
  }

  /// Whether bytes pass between the peer and the handler: see `stage::ready`.
  bool ready() const noexcept {
    return stages_.only_socket() || stages_.top().ready();
  }

  /// The connection begins with the header of a proxy.
  void put_in_proxy();

  /// What passes is encrypted from now on, after a handshake.
  void put_in_tls(tls_context_ptr context);

  /// The stage that waits for the header of a proxy; null: there is none, or it
  /// is over.
  const proxy_stage* proxy() const noexcept {
    return stages_.proxy();
  }

  /// The stage of TLS; null: there is none.
  tls_stage* tls() const noexcept {
    return stages_.tls();
  }

  /// Reads no faster than that from now on.
  void set_rates(event_loop& loop, traffic_counters& traffic,
                 const reading_rates& limits);

  /// Reads as fast as bytes come.
  void remove_rates();

  /// Whether a rate keeps it from reading.
  bool rates_pause() const noexcept {
    return stages_.rates() != nullptr && stages_.rates()->pauses();
  }

  /// Sends what stages hold and is due by now. Returns an errno if the
  /// connection has failed, else 0.
  int advance();

  /// Whether it makes sense to call `flush` without a look at the socket.
  bool can_flush() const noexcept;

  /// Takes what is over out of the way, once it holds nothing: toxics that were
  /// taken off, the header of a proxy. Sets the timers of stages.
  void settle();

  /// Sets the timers of stages.
  void schedule() {
    stages_.top().schedule();
  }

  /// The end that a stage demands. Returns each once.
  std::optional<stage::forced_end> take_forced_end() {
    return stages_.top().take_forced_end();
  }

  /// Why a stage has the connection closed; null: none does.
  const supervision::exit_reason* close_reason() const noexcept {
    return stages_.top().close_reason();
  }

  /// The stage of faults, which is put in if there is none.
  fault_stage& faults();

  /// The stage of toxics; null: there is none.
  toxic_link* toxics() noexcept {
    return stages_.toxics();
  }

  /// The same, which is put in if there is none. What they do by chance comes
  /// from `seed`.
  toxic_link& put_in_toxics(event_loop& loop, std::size_t max_held_bytes,
                            std::uint64_t seed);

  /// Takes it out, and what it holds with it.
  void remove_toxics() {
    stages_.set_toxics(nullptr);
  }

  // -- the end ----------------------------------------------------------------

  /// The handler wants no more input, and is not called any more. What waits is
  /// still sent; input is only read to see its end.
  void begin_close() noexcept {
    closing_ = true;
    stages_.top().ignore_input();
  }

  /// Nothing more is sent. `done` once the peer may see the end; errno says why
  /// it failed. May be called again.
  stage::progress finish() {
    return stages_.top().finish();
  }

private:
  ssize_t transmit(std::string_view data) {
    if (points_.send.armed()) [[unlikely]]
      faults();
    return stages_.transmit(data);
  }

  std::uint32_t wanted_events() const noexcept {
    std::uint32_t wanted = 0;
    if (!output_.empty())
      wanted = EPOLLOUT;
    else if (!input_ended_ && (!paused_ || closing_))
      wanted = EPOLLIN;
    if (wants_writable_ && !closing_)
      wanted |= EPOLLOUT;
    return stages_.only_socket() ? wanted : stages_.top().interest(wanted);
  }

  stage_chain stages_;
  output_queue output_;
  stage_host& host_;
  const fault_points& points_;
  std::uint32_t interest_ = EPOLLIN;
  bool input_ended_ = false;
  bool paused_ = false;
  bool wants_writable_ = false;
  bool reads_next_ = false; // so that sending does not keep it from reading
  bool closing_ = false;
};

} // namespace coppice::net
