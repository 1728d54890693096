// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "net/socket.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

namespace coppice {

/// What a signal means to a server. No signal but the fatal ones and those that
/// stop a process for a while ends it at once, whatever its default is.
enum class signal_meaning {
  stop,   ///< INT, TERM, QUIT, PWR, XCPU: end in order; a second one at once.
  reload, ///< HUP: read certificates again, and say what came of it.
  status, ///< USR1: a line that says how it is.
  none,   ///< Any other: ignored.
};

signal_meaning meaning_of(int signal) noexcept;

/// Keeps the signals of a server from ending the process: those that mean
/// something are blocked, for `open_server_signals`, the rest is ignored unless
/// the program has a handler of its own. To be called before there are threads.
void block_server_signals();

/// A descriptor to read those signals from. Throws `std::system_error` if
/// there is none.
net::socket open_server_signals();

struct end_of_programs;

/// What a signal does while a server starts. The first one that means stop lets
/// it start, and gives it five seconds for that; a second one ends the process
/// at once, with 128 and its number. The start of programs is given up at the
/// first one; they are killed at the second one or when their time is over, and
/// the process ends at the third, or five seconds later. The signals have to be
/// blocked: see `block_server_signals`.
class start_signals {
public:
  /// `programs` may be null, and outlives this; `call_off` is then asked to
  /// stop. Throws `std::system_error` if no descriptor or thread can be
  /// created.
  explicit start_signals(const end_of_programs* programs = nullptr,
                         std::stop_source call_off = {});

  /// From now on, `open_server_signals` gets the signals.
  ~start_signals();

  start_signals(const start_signals&) = delete;
  start_signals& operator=(const start_signals&) = delete;

  /// The same at once; returns whether one has come that means stop.
  bool end();

private:
  using clock = std::chrono::steady_clock;

  void watch();
  void on_stop(int signal);
  void on_time_over();

  const end_of_programs* programs_;
  std::stop_source call_off_;
  std::optional<clock::time_point> until_; // once a stop is wanted
  bool killing_ = false;                   // all programs
  net::socket signals_;
  net::socket over_;
  std::atomic<bool> stop_wanted_ = false;
  std::thread watcher_;
};

/// Ends the process with `code` if this is still there after two seconds: for
/// the time when threads are waited for that may never end. One at a time.
class end_limit {
public:
  explicit end_limit(int code);
  ~end_limit();

  end_limit(const end_limit&) = delete;
  end_limit& operator=(const end_limit&) = delete;
};

} // namespace coppice
