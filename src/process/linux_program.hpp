// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "process/event_thread.hpp"
#include "process/machine.hpp"
#include "process/output_reader.hpp"
#include "process/ready_check.hpp"
#include "process/spawn_job.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::process {

/// One program on this computer, from the order to start it until nothing of it
/// is left. It keeps itself alive until then. All but `handle` is for the event
/// thread.
class linux_program final : public handle,
                            public std::enable_shared_from_this<linux_program> {
public:
  linux_program(order what, std::shared_ptr<observer> to, std::string mark);
  ~linux_program() override;

  void stop() override;
  void kill(int first) override;
  void signal(int number) override;

  /// Once `predecessor`, which may be null, has gone, or has not gone for long.
  void start_after(const std::shared_ptr<linux_program>& predecessor);

  bool gone() const noexcept {
    return phase_ == phase::gone;
  }

private:
  // A log's regular expression; of <regex>, which is heavy.
  struct pattern;

  enum class phase {
    waiting,  // for its predecessor
    starting, // on the spawner's thread
    running,
    leaving,  // its leader has ended, others may not
    draining, // only its output is left
    gone,
  };

  // -- the start --------------------------------------------------------------

  void start();
  void on_started(expected<spawned_program, spawn_error> child);
  void watch_child();
  void open_outputs();
  void begin_readiness();
  void set_ready();
  void receive_notifications();
  void on_notify(std::string_view key, std::string_view value);
  void on_ready_descriptor();
  void on_error_line(std::string_view line);
  void look_for_pattern(std::string_view line);

  // -- the end ----------------------------------------------------------------

  void do_stop();
  void do_kill(int first);
  void send_to_leader(int number);
  void send_stop_signal();
  void kill_all();
  void tell_of_survival();
  void on_leader_event();
  void reap_leader();
  void look_for_rest();
  std::size_t rest_of_it();
  void look_again();
  void drain();
  void finish_if_read();
  void finish();
  void leave(std::function<void(observer&)> last_words);

  event_thread& events_ = event_thread::get();
  const order order_;
  std::shared_ptr<observer> observer_;
  const std::string mark_;
  std::shared_ptr<linux_program> self_; // until it has gone
  phase phase_ = phase::waiting;
  int attempts_ = 0;
  std::vector<std::function<void()>> at_the_end_;

  spawned_program child_;
  std::chrono::steady_clock::time_point since_{};
  event_thread::number leader_watch_ = 0;
  event_thread::number notify_watch_ = 0;
  event_thread::number ready_watch_ = 0;
  event_thread::number timer_ = 0; // of the phase
  std::unique_ptr<ready_check> check_;
  std::unique_ptr<pattern> pattern_;
  bool ready_ = false;
  std::vector<std::shared_ptr<output_reader>> outputs_;
  std::deque<std::string> last_lines_;

  bool stopping_ = false;
  bool killing_ = false;
  long our_peak_kib_ = 0; // when it was started
  bool counted_ = false;  // the leftovers
  std::chrono::milliseconds pause_{1};
  program_end end_;
};

} // namespace coppice::process
