// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/schedule.hpp"

#include "coppice/fault/term.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace coppice::nemesis {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::array<std::string_view, 11> words{
  "arm",         "kill",        "kill_random", "burn_budget",
  "fail_starts", "refuse_stop", "suspend",     "flood",
  "stall",       "toxic",       "reload"};

std::mt19937_64 chance_of(std::uint64_t seed, std::size_t step) {
  std::seed_seq mix{static_cast<std::uint32_t>(seed),
                    static_cast<std::uint32_t>(seed >> 32),
                    static_cast<std::uint32_t>(step)};
  return std::mt19937_64{mix};
}

milliseconds end_of(const schedule& plan, const step& step) {
  return std::min(plan.duration, step.until.value_or(plan.duration));
}

void add_turn(std::vector<moment>& all, const schedule& plan, const step& step,
              moment next) {
  if (next.at >= plan.duration)
    return;
  all.push_back(next);
  if (!step.length)
    return;
  next.at += *step.length;
  next.undo = true;
  if (next.at < plan.duration)
    all.push_back(std::move(next));
}

void add_step(std::vector<moment>& all, const schedule& plan, std::size_t index,
              std::uint64_t seed) {
  auto& step = plan.steps[index];
  auto chance = chance_of(seed, index);
  moment next{.step = index, .what = step.what};
  for (auto at = step.from; at < end_of(plan, step); at += *step.every) {
    next.chance = chance();
    next.at = at;
    if (step.jitter > 0ms)
      next.at += milliseconds{static_cast<std::int64_t>(
        chance() % static_cast<std::uint64_t>(step.jitter.count() + 1))};
    add_turn(all, plan, step, next);
    ++next.turn;
    if (!step.every)
      return;
  }
}

// -- delays -------------------------------------------------------------------

fault::term term_of(const action& what) {
  return fault::parse_term(what.detail).value_or(fault::term{});
}

milliseconds longest_in(const action& what, milliseconds whole) {
  milliseconds longest{0};
  for (auto& each : term_of(what).steps) {
    using enum fault::action_kind;
    auto waits = each.what.kind == delay || each.what.kind == hang;
    if (waits && !each.what.time)
      longest = whole;
    else if (waits)
      longest
        = std::max(longest, std::chrono::ceil<milliseconds>(*each.what.time));
  }
  return longest;
}

milliseconds toxic_wait(const action& what, milliseconds whole) {
  auto toxic = nlohmann::json::parse(what.detail, nullptr, false);
  if (!toxic.is_object() || toxic.value("type", "") != "latency")
    return whole;
  auto attributes = toxic.value("attributes", nlohmann::json::object());
  return milliseconds{attributes.value("latency", 0)
                      + attributes.value("jitter", 0)};
}

milliseconds wait_of(const step& step, milliseconds duration) {
  auto whole = step.length.value_or(duration);
  switch (step.what.fault) {
  case fault_kind::arm:
    return longest_in(step.what, whole);
  case fault_kind::suspend:
    return whole;
  case fault_kind::stall:
    return step.what.time;
  case fault_kind::toxic:
    return toxic_wait(step.what, whole);
  case fault_kind::kill:
  case fault_kind::kill_random:
  case fault_kind::burn_budget:
  case fault_kind::fail_starts:
  case fault_kind::refuse_stop:
  case fault_kind::flood:
  case fault_kind::reload:
    return 0ms;
  }
  return 0ms;
}

} // namespace

std::string_view to_string(fault_kind value) {
  return words[static_cast<std::size_t>(value)];
}

std::vector<moment> expand(const schedule& plan, std::uint64_t seed) {
  std::vector<moment> result;
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    add_step(result, plan, i, seed);
  std::ranges::stable_sort(result, {}, &moment::at);
  return result;
}

std::uint64_t count_moments(const schedule& plan) {
  std::uint64_t result = 0;
  for (auto& step : plan.steps) {
    auto span = end_of(plan, step) - step.from;
    auto turns = step.every && span > 0ms ? span / *step.every + 1 : 1;
    result += static_cast<std::uint64_t>(turns) * (step.length ? 2 : 1);
  }
  return result;
}

milliseconds longest_wait(const schedule& plan) {
  milliseconds result{0};
  for (auto& step : plan.steps)
    result += wait_of(step, plan.duration);
  return result;
}

bool harms_bytes(const schedule& plan) {
  return std::ranges::any_of(plan.steps, [](auto& step) {
    auto& what = step.what;
    auto& point = what.target;
    if (what.fault != fault_kind::arm
        || !(point.starts_with("net.") || point == "tls.read"
             || point == "tls.write"))
      return false;
    auto term = term_of(what);
    return uses(term, fault::action_kind::drop)
           || uses(term, fault::action_kind::dup);
  });
}

std::string describe(const moment& moment) {
  auto& what = moment.what;
  std::string result = moment.undo ? "undo " : "";
  result += to_string(what.fault);
  if (what.fault == fault_kind::reload)
    return result;
  result += " ";
  result += what.fault == fault_kind::stall
              ? "reactor " + std::to_string(what.reactor)
              : what.target;
  if (moment.undo)
    return result;
  if (what.fault == fault_kind::stall)
    return result + " " + std::to_string(what.time.count()) + " ms";
  if (what.count != 1)
    result += " " + std::to_string(what.count);
  return what.detail.empty() ? result : result + " " + what.detail;
}

} // namespace coppice::nemesis
