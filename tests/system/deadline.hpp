// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <thread>

namespace coppice_test {

using milliseconds = std::chrono::milliseconds;

/// How long a test waits for an event that is due at once. Generous, because
/// the tests also run side by side, on small machines and under sanitizers.
inline constexpr milliseconds patience{20'000};

/// The same for an event that takes the server some work (megabytes, many
/// connections, many restarts).
inline constexpr milliseconds long_patience{60'000};

/// A point in time after which waiting is a failure.
class deadline {
public:
  explicit deadline(milliseconds budget = patience)
      : end_(clock::now() + budget) {}

  bool passed() const {
    return clock::now() >= end_;
  }

  /// What is left, for poll(2): whole milliseconds, never negative.
  int poll_timeout() const {
    const auto left = std::chrono::ceil<milliseconds>(end_ - clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }

private:
  using clock = std::chrono::steady_clock;
  clock::time_point end_;
};

/// How long something took.
class stopwatch {
public:
  milliseconds elapsed() const {
    return std::chrono::floor<milliseconds>(clock::now() - start_);
  }

private:
  using clock = std::chrono::steady_clock;
  clock::time_point start_ = clock::now();
};

/// Asks until `holds` says yes, for conditions that nobody announces.
template <class Predicate>
bool eventually(Predicate holds, milliseconds budget = patience) {
  constexpr milliseconds between_questions{5};
  const deadline end(budget);
  while (!holds()) {
    if (end.passed())
      return false;
    std::this_thread::sleep_for(between_questions);
  }
  return true;
}

} // namespace coppice_test
