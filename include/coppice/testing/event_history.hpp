// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/event.hpp"
#include "coppice/observe/tree.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::testing {

/// One event of a test, and when it happened, counted from the test's start.
struct happening {
  std::chrono::nanoseconds at{};
  observe::event what; ///< Its path is short.
};

/// `worker restarted (incarnation 2)`
std::string describe(const happening& what);

/// An actor of the test's tree as it is now.
struct actor_state {
  bool alive = false;
  observe::node_state state = observe::node_state::stopped;
  std::uint64_t incarnation = 0; ///< 1 for the first.
  std::uint64_t at_mark = 1;     ///< The incarnation when `mark` was called.
  std::optional<observe::supervisor_view> supervisor = {};
};

/// All that has happened in a test, and how its tree is now. What the matchers
/// look at. Paths are short: from the test's supervisor down, `app/worker`;
/// that supervisor itself is `test`.
class event_history {
public:
  std::vector<happening> events;
  std::map<std::string, actor_state, std::less<>> actors;
  std::uint64_t lost = 0; ///< Events dropped before they were recorded.

  /// Null if no actor was ever at `path`.
  const actor_state* find(std::string_view path) const;
};

/// The path of the test's supervisor.
constexpr std::string_view supervisor_path = "test";

/// `test/app/worker` and `app/worker` are both `app/worker`.
std::string short_path(std::string_view path);

/// … and both `test/app/worker`, which is what the runtime knows it by.
std::string full_path(std::string_view path);

/// Which lines of a history are to be pointed at, and how: `=>` is where it
/// goes wrong, `*` is what was found. The end of the history may be marked too.
using marks = std::map<std::size_t, std::string>;

/// Prints the lines around those that are marked, or the last ones if none is.
/// `end` is printed below the place after which it was missed.
void print_around(std::ostream& out, const event_history& what,
                  const marks& which, const std::string& end = {});

/// All of it, a line for each event.
std::string to_string(const event_history& what);

/// For GoogleTest: in short, since the matchers show what matters.
void PrintTo(const event_history& what, std::ostream* out);

} // namespace coppice::testing
