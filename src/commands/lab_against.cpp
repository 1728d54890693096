// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_against.hpp"

#include "commands/lab_files.hpp"
#include "commands/lab_worlds.hpp"
#include "server/terminal_width.hpp"

#include "lab/compare.hpp"
#include "lab/driver_protocol.hpp"
#include "lab/printable.hpp"
#include "lab/side_by_side.hpp"
#include "server/duration.hpp"
#include "server/exit_code.hpp"

#include <fstream>
#include <iostream>
#include <sstream>
#include <utility>

namespace coppice::commands {

namespace {

using nlohmann::json;

enum class verdict { same, different, skipped, failed };

const char* to_string(verdict value) {
  switch (value) {
  case verdict::same:
    return "same";
  case verdict::different:
    return "different";
  case verdict::skipped:
    return "skipped";
  case verdict::failed:
    return "failed";
  }
  return "";
}

// What became of one scenario.
struct comparison_result {
  verdict what = verdict::failed;
  std::string reason = {};
  std::size_t events = 0;
  lab::difference where = {};
  // What was played, for a person.
  lab::trace actual = {};
};

struct verdict_counts {
  std::size_t same = 0;
  std::size_t different = 0;
  std::size_t skipped = 0;
  std::size_t failed = 0;

  void add(verdict value) {
    switch (value) {
    case verdict::same:
      ++same;
      return;
    case verdict::different:
      ++different;
      return;
    case verdict::skipped:
      ++skipped;
      return;
    case verdict::failed:
      ++failed;
      return;
    }
  }

  std::size_t all() const {
    return same + different + skipped + failed;
  }

  // Nothing compared is nothing proven.
  bool good() const {
    return same > 0 && different == 0 && failed == 0;
  }
};

int contest_error(const std::string& what) {
  std::cerr << "coppice: " << lab::printable(what) << std::endl;
  return failed;
}

// What it is, and where, if that is known.
std::string full_name(const opponent& other, const std::string& place = {}) {
  auto& header = other.header();
  constexpr std::size_t most = 60;
  auto result = lab::printable(header.name, most);
  if (!header.version.empty())
    result += " " + lab::printable(header.version, most);
  return place.empty() ? result : result + " (" + place + ")";
}

std::string list_of(const std::set<std::string>& words) {
  std::string result;
  for (auto& each : words)
    result += (result.empty() ? "" : ", ") + each;
  return result;
}

comparison_result compare_played(const lab::trace& expected,
                                 played_scenario played,
                                 const lab::comparison& rules,
                                 bool other_decides) {
  if (auto* skip = std::get_if<lab::driver_skip>(&played))
    return {verdict::skipped, skip->reason};
  if (auto* failure = std::get_if<lab::driver_failure>(&played))
    return {verdict::failed, failure->message};
  comparison_result result;
  result.actual = std::get<lab::trace>(std::move(played));
  result.events = compared(expected, rules);
  auto found = compare(expected, result.actual, rules);
  result.what = found ? verdict::different : verdict::same;
  if (!found)
    return result;
  result.where = *found;
  if (other_decides)
    std::swap(result.where.expected, result.where.actual);
  return result;
}

lab::comparison rules_for(const scenario_file& what, const opponent& other) {
  lab::comparison rules{what.json};
  rules.left_out = other.header().leaves_out;
  return rules;
}

// -- what is said about it ----------------------------------------------------

std::string line_of(const std::string& name, const comparison_result& result) {
  std::string line = to_string(result.what);
  line.resize(11, ' ');
  line += lab::printable(name);
  switch (result.what) {
  case verdict::same:
    return line + ", " + std::to_string(result.events) + " events";
  case verdict::different:
    return line + ", first at " + to_string(result.where);
  case verdict::skipped:
  case verdict::failed:
    break;
  }
  return line + ": " + lab::printable(result.reason);
}

// Where several Erlangs may be compared, each line says which one it was.
void add_place(json& line, const std::string& place) {
  if (!place.empty())
    line["place"] = place;
}

json json_of(const scenario_file& what, const std::string& place,
             const comparison_result& result) {
  auto event = [](const std::optional<lab::trace_event>& ev) {
    return ev ? json(*ev) : json{};
  };
  json line{{"scenario", what.name()},
            {"file", what.path},
            {"result", to_string(result.what)}};
  add_place(line, place);
  switch (result.what) {
  case verdict::same:
    line["events"] = result.events;
    break;
  case verdict::different:
    line["sup"] = result.where.sup;
    line["index"] = result.where.index;
    line["expected"] = event(result.where.expected);
    line["found"] = event(result.where.actual);
    break;
  case verdict::skipped:
  case verdict::failed:
    line["reason"] = result.reason;
    break;
  }
  return line;
}

std::string line_in_json(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string reference_name(const lab_options& options) {
  return options.recorded ? "recorded" : "coppice, " + options.world;
}

// The end of a run, for a program.
std::string json_sum(const verdict_counts& sum, const opponent& other,
                     const std::string& place,
                     const std::optional<lab::driver_failure>& bad_end,
                     const lab_options& options) {
  auto& header = other.header();
  json line{
    {"scenarios", sum.all()},         {"same", sum.same},
    {"different", sum.different},     {"skipped", sum.skipped},
    {"failed", sum.failed},           {"reference", reference_name(options)},
    {"driver", header.name},          {"version", header.version},
    {"leaves_out", header.leaves_out}};
  add_place(line, place);
  if (bad_end)
    line["driver_failed"] = bad_end->message;
  return line_in_json(line);
}

std::string left_out_of(const opponent& other) {
  auto& kinds = other.header().leaves_out;
  if (kinds.empty())
    return {};
  return "\nNot compared, as the driver cannot see it: " + list_of(kinds);
}

// … and for a person.
std::string sum_in_words(const verdict_counts& sum, const opponent& other,
                         const std::string& place,
                         const std::optional<lab::driver_failure>& bad_end,
                         const lab_options& options) {
  auto text = "\n" + std::to_string(sum.all()) + " scenarios, "
              + reference_name(options) + " and " + full_name(other, place)
              + ": " + std::to_string(sum.same) + " same, "
              + std::to_string(sum.different) + " different, "
              + std::to_string(sum.skipped) + " skipped, "
              + std::to_string(sum.failed) + " failed" + left_out_of(other);
  if (bad_end)
    text += "\nThe driver went wrong at its end: " + bad_end->message;
  return text;
}

// A program of its own, by the protocol for drivers.
class driver_opponent : public opponent {
public:
  driver_opponent(lab::driver_session& session, lab::driver_header header)
      : session_(session), header_(std::move(header)) {
    // nop
  }

  const lab::driver_header& header() const override {
    return header_;
  }

  played_scenario play(const scenario_file& what) override {
    return session_.play(what.json);
  }

  std::optional<lab::driver_failure> finish() override {
    return session_.finish();
  }

private:
  lab::driver_session& session_;
  lab::driver_header header_;
};

} // namespace

// -- a contest ----------------------------------------------------------------

contest::entry contest::entry_of(const std::string& file,
                                 const lab_options& options) {
  auto read = read_scenario_file(file);
  if (auto* err = std::get_if<lab::scenario_error>(&read))
    return {{file, {}, {}, {}}, {}, {}, lab::driver_failure{to_string(*err)}};
  entry result{std::get<scenario_file>(std::move(read)), {}, {}, {}};
  if (!options.recorded) {
    if (result.file.plan)
      result.expected = to_trace(play_in(options.world, *result.file.plan));
    else
      result.skip = lab::driver_skip{result.file.refusal};
    return result;
  }
  auto recording = recording_of(file);
  std::ifstream in{recording};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    result.skip = lab::driver_skip{"there is no " + recording.string()};
    return result;
  }
  auto recorded = lab::read_trace(text.str());
  if (auto* err = std::get_if<lab::trace_error>(&recorded))
    result.failure
      = lab::driver_failure{recording.string() + ": " + to_string(*err)};
  else
    result.expected = std::get<lab::trace>(std::move(recorded));
  return result;
}

std::optional<contest> contest::of(const lab_options& options) {
  auto named = options.scenarios;
  if (named.empty())
    for (auto* folder : {"own", "scenarios"})
      named.push_back((lab_data("conformance-kit") / folder).string());
  auto files = files_of(named);
  if (files.empty()) {
    contest_error("there are no scenarios in " + named.front());
    return {};
  }
  contest result;
  result.alone_ = files.size() == 1 && files == options.scenarios;
  for (auto& file : files)
    result.entries_.push_back(entry_of(file, options));
  if (!result.alone_ || options.json)
    return result;
  auto& only = result.entries_.front();
  if (only.skip || only.failure) {
    contest_error(only.skip ? only.skip->reason : only.failure->message);
    return {};
  }
  return result;
}

std::vector<json> contest::playable() const {
  std::vector<json> result;
  for (auto& each : entries_)
    if (!each.skip && !each.failure)
      result.push_back(each.file.json);
  return result;
}

int contest::run(opponent& other, const std::string& place,
                 const lab_options& options) const {
  return alone_ && !options.json ? run_one(other, place, options)
                                 : run_many(other, place, options);
}

int contest::run_many(opponent& other, const std::string& place,
                      const lab_options& options) const {
  verdict_counts sum;
  // A recording counts for more than what plays now.
  auto decides = other.decides() && !options.recorded;
  for (auto& each : entries_) {
    comparison_result result;
    if (each.failure)
      result.reason = each.failure->message;
    else if (each.skip)
      result = {verdict::skipped, each.skip->reason};
    else
      result = compare_played(each.expected, other.play(each.file),
                              rules_for(each.file, other), decides);
    sum.add(result.what);
    std::cout << (options.json ? line_in_json(json_of(each.file, place, result))
                               : line_of(each.file.name(), result))
              << std::endl;
  }
  auto bad_end = other.finish();
  std::cout << (options.json
                  ? json_sum(sum, other, place, bad_end, options)
                  : sum_in_words(sum, other, place, bad_end, options))
            << std::endl;
  return sum.good() && !bad_end ? done : failed;
}

int contest::run_one(opponent& other, const std::string& place,
                     const lab_options& options) const {
  auto& [file, expected, skip, failure] = entries_.front();
  auto rules = rules_for(file, other);
  auto result = compare_played(expected, other.play(file), rules,
                               other.decides() && !options.recorded);
  auto bad_end = other.finish();
  if (result.what == verdict::skipped || result.what == verdict::failed)
    return contest_error(file.name() + " cannot be played on "
                         + full_name(other) + ": " + result.reason);
  std::cout << side_by_side({reference_name(options), expected},
                            {full_name(other), result.actual}, rules,
                            terminal_width())
            << "\nCompared with " << full_name(other, place) << "."
            << left_out_of(other);
  if (result.what == verdict::same)
    std::cout << "\nThe same: all " << result.events << " events." << std::endl;
  else
    std::cout << "\nDifferent, first at " << to_string(result.where)
              << std::endl;
  if (bad_end)
    return contest_error("the driver went wrong at its end: "
                         + bad_end->message);
  return result.what == verdict::same ? done : failed;
}

std::chrono::milliseconds deadline_of(const lab_options& options,
                                      std::chrono::milliseconds otherwise) {
  return parse_duration(options.deadline).value_or(otherwise);
}

int run_against_driver(const lab_options& options) {
  auto words
    = std::get<std::vector<std::string>>(lab::words_of(options.against));
  lab::driver_limits limits;
  limits.patience = deadline_of(options, limits.patience);
  auto scenarios = contest::of(options);
  if (!scenarios)
    return failed;
  lab::driver_session session{std::move(words), limits};
  auto header = session.header();
  if (auto* failure = std::get_if<lab::driver_failure>(&header))
    return contest_error("the driver " + lab::printable(options.against, 300)
                         + ": " + failure->message);
  driver_opponent other{session,
                        std::get<lab::driver_header>(std::move(header))};
  return scenarios->run(other, {}, options);
}

} // namespace coppice::commands
