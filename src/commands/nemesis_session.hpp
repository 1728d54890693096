// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/nemesis.hpp"
#include "nemesis/checking_clients.hpp"
#include "nemesis/run.hpp"
#include "nemesis/schedule.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace coppice::commands {

/// What a run was asked for, checked.
struct nemesis_request {
  nemesis::schedule plan;
  std::uint64_t seed = 0;
  nemesis::check_options checks;
  std::chrono::milliseconds before{0};
  std::chrono::milliseconds after{0};
};

/// Something that the server's tree did on its own.
struct tree_note {
  std::chrono::milliseconds at{0};
  std::string text;
};

/// Everything about a run.
struct nemesis_result {
  std::vector<nemesis::moment> moments = {};
  nemesis::run_log log = {};
  std::vector<tree_note> notes = {};
  nemesis::check_report checks = {};
};

/// Whether the server held, and why: the last line.
struct nemesis_verdict {
  enum class kind { held, violated, none };
  kind what = kind::held;
  std::vector<std::string> reasons = {}; ///< The first ones.
};

nemesis_verdict judge(const nemesis_request& asked,
                      const nemesis_result& result);

// -- what is printed ----------------------------------------------------------

/// `   1.203 s  `
std::string timestamp(std::chrono::milliseconds at);

std::string to_text(const nemesis::entry& what);

/// Everything but the timeline, which is printed during the run.
std::string to_text(const nemesis_request& asked, const nemesis_result& result,
                    const nemesis_verdict& verdict);

std::string to_json(const nemesis_request& asked, const nemesis_result& result,
                    const nemesis_verdict& verdict);

/// Runs the schedule; returns the exit code.
int play(const nemesis_request& asked, const nemesis_options& options);

} // namespace coppice::commands
