// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"
#include "lab/tone.hpp"
#include "lab/trace.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace coppice::lab {

/// One event as a sentence, without its time. A restart names its cause, the
/// budget used, the children affected, and why those.
std::string tell(const trace_event& what);

/// An event as a line of a story.
struct story_line {
  std::chrono::milliseconds at; ///< Virtual time.
  lab::tone tone;
  std::string text; ///< Printable.
};

/// What step number `step` brought about.
std::vector<story_line> told(const std::vector<moment>& moments,
                             std::size_t step);

/// The parts of a story: its first line, what step number `step` brought about,
/// and how it ended.
std::string title_of(const scenario& plan);
std::string lines_of(const std::vector<moment>& moments, std::size_t step,
                     painter paint = no_paint);
std::string ending_of(const std::vector<moment>& moments);

/// What happened when `plan` was played, as a timeline for a person: each
/// step, and under it what came of it, with virtual time in ms.
std::string story(const scenario& plan, const std::vector<moment>& moments,
                  painter paint = no_paint);

/// What a person needs to guess what each step of `plan` will do: the rules
/// that decide it, with the budgets as they are then, and a question. The
/// answers are in `story`.
std::string explain(const scenario& plan);

} // namespace coppice::lab
