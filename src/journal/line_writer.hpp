// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace coppice::journal {

/// Writes lines to a descriptor from a thread of its own, so that a slow reader
/// or disk delays nobody. What does not fit while nobody reads is dropped and
/// counted. Thread-safe.
class line_writer {
public:
  /// Makes the line, with its end, that says later how many were lost.
  using notice = std::function<std::string(std::uint64_t)>;

  static constexpr std::size_t default_capacity = 1024 * 1024; // bytes

  /// Throws `std::system_error` if no thread can be created. `fd` is not
  /// closed.
  line_writer(int fd, notice tell,
              std::size_t capacity_bytes = default_capacity);

  line_writer(const line_writer&) = delete;
  line_writer& operator=(const line_writer&) = delete;

  /// Gives what still waits a moment, as `flush`. A thread that cannot go on
  /// is left behind.
  ~line_writer();

  /// `line` has its end.
  void write(std::string_view line);

  /// Waits until all is written, for up to `limit`; returns whether it is.
  bool flush(std::chrono::milliseconds limit);

  /// Lines that were dropped, all together.
  std::uint64_t dropped() const;

private:
  struct state;

  std::shared_ptr<state> state_; // the thread has it, too
};

} // namespace coppice::journal
