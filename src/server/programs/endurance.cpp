// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/endurance.hpp"

#include "supervision/restart_window.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace coppice::programs {

using namespace std::chrono_literals;

namespace {

// A budget that lasts longer is not used up in any time that matters.
constexpr std::size_t most_crashes = 100'000;

struct end {
  std::size_t crashes;
  std::chrono::milliseconds after;
};

// When the budget is used up, if each wait is shortened by `luck`, 0 to 1.
std::optional<end> end_of(const supervision::flags& settings,
                          const supervision::child_spec& spec, double luck) {
  supervision::restart_window window{
    static_cast<std::uint32_t>(settings.intensity), settings.period};
  std::chrono::milliseconds now{0};
  auto wait = spec.backoff ? spec.backoff->initial : 0ms;
  // From then on, nothing changes any more.
  std::size_t steady = 0;
  for (std::size_t crashes = 1; crashes <= most_crashes; ++crashes) {
    if (!window.record(supervision::time_point{now}))
      return end{crashes, now};
    if (!spec.backoff)
      continue;
    auto& how = *spec.backoff;
    auto length = static_cast<double>(wait.count());
    now += std::chrono::milliseconds{
      static_cast<std::int64_t>(length * (1 - how.jitter * luck))};
    auto next
      = std::min(length * how.factor, static_cast<double>(how.limit.count()));
    auto longer = std::chrono::milliseconds{static_cast<std::int64_t>(next)};
    steady = longer == wait ? steady + 1 : 0;
    wait = longer;
    if (steady > window.intensity() + std::size_t{1})
      return {};
  }
  return {};
}

} // namespace

endurance endurance_of(const supervision::flags& settings,
                       const supervision::child_spec& spec) {
  using verdict = endurance::verdict;
  if (spec.restart == supervision::restart::temporary)
    return {verdict::not_restarted};
  if (spec.intensity)
    return {verdict::never}; // it waits for room in a budget of its own
  auto unlucky = end_of(settings, spec, 1);
  if (!unlucky)
    return {verdict::never};
  auto lucky = end_of(settings, spec, 0);
  if (!lucky)
    return {verdict::may_give_up, unlucky->crashes, unlucky->after};
  return {verdict::gives_up, unlucky->crashes, unlucky->after, lucky->after};
}

} // namespace coppice::programs
