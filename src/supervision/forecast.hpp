// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "supervision/engine.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::supervision {

/// One thing that happens under a supervisor.
struct step {
  enum class kind {
    exited,  ///< Of itself; the supervisor takes notice.
    stopped, ///< Because the supervisor asked it to.
    started,
  };
  kind what;
  std::string id;

  friend bool operator==(const step&, const step&) = default;
};

std::string_view to_string(step::kind value);

/// Has `machine` handle `ev` in a world where nothing else goes wrong: a child
/// that is asked to end does so at once, and every start succeeds. Delayed
/// restarts stay pending. Appends what `machine` commands to `commands`.
/// @pre `machine` is idle.
std::vector<step> rehearse(engine& machine, event ev, time_point now,
                           std::vector<command>& commands);

/// What can happen to a child.
struct incident {
  enum class kind {
    ends,         ///< It ends with `reason`.
    fails_start,  ///< The same, and its next start fails, once.
    refuses_stop, ///< It is asked to end, and does not.
    hangs,        ///< It does nothing any more.
    burns,        ///< Each child fails, and again after each restart.
  };
  kind what = kind::ends;
  std::string id = {}; ///< The child; none for `burns`.
  exit_reason reason = exit_reason::killed();
};

/// What a supervisor would do about an `incident`.
struct forecast {
  enum class outcome {
    not_running, ///< There is no child to end: it is down already.
    busy,        ///< The supervisor stops or starts children just now.
    left_down,   ///< The child is not started again.
    restarts,
    gives_up, ///< Too many restarts: it ends its children, and itself.
    ends,     ///< A significant child is gone: the same, without a failure.
    killed,   ///< The child is killed, once `wait` is over.
    waits,    ///< Nothing: the supervisor waits, or does not notice, for ever.
    endures,  ///< More restarts than are worth to foresee.
  };
  outcome what = outcome::not_running;
  supervision::restart restart = supervision::restart::permanent;
  supervision::strategy strategy = supervision::strategy::one_for_one;
  std::vector<std::string> affected = {}; ///< Will be started; in start order.
  std::vector<step> steps = {};           ///< What `rehearse` makes of it.
  std::size_t used = 0;                   ///< Restarts in the window after it.
  std::int64_t intensity = 0;
  std::chrono::seconds period = {};
  /// The same of the budget that the child has of its own, if it has one.
  std::optional<own_budget> own = {};
  std::chrono::milliseconds delay = {}; ///< Of the restart.
  std::chrono::milliseconds wait = {};  ///< Until the supervisor does anything.
  /// What the supervisor itself would end with, if it did.
  std::optional<exit_reason> end = {};
};

std::string_view to_string(forecast::outcome value);

/// What `machine` would do if the child `id` ended with `reason` at `now`;
/// nothing if it knows no such id, as supervisors of dynamic children do.
std::optional<forecast> foresee(engine machine, std::string_view id,
                                const exit_reason& reason, time_point now);

/// The same of anything that can happen to a child. One that `hangs` is noticed
/// if it has a `progress_within`; `wait` is all of that.
std::optional<forecast> foresee(engine machine, const incident& what,
                                time_point now);

} // namespace coppice::supervision
