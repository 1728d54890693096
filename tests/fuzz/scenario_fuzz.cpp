// SPDX-License-Identifier: BSD-3-Clause

#include "lab/scenario.hpp"

#include "fuzz.hpp"

namespace coppice::fuzz {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds year = 24h * 365;

void look_at(const lab::supervisor_def& sup);

void look_at(const std::vector<lab::step>& steps);

void look_at(const lab::child_def& child) {
  demand(!child.spec.id.empty(), "a child has a name");
  demand(child.on_shutdown.delay >= 0ms && child.on_shutdown.delay <= year,
         "a delay is between nothing and a year");
  for (auto& start : child.starts)
    look_at(start.during);
  demand(&child.plan(1) == &child.starts.front(), "a child can be started");
  if (child.nested)
    look_at(*child.nested);
}

void look_at(const lab::supervisor_def& sup) {
  demand(!sup.id.empty(), "a supervisor has a name");
  for (auto& child : sup.children)
    look_at(child);
}

void look_at(const std::vector<lab::step>& steps) {
  for (auto& step : steps) {
    auto words = describe(step);
    demand(!words.empty() && words.find(step.child) != std::string::npos,
           "a step is described, with the child that it is about");
    demand(step.time >= 0ms && step.time <= year,
           "a time is between nothing and a year");
    if (step.spec)
      look_at(*step.spec);
  }
}

} // namespace

void try_input(std::string_view input) {
  std::vector<char> text{input.begin(), input.end()};
  auto result = lab::parse_scenario(text_of(text), "file");
  if (!result) {
    demand(result.error().file == "file", "an error names the file");
    demand(!result.error().message.empty(), "an error says what is wrong");
    return;
  }
  auto& read = *result;
  demand(!read.name.empty(), "a scenario has a name");
  look_at(read.top);
  look_at(read.steps);
}

} // namespace coppice::fuzz
