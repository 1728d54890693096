// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/exit_reason.hpp"
#include "coppice/testing/event_history.hpp"

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

/// Claims about a history:
///
///     EXPECT_THAT(history(), restarted("worker").times(3));
///     EXPECT_THAT(history(), in_order(exited("db", "boom"), started("db")));
///
/// Paths are those of `event_history`. A matcher that does not hold prints the
/// history around the place where it goes wrong, line by line.
namespace coppice::testing {

/// An event happened to an actor: at least once, unless `times` says how often.
class event_matcher {
public:
  using is_gtest_matcher = void;
  using text_matcher = ::testing::Matcher<const std::string&>;

  /// `word` names `kind` in descriptions.
  event_matcher(observe::event_kind kind, std::string word,
                std::string_view path, std::optional<text_matcher> reason = {});

  /// Exactly `n` times; 0 is never. In `in_order`: `n` times in a row, but
  /// there may be other events between them.
  event_matcher times(std::size_t n) const;

  /// `n` times or more.
  event_matcher at_least(std::size_t n) const;

  /// Counts only events that happened exactly `when` after the test's start.
  /// For virtual time.
  event_matcher at(std::chrono::nanoseconds when) const;

  bool MatchAndExplain(const event_history& what, std::ostream* out) const;
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

  // -- for in_order -----------------------------------------------------------

  bool takes(const happening& what) const;

  std::size_t least() const noexcept {
    return least_;
  }

  /// Writes `worker restarted`, then `often`, then the other conditions.
  void describe_event(std::ostream& out, const std::string& often = {}) const;

private:
  void explain_count(const event_history& what, const marks& found,
                     std::ostream& out) const;

  observe::event_kind kind_;
  std::string word_;
  std::string path_;
  std::optional<text_matcher> reason_;
  std::optional<std::chrono::nanoseconds> when_;
  std::size_t least_ = 1;
  std::optional<std::size_t> most_;
};

// -- events -------------------------------------------------------------------

/// For the first time, or because somebody asked for it.
event_matcher started(std::string_view path);

/// By its supervisor.
event_matcher restarted(std::string_view path);

/// It ended by itself, by a crash or by a kill; for any reason, or for one:
/// `exited("worker", "boom")`, `exited("worker", HasSubstr("disk"))`. OTP's own
/// reasons are called `normal`, `shutdown` and `killed`.
event_matcher exited(std::string_view path);
event_matcher exited(std::string_view path, event_matcher::text_matcher reason);
event_matcher exited(std::string_view path,
                     const supervision::exit_reason& reason);

/// Its supervisor told it to end.
event_matcher stopped(std::string_view path);

/// A start function failed.
event_matcher start_failed(std::string_view path);
event_matcher start_failed(std::string_view path,
                           event_matcher::text_matcher reason);

/// A supervisor ended, because it had used up its restarts.
event_matcher gave_up(std::string_view path);

/// It made no progress within its `progress_within`.
event_matcher stalled(std::string_view path);

/// A kill did not end it in time.
event_matcher unkillable(std::string_view path);

/// A fault point fired. `point` is the name that it was armed by:
/// `fault_fired("actor.start:worker")`. Of many fires, only the first sixteen
/// and every power of two are events.
event_matcher fault_fired(std::string_view point);

/// These happened one after the other, whatever happened between them.
class in_order_matcher {
public:
  using is_gtest_matcher = void;

  explicit in_order_matcher(std::vector<event_matcher> steps)
      : steps_(std::move(steps)) {
    // nop
  }

  bool MatchAndExplain(const event_history& what, std::ostream* out) const;
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

private:
  std::vector<event_matcher> steps_;
};

template <class... Steps>
in_order_matcher in_order(Steps... steps) {
  return in_order_matcher{{std::move(steps)...}};
}

// -- the tree as it is --------------------------------------------------------

/// An actor is alive at a path.
class alive_matcher {
public:
  using is_gtest_matcher = void;

  explicit alive_matcher(std::string_view path) : path_(short_path(path)) {
    // nop
  }

  bool MatchAndExplain(const event_history& what, std::ostream* out) const;
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

private:
  std::string path_;
};

inline alive_matcher alive(std::string_view path) {
  return alive_matcher{path};
}

/// The actor at a path is another one than when `mark` was called, or the same.
/// Without a mark, it is compared with the first one.
class incarnation_matcher {
public:
  using is_gtest_matcher = void;

  incarnation_matcher(std::string_view path, bool same)
      : path_(short_path(path)), same_(same) {
    // nop
  }

  bool MatchAndExplain(const event_history& what, std::ostream* out) const;
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

private:
  std::string path_;
  bool same_;
};

inline incarnation_matcher new_incarnation(std::string_view path) {
  return {path, false};
}

inline incarnation_matcher same_incarnation(std::string_view path) {
  return {path, true};
}

/// A supervisor has used a number of its restarts:
/// `budget("app").used(2).of(3)`. Numbers that are not given are not checked.
class budget_matcher {
public:
  using is_gtest_matcher = void;

  explicit budget_matcher(std::string_view path) : path_(short_path(path)) {
    // nop
  }

  /// Within the supervisor's period, now.
  budget_matcher used(std::size_t restarts) const;
  budget_matcher of(std::int64_t intensity) const;

  bool MatchAndExplain(const event_history& what, std::ostream* out) const;
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

private:
  std::string path_;
  std::optional<std::size_t> used_;
  std::optional<std::int64_t> intensity_;
};

inline budget_matcher budget(std::string_view path) {
  return budget_matcher{path};
}

} // namespace coppice::testing
