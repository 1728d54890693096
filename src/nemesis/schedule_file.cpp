// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/schedule_file.hpp"

#include "coppice/fault/term.hpp"
#include "coppice/net/toxic/toxic.hpp"
#include "lab/file_text.hpp"
#include "lab/json_node.hpp"
#include "lab/json_place.hpp"
#include "lab/toml_json.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
constexpr std::int64_t most_stalled = 10'000;

// As terms have times: a number and its unit.
std::optional<std::chrono::nanoseconds> time_in(const std::string& text) {
  auto parsed = fault::parse_term("delay(" + text + ")");
  if (!parsed || parsed->steps.size() != 1)
    return {};
  return parsed->steps[0].what.time;
}

milliseconds read_time(const lab::json_node& node, milliseconds least,
                       milliseconds most = longest_duration) {
  auto time = node.json().is_string() ? time_in(node.word()) : std::nullopt;
  if (time && *time >= least && *time <= most)
    return std::chrono::ceil<milliseconds>(*time);
  node.fail("a time from " + std::to_string(least.count()) + "ms to "
            + std::to_string(most / 1s) + "s, such as \"500ms\" or \"2s\"");
  return least;
}

// -- what is done -------------------------------------------------------------

void read_term(const lab::json_node& node, action& into) {
  into.target = node.at("point").word();
  into.detail = node.at("term").word();
  auto parsed = fault::parse_term(into.detail);
  if (!parsed)
    node.at("term").fail_found(to_string(parsed.error()));
  else if (uses(*parsed, fault::action_kind::abort))
    node.at("term").fail("a term without abort, which no server survives");
}

// By the names of the product, so that no run ends in the middle because of
// one. The server checks the rest.
void read_toxic(const lab::json_node& node, action& into) {
  into.target = node.has("target") ? node.at("target").word() : "*";
  auto toxic = node.at("toxic");
  toxic.allow_only({"name", "type", "stream", "toxicity", "attributes"});
  net::toxic result;
  std::vector<std::pair<std::string_view, net::toxic_effect>> types;
  auto names = net::toxic_type_names();
  for (auto& name : names)
    types.emplace_back(name, *net::parse_toxic_type(name));
  result.effect = toxic.at("type").one_of(types);
  if (toxic.has("name"))
    result.name = toxic.at("name").word();
  if (toxic.has("stream"))
    result.stream = toxic.at("stream").one_of<net::toxic_stream>(
      {{"upstream", net::toxic_stream::upstream},
       {"downstream", net::toxic_stream::downstream}});
  if (toxic.has("toxicity")) {
    if (!toxic.at("toxicity").json().is_number())
      toxic.at("toxicity").fail("a number from 0 to 1");
    else
      result.toxicity = toxic.at("toxicity").json().get<double>();
  }
  if (toxic.has("attributes")) {
    auto attributes = toxic.at("attributes");
    if (!attributes.json().is_object())
      attributes.fail("an object");
    else
      for (auto& [name, _] : attributes.json().items()) {
        auto value = attributes.at(name).integer(0, most_of_attribute);
        if (auto set = set_attribute(result.effect, name, value); !set)
          attributes.at(name).fail_found(set.error());
      }
  } else if (auto example = net::needed_attribute(result.effect);
             !example.empty()) {
    toxic.fail_found("expected attributes, such as " + example
                     + ", found none");
  }
  if (auto completed = complete(result); !completed)
    toxic.fail_found(completed.error());
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
  case fault_kind::reload:
    return {};
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
                    refuse_stop, suspend, flood, stall, toxic, reload})
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
  } else if (result.fault != reload) {
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

std::vector<std::string> preset_names() {
  std::vector<std::string> result;
  for (auto& each : presets())
    result.emplace_back(each.name);
  return result;
}

void add_included(const lab::json_node& node, schedule& into) {
  for (auto& each : node.elements()) {
    auto* preset = find_preset(each.word());
    if (preset == nullptr) {
      each.fail("the name of a preset; coppice nemesis list shows them",
                preset_names());
      continue;
    }
    auto read = parse_schedule(preset->text, preset->name).value();
    for (auto& step : read.steps)
      into.steps.push_back(std::move(step));
  }
}

schedule read_whole(const lab::json_node& node) {
  node.allow_only({"name", "about", "seed", "duration", "tls",
                   "stalled_handshakes", "include", "steps"});
  schedule result;
  result.name = node.at("name").word();
  if (node.has("about"))
    result.about = node.at("about").word();
  if (node.has("seed"))
    result.seed = static_cast<std::uint64_t>(node.at("seed").integer(0));
  result.duration = read_time(node.at("duration"), 1ms);
  if (node.has("tls"))
    result.tls = node.at("tls").boolean();
  if (node.has("stalled_handshakes"))
    result.stalled_handshakes = static_cast<unsigned>(
      node.at("stalled_handshakes").integer(0, most_stalled));
  if (result.stalled_handshakes > 0 && !result.tls)
    node.at("stalled_handshakes").fail("\"tls\": true beside it");
  if (node.has("include"))
    add_included(node.at("include"), result);
  if (!node.has("include") || node.has("steps"))
    for (auto& each : node.at("steps").elements())
      result.steps.push_back(read_one(each, result.duration));
  if (result.steps.empty())
    node.at("steps").fail("at least one step");
  if (!node.failed() && count_moments(result) > most_moments)
    node.at("duration")
      .fail("at most " + std::to_string(most_moments)
            + " faults in all; be shorter or rarer");
  return result;
}

} // namespace

expected<schedule, lab::scenario_error>
read_schedule(const nlohmann::json& value, const std::string& file) {
  return lab::read_nodes(value, file, read_whole);
}

expected<schedule, lab::scenario_error>
parse_schedule(std::string_view text, const std::string& file) {
  auto read
    = [&](const nlohmann::json& value) { return read_schedule(value, file); };
  if (file.ends_with(".toml"))
    return lab::parse_toml(text, file).and_then(read);
  return lab::parse_json(text, file)
    .and_then(read)
    .map_error([&](lab::scenario_error error) {
      return lab::with_place(std::move(error), text);
    });
}

expected<schedule, lab::scenario_error> load_schedule(const std::string& file) {
  return lab::read_text(file).and_then(
    [&](const std::string& text) { return parse_schedule(text, file); });
}

} // namespace coppice::nemesis
