// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "process/event_thread.hpp"
#include "process/line_cutter.hpp"
#include "process/spawn_job.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace coppice::process {

/// Reads one stream of a program's output and gives it to the log, line by
/// line. For the event thread.
class output_reader : public std::enable_shared_from_this<output_reader> {
public:
  struct settings {
    std::string path; ///< Of the child.
    bool error = false;
    std::size_t max_line = 0;
    output::when_full full = output::when_full::block;
  };

  /// Gets each line, too, in full.
  using on_line = std::function<void(std::string_view)>;

  output_reader(owned_fd fd, settings how, on_line fn);

  /// Begins to read.
  void begin();

  /// Reads what is there, and no more than that.
  void read_rest();

  /// Goes on to read without anybody, until the stream ends. Returns false if
  /// too many do that already.
  bool let_go();

  /// Gives what is left without a line's end, and reads no more.
  void finish();

  /// Called once when the stream has ended.
  std::function<void()> on_end = {};

  bool ended() const noexcept {
    return fd_.get() < 0;
  }

  /// Whether it waits for room in the log.
  bool held_up() const noexcept {
    return held_up_;
  }

  std::uint64_t lost() const noexcept {
    return lost_;
  }

private:
  bool read_some();
  void take(std::string_view line);
  void tell_of_lost();
  void wait_for_room();
  void watch();
  void unwatch();
  void end();

  owned_fd fd_;
  settings how_;
  on_line on_line_;
  line_cutter cutter_;
  event_thread::number watch_ = 0;
  bool held_up_ = false;
  bool alone_ = false;
  std::uint64_t lost_ = 0;
  std::uint64_t told_ = 0; // of those
};

} // namespace coppice::process
