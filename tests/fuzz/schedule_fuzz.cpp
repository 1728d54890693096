// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/schedule_file.hpp"

#include "fuzz.hpp"

#include <algorithm>
#include <chrono>

namespace coppice::fuzz {

// JSON if it begins as an object does, else TOML.
void try_input(std::string_view input) {
  auto file = input.starts_with('{') ? "x.json" : "x.toml";
  auto read = nemesis::parse_schedule(input, file);
  if (!read) {
    demand(read.error().file == file && !read.error().message.empty(),
           "an error names the file and says why");
    return;
  }
  auto& plan = *read;
  auto count = nemesis::count_moments(plan);
  demand(count <= nemesis::most_moments, "a schedule is bounded");
  constexpr std::uint64_t small = 10'000;
  if (count > small)
    return;
  auto all = nemesis::expand(plan, 1);
  demand(all.size() <= count, "no more is done than was counted");
  demand(all == nemesis::expand(plan, 1), "one seed gives the same");
  demand(std::ranges::is_sorted(all, {}, &nemesis::moment::at),
         "what is done is in order");
  for (auto& each : all)
    demand(each.at < plan.duration && !nemesis::describe(each).empty(),
           "all is done within the schedule");
  demand(nemesis::longest_wait(plan) >= std::chrono::milliseconds{0},
         "nobody waits for less than nothing");
}

} // namespace coppice::fuzz
