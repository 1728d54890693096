// SPDX-License-Identifier: BSD-3-Clause

#include "commands/nemesis_session.hpp"

#include "observe/printable.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace coppice::commands {

using nlohmann::json;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using verdict_kind = nemesis_verdict::kind;

namespace {

constexpr std::size_t shown_reasons = 5;
constexpr std::array percents{50.0, 90.0, 99.0};

std::string in_seconds(milliseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%9.3f s",
                static_cast<double>(time.count()) / 1000);
  return text;
}

std::string in_millis(microseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%10.2f ms",
                static_cast<double>(time.count()) / 1000);
  return text;
}

// How often a step had each result.
using tally = std::array<std::uint64_t, 4>;

std::map<std::size_t, tally> tallies(const nemesis::run_log& log) {
  std::map<std::size_t, tally> result;
  for (auto& each : log.entries)
    if (!each.moment.undo)
      ++result[each.moment.step][static_cast<std::size_t>(each.answer.what)];
  return result;
}

std::string draw_steps(const nemesis_result& result) {
  using answer = nemesis::answer::kind;
  std::string text;
  for (auto& [step, counts] : tallies(result.log)) {
    auto first
      = std::ranges::find(result.moments, step, &nemesis::moment::step);
    text += "  " + observe::printable(describe(*first)) + ":";
    auto separator = " ";
    for (auto each :
         {answer::done, answer::spared, answer::missed, answer::refused})
      if (auto count = counts[static_cast<std::size_t>(each)]; count > 0) {
        text += separator + std::to_string(count) + " "
                + std::string{to_string(each)};
        separator = ", ";
      }
    text += "\n";
  }
  return text;
}

using phases = std::array<nemesis::latencies, nemesis::check_phases>;

std::string draw_latencies(const char* heading, const phases& all) {
  auto text = std::string{heading}
              + "          p50          p90          p99          max\n";
  for (std::size_t i = 0; i < nemesis::check_phases; ++i) {
    auto& took = all[i];
    char line[64];
    std::snprintf(line, sizeof line, "  %-9s %9llu",
                  to_string(static_cast<nemesis::check_phase>(i)),
                  static_cast<unsigned long long>(took.count()));
    text += line;
    for (auto percent : percents)
      text += in_millis(took.percentile(percent));
    text += in_millis(took.longest()) + "\n";
  }
  return text;
}

// Nothing without TLS.
std::string draw_handshakes(const nemesis::check_report& checks) {
  if (checks.handshakes == 0 && checks.stalled == 0)
    return {};
  return draw_latencies("  handshakes    number", checks.shaken) + "\n  "
         + std::to_string(checks.handshakes) + " handshakes, "
         + std::to_string(checks.resumed) + " of which resumed a session"
         + (checks.stalled == 0 ? ""
                                : "; " + std::to_string(checks.stalled)
                                    + " others stalled on purpose")
         + "\n";
}

std::string draw_checks(const nemesis::check_report& checks) {
  return "  " + std::to_string(checks.requests) + " requests, "
         + std::to_string(checks.bytes) + " bytes compared; "
         + std::to_string(checks.connections) + " connections, "
         + std::to_string(checks.ended) + " ended by the server, "
         + std::to_string(checks.refused)
         + " refused; violations: " + std::to_string(checks.violations) + "\n";
}

const char* to_string(verdict_kind value) {
  constexpr std::array names{"held", "violated", "none"};
  return names[static_cast<std::size_t>(value)];
}

std::string last_line(const nemesis_verdict& verdict) {
  std::string text = "verdict: ";
  text += to_string(verdict.what);
  for (auto& each : verdict.reasons)
    text += (&each == &verdict.reasons.front() ? ": " : "\n  ")
            + observe::printable(each);
  return text + "\n";
}

json moment_json(const nemesis::moment& what) {
  json result{{"at_ms", what.at.count()},
              {"step", what.step},
              {"what", describe(what)},
              {"turn", what.turn},
              {"chance", what.chance}};
  if (what.undo)
    result["undo"] = true;
  return result;
}

json timeline(const nemesis_result& result) {
  std::vector<std::pair<milliseconds, json>> all;
  for (auto& each : result.log.entries)
    all.emplace_back(each.at, json{{"at_ms", each.at.count()},
                                   {"what", describe(each.moment)},
                                   {"came_to", to_string(each.answer.what)},
                                   {"answer", each.answer.text}});
  for (auto& each : result.notes)
    all.emplace_back(each.at,
                     json{{"at_ms", each.at.count()}, {"tree", each.text}});
  std::ranges::stable_sort(all, {}, &std::pair<milliseconds, json>::first);
  auto lines = json::array();
  for (auto& [at, line] : all)
    lines.push_back(std::move(line));
  return lines;
}

json checks_json(const nemesis::check_report& checks) {
  json result{
    {"requests", checks.requests},        {"bytes", checks.bytes},
    {"connections", checks.connections},  {"ended", checks.ended},
    {"refused", checks.refused},          {"violations", checks.violations},
    {"served_after", checks.served_after}};
  auto add_times = [&](const char* key, const phases& all) {
    for (std::size_t i = 0; i < nemesis::check_phases; ++i) {
      auto& took = all[i];
      result[key][to_string(static_cast<nemesis::check_phase>(i))]
        = {{"count", took.count()},
           {"p50", took.percentile(50).count()},
           {"p90", took.percentile(90).count()},
           {"p99", took.percentile(99).count()},
           {"max", took.longest().count()}};
    }
  };
  add_times("latency_us", checks.took);
  if (checks.handshakes == 0 && checks.stalled == 0)
    return result;
  result["handshakes"] = checks.handshakes;
  result["resumed"] = checks.resumed;
  result["stalled"] = checks.stalled;
  add_times("handshake_us", checks.shaken);
  return result;
}

} // namespace

nemesis_verdict judge(const nemesis_request& asked,
                      const nemesis_result& result) {
  nemesis_verdict verdict;
  auto& log = result.log;
  for (auto& each : result.checks.first)
    verdict.reasons.push_back(to_string(each));
  if (!log.healed)
    verdict.reasons.push_back("not healed: " + log.healed.error());
  else if (!log.interrupted && log.refused.empty()
           && result.checks.served_after < asked.checks.clients)
    verdict.reasons.push_back(std::to_string(result.checks.served_after)
                              + " of " + std::to_string(asked.checks.clients)
                              + " clients were served afterwards");
  if (!verdict.reasons.empty()) {
    verdict.what = verdict_kind::violated;
    if (verdict.reasons.size() > shown_reasons)
      verdict.reasons.resize(shown_reasons);
    return verdict;
  }
  if (!log.refused.empty())
    verdict.reasons.push_back("the server refused " + log.refused);
  else if (log.interrupted)
    verdict.reasons.push_back("interrupted; the server is healed");
  else
    verdict.reasons = never_done(log);
  if (!verdict.reasons.empty())
    verdict.what = verdict_kind::none;
  return verdict;
}

std::string timestamp(milliseconds at) {
  return in_seconds(at) + "  ";
}

std::string to_text(const nemesis::entry& what) {
  using enum nemesis::fault_kind;
  auto moment = what.moment;
  auto fault = moment.what.fault;
  if (what.answer.what != nemesis::answer::kind::done)
    return describe(moment) + " (" + std::string{to_string(what.answer.what)}
           + "): " + what.answer.text;
  if (fault != arm && fault != stall && fault != toxic && fault != reload)
    moment.what.target = what.answer.text; // rather than a pattern
  return describe(moment);
}

std::string to_text(const nemesis_request&, const nemesis_result& result,
                    const nemesis_verdict& verdict) {
  return "\n" + draw_steps(result) + "\n"
         + draw_latencies("  answers    requests", result.checks.took) + "\n"
         + draw_handshakes(result.checks) + draw_checks(result.checks) + "\n"
         + last_line(verdict);
}

std::string to_json(const nemesis_request& asked, const nemesis_result& result,
                    const nemesis_verdict& verdict) {
  auto steps = json::array();
  for (auto& each : result.moments)
    steps.push_back(moment_json(each));
  return json{{"schedule", asked.plan.name},
              {"seed", asked.seed},
              {"duration_ms", asked.plan.duration.count()},
              {"steps", std::move(steps)},
              {"timeline", timeline(result)},
              {"clients", checks_json(result.checks)},
              {"healed", result.log.healed.has_value()},
              {"verdict", to_string(verdict.what)},
              {"reasons", verdict.reasons}}
           .dump(2, ' ', true, json::error_handler_t::replace)
         + "\n";
}

} // namespace coppice::commands
