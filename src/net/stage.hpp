// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/refusal.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace coppice::fault {
struct decision;
} // namespace coppice::fault

namespace coppice::net {

struct proxy_info;

/// A step on the way of the bytes between the socket of a connection and its
/// handler: the socket itself, faults, toxics, the header of a proxy, TLS. Each
/// takes its input from the stage below it, nearer to the socket, and hands its
/// output to that one.
///
/// A stage that changes nothing about a question has the stage below answer it.
/// Only on the connection's reactor.
class stage {
public:
  /// How far a request has come.
  enum class progress { done, waits, failed };

  /// The end of a connection that a stage demands.
  struct forced_end {
    supervision::exit_reason reason;
    bool reset = false;       ///< At once, and the peer sees a reset.
    bool output_lost = false; ///< What waits cannot be sent any more.
  };

  explicit stage(stage* below) noexcept : below_(below) {
    // nop
  }

  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  virtual ~stage() = default;

  void set_below(stage& value) noexcept {
    below_ = &value;
  }

  // -- the two directions -----------------------------------------------------

  /// Gives bytes of the peer, as recv(2): 0 at their end, and EAGAIN if there
  /// are none at the moment.
  virtual ssize_t receive(std::span<char> into) = 0;

  /// Takes bytes for the peer, as send(2).
  virtual ssize_t transmit(std::string_view data) = 0;

  // -- stages that begin with something else ----------------------------------

  /// Whether bytes pass between the peer and the handler. Until then `receive`
  /// gives none and does what the stage begins with, and `transmit` takes none.
  virtual bool ready() const noexcept {
    return below_->ready();
  }

  // -- stages that hold bytes -------------------------------------------------

  /// Sends what is due by now. Returns an errno if the connection has failed.
  virtual int advance() {
    return below_->advance();
  }

  /// Whether `receive` has bytes without a look at the socket.
  virtual bool has_input() const noexcept {
    return below_->has_input();
  }

  /// Whether the input has ended and no `receive` has reported it. Returns true
  /// once.
  virtual bool take_input_end() {
    return below_->take_input_end();
  }

  /// Whether it makes sense to call `transmit` without a look at the socket.
  virtual bool takes_output() const noexcept {
    return below_->takes_output();
  }

  /// Bytes that `transmit` took and the kernel has not.
  virtual std::size_t held_bytes() const noexcept {
    return below_->held_bytes();
  }

  /// Whether some of them wait for the kernel to take them.
  virtual bool output_blocked() const noexcept {
    return below_->output_blocked();
  }

  /// The events of epoll(7) to wait for if the stage above waits for `wanted`.
  virtual std::uint32_t interest(std::uint32_t wanted) const noexcept {
    return below_->interest(wanted);
  }

  /// Sets the timers of stages that have one.
  virtual void schedule() {
    below_->schedule();
  }

  // -- the end ----------------------------------------------------------------

  /// Nobody wants the input any more: `receive` is only called to see the end,
  /// and goes straight to the socket.
  virtual void ignore_input() noexcept {
    below_->ignore_input();
  }

  /// Nothing more is transmitted. `done` once the peer may see the end; errno
  /// says why it failed. May be called again.
  virtual progress finish() {
    return below_->finish();
  }

  /// The end that it demands. Returns each once.
  virtual std::optional<forced_end> take_forced_end() {
    return below_->take_forced_end();
  }

  /// Why it has the connection closed; null: it does not.
  virtual const supervision::exit_reason* close_reason() const noexcept {
    return below_->close_reason();
  }

protected:
  stage& below() const noexcept {
    return *below_;
  }

private:
  stage* below_;
};

/// The connection, as its stages see it.
class stage_host {
public:
  /// Whether the handler could take input now.
  virtual bool wants_input() const noexcept = 0;

  /// The time of a stage has come: everything may be able to move on.
  virtual void on_stage_due() = 0;

  /// Has `on_stage_due` called once this turn is over.
  virtual void call_soon() = 0;

  /// The answer of `stage::interest` has changed.
  virtual void update_interest() = 0;

  /// The peer has sent bytes, even if the handler does not get them.
  virtual void on_heard() = 0;

  /// The kernel has taken output that was held …
  virtual void on_output_moved() = 0;

  /// … or takes no more of it.
  virtual void on_output_blocked() = 0;

  /// Runs `fn` after `delay`, unless the connection has ended by then.
  virtual void run_after(std::chrono::nanoseconds delay,
                         std::function<void()> fn)
    = 0;

  /// Does to the connection what the fault says: throw, exit, kill, hang.
  virtual void apply_fault(const fault::decision& decision) = 0;

  /// The peer did not begin as a stage needs it: the connection ends. `why` is
  /// for a person.
  virtual void refuse(refusal what, const std::string& why) = 0;

  /// The connection ends with `reason`.
  virtual void end_with(const supervision::exit_reason& reason) = 0;

  /// The header of a proxy has come.
  virtual void on_proxy_header(proxy_info info) = 0;

protected:
  ~stage_host() = default;
};

} // namespace coppice::net
