// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/schedule_file.hpp"

#include "coppice/fault/term.hpp"
#include "lab/file_text.hpp"
#include "lab/json_node.hpp"
#include "lab/toml_json.hpp"

#include <algorithm>
#include <utility>

namespace coppice::nemesis {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds longest_duration = 24h;
constexpr milliseconds shortest_every = 10ms;
constexpr std::int64_t most_messages = 10'000'000;
constexpr std::int64_t most_starts = 1'000'000;
constexpr std::int64_t most_of_attribute = 1'000'000'000;
constexpr milliseconds longest_stall = 1min;

// As terms have times: a number and its unit.
milliseconds read_time(const lab::json_node& node, milliseconds least,
                       milliseconds most = longest_duration) {
  auto fail = [&] {
    node.fail("a time from " + std::to_string(least.count()) + "ms to "
              + std::to_string(most / 1s) + "s, such as \"500ms\" or \"2s\"");
  };
  if (!node.json().is_string())
    fail();
  auto parsed = fault::parse_term("delay(" + node.word() + ")");
  auto* term = std::get_if<fault::term>(&parsed);
  if (term == nullptr || term->steps.size() != 1 || !term->steps[0].what.time)
    fail();
  auto time = *term->steps[0].what.time;
  if (time < least || time > most)
    fail();
  return std::chrono::ceil<milliseconds>(time);
}

// -- what is done -------------------------------------------------------------

void read_term(const lab::json_node& node, action& into) {
  into.target = node.at("point").word();
  into.detail = node.at("term").word();
  auto parsed = fault::parse_term(into.detail);
  if (auto* wrong = std::get_if<fault::term_error>(&parsed))
    node.at("term").fail_found(to_string(*wrong));
  if (uses(std::get<fault::term>(parsed), fault::action_kind::abort))
    node.at("term").fail("a term without abort, which no server survives");
}

void read_toxic(const lab::json_node& node, action& into) {
  into.target = node.has("target") ? node.at("target").word() : "*";
  auto toxic = node.at("toxic");
  toxic.allow_only({"name", "type", "stream", "toxicity", "attributes"});
  toxic.at("type").word();
  if (toxic.has("name"))
    toxic.at("name").word();
  if (toxic.has("attributes")) {
    auto attributes = toxic.at("attributes");
    if (!attributes.json().is_object())
      attributes.fail("an object");
    for (auto& [name, _] : attributes.json().items())
      attributes.at(name).integer(0, most_of_attribute);
  }
  into.detail = toxic.json().dump();
}

void read_actor(const lab::json_node& node, action& into) {
  into.target = node.at("target").word();
  if (node.has("reason"))
    into.detail = node.at("reason").word();
  if (node.has("count"))
    into.count = static_cast<std::uint64_t>(node.at("count").integer(
      1, into.fault == fault_kind::flood ? most_messages : most_starts));
  if (node.has("within_budget"))
    into.within_budget = node.at("within_budget").boolean();
}

// The keys of a step that only this fault has.
std::vector<std::string_view> keys_of(fault_kind fault) {
  switch (fault) {
  case fault_kind::arm:
    return {"point", "term"};
  case fault_kind::kill:
    return {"target", "reason", "within_budget"};
  case fault_kind::kill_random:
    return {"target", "within_budget"};
  case fault_kind::fail_starts:
  case fault_kind::flood:
    return {"target", "count"};
  case fault_kind::burn_budget:
  case fault_kind::refuse_stop:
  case fault_kind::suspend:
    return {"target"};
  case fault_kind::stall:
    return {"reactor", "time"};
  case fault_kind::toxic:
    return {"target", "toxic"};
  }
  return {};
}

bool is_undone(fault_kind fault) {
  return fault == fault_kind::arm || fault == fault_kind::suspend
         || fault == fault_kind::fail_starts || fault == fault_kind::refuse_stop
         || fault == fault_kind::toxic;
}

void allow_only_known(const lab::json_node& node, fault_kind fault) {
  std::vector<std::string_view> known{"fault", "at", "every"};
  if (node.has("every"))
    known.insert(known.end(), {"from", "until", "jitter"});
  if (is_undone(fault))
    known.push_back("for");
  auto own = keys_of(fault);
  known.insert(known.end(), own.begin(), own.end());
  node.allow_only(known);
}

action read_action(const lab::json_node& node) {
  using enum fault_kind;
  action result;
  std::vector<std::pair<std::string_view, fault_kind>> names;
  for (auto each : {arm, kill, kill_random, burn_budget, fail_starts,
                    refuse_stop, suspend, flood, stall, toxic})
    names.emplace_back(to_string(each), each);
  result.fault = node.at("fault").one_of(names);
  allow_only_known(node, result.fault);
  if (result.fault == arm) {
    read_term(node, result);
  } else if (result.fault == toxic) {
    read_toxic(node, result);
  } else if (result.fault == stall) {
    result.reactor = static_cast<unsigned>(node.at("reactor").integer(0, 1023));
    result.time = read_time(node.at("time"), 1ms, longest_stall);
  } else {
    read_actor(node, result);
  }
  return result;
}

// -- when ---------------------------------------------------------------------

void read_times(const lab::json_node& node, step& into) {
  if (node.has("at") == node.has("every"))
    node.fail_found("expected either \"at\" or \"every\", found "
                    + std::string{node.has("at") ? "both" : "neither"});
  if (node.has("at")) {
    into.from = read_time(node.at("at"), 0ms);
  } else {
    into.every = read_time(node.at("every"), shortest_every);
    into.from
      = node.has("from") ? read_time(node.at("from"), 0ms) : *into.every;
    if (node.has("until"))
      into.until = read_time(node.at("until"), into.from + 1ms);
    if (node.has("jitter"))
      into.jitter = read_time(node.at("jitter"), 0ms, *into.every);
  }
  if (!node.has("for"))
    return;
  into.length = read_time(node.at("for"), 1ms);
  if (into.every && *into.length + into.jitter >= *into.every)
    node.at("for").fail("less than \"every\" (without \"jitter\"), so that one "
                        "ends before the next begins");
}

step read_one(const lab::json_node& node, milliseconds duration) {
  step result{.what = read_action(node)};
  read_times(node, result);
  auto begins = node.has("at") ? "at" : node.has("from") ? "from" : "every";
  if (result.from >= duration)
    node.at(begins).fail("a time before the end of the schedule ("
                         + std::to_string(duration.count()) + "ms)");
  return result;
}

void add_included(const lab::json_node& node, schedule& into) {
  for (auto& each : node.elements()) {
    auto* preset = find_preset(each.word());
    if (preset == nullptr)
      each.fail("the name of a preset; coppice nemesis list shows them");
    auto read = parse_schedule(preset->text, preset->name);
    for (auto& step : std::get<schedule>(read).steps)
      into.steps.push_back(std::move(step));
  }
}

schedule read_schedule(const lab::json_node& node) {
  node.allow_only({"name", "about", "seed", "duration", "include", "steps"});
  schedule result;
  result.name = node.at("name").word();
  if (node.has("about"))
    result.about = node.at("about").word();
  if (node.has("seed"))
    result.seed = static_cast<std::uint64_t>(node.at("seed").integer(0));
  result.duration = read_time(node.at("duration"), 1ms);
  if (node.has("include"))
    add_included(node.at("include"), result);
  if (!node.has("include") || node.has("steps"))
    for (auto& each : node.at("steps").elements())
      result.steps.push_back(read_one(each, result.duration));
  if (result.steps.empty())
    node.at("steps").fail("at least one step");
  if (count_moments(result) > most_moments)
    node.at("duration")
      .fail("at most " + std::to_string(most_moments)
            + " faults in all; be shorter or rarer");
  return result;
}

} // namespace

std::variant<schedule, lab::scenario_error>
read_schedule(const nlohmann::json& value, const std::string& file) {
  try {
    return read_schedule(lab::json_node{value, ""});
  } catch (lab::scenario_error& err) {
    err.file = file;
    return std::move(err);
  }
}

std::variant<schedule, lab::scenario_error>
parse_schedule(std::string_view text, const std::string& file) {
  auto value = file.ends_with(".toml") ? lab::parse_toml(text, file)
                                       : lab::parse_json(text, file);
  if (auto* err = std::get_if<lab::scenario_error>(&value))
    return std::move(*err);
  return read_schedule(std::get<nlohmann::json>(value), file);
}

std::variant<schedule, lab::scenario_error>
load_schedule(const std::string& file) {
  auto text = lab::read_text(file);
  if (auto* err = std::get_if<lab::scenario_error>(&text))
    return std::move(*err);
  return parse_schedule(std::get<std::string>(text), file);
}

} // namespace coppice::nemesis
