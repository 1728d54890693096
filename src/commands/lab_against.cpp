// SPDX-License-Identifier: BSD-3-Clause

#include "commands/lab_against.hpp"

#include "commands/complaint.hpp"
#include "commands/lab_files.hpp"
#include "commands/lab_worlds.hpp"
#include "server/terminal_width.hpp"

#include "lab/compare.hpp"
#include "lab/driver_protocol.hpp"
#include "lab/examples.hpp"
#include "lab/side_by_side.hpp"
#include "observe/printable.hpp"
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
  complain(what);
  return failed;
}

// What it is, and where, if that is known.
std::string full_name(const lab::driver_header& header,
                      const std::string& place = {}) {
  constexpr std::size_t most = 60;
  auto result = observe::printable(header.name, most);
  if (!header.version.empty())
    result += " " + observe::printable(header.version, most);
  return place.empty() ? result
                       : result + " (" + observe::printable(place) + ")";
}

std::string list_of(const std::set<std::string>& words) {
  std::string result;
  for (auto& each : words)
    result += (result.empty() ? "" : ", ") + observe::printable(each);
  return result;
}

comparison_result compare_played(const lab::trace& expected,
                                 lab::driver_answer played,
                                 const lab::comparison& rules,
                                 bool other_decides) {
  if (!played)
    return {verdict::failed, played.error().message};
  if (auto* skip = std::get_if<lab::driver_skip>(&*played))
    return {verdict::skipped, skip->reason};
  comparison_result result;
  result.actual = std::get<lab::trace>(*std::move(played));
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

lab::comparison rules_for(const scenario_file& what,
                          const lab::driver_header& header) {
  lab::comparison rules{what.json};
  rules.left_out = header.leaves_out;
  return rules;
}

// -- what is said about it ----------------------------------------------------

std::string line_of(const std::string& name, const comparison_result& result) {
  std::string line = to_string(result.what);
  line.resize(11, ' ');
  line += observe::printable(name);
  switch (result.what) {
  case verdict::same:
    return line + ", " + std::to_string(result.events) + " events";
  case verdict::different:
    return line + ", first at " + to_string(result.where);
  case verdict::skipped:
  case verdict::failed:
    break;
  }
  return line + ": " + observe::printable(result.reason);
}

// Where several Erlangs may be compared, each line says which one it was.
void add_place(json& line, const std::string& place) {
  if (!place.empty())
    line["place"] = place;
}

json report_on(const scenario_file& what, const std::string& place,
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
std::string json_sum(const verdict_counts& sum,
                     const lab::driver_header& header, const std::string& place,
                     const expected<void, lab::driver_failure>& end,
                     const lab_options& options) {
  json line{
    {"scenarios", sum.all()},         {"same", sum.same},
    {"different", sum.different},     {"skipped", sum.skipped},
    {"failed", sum.failed},           {"reference", reference_name(options)},
    {"driver", header.name},          {"version", header.version},
    {"leaves_out", header.leaves_out}};
  add_place(line, place);
  if (!end)
    line["driver_failed"] = end.error().message;
  return line_in_json(line);
}

std::string left_out_of(const lab::driver_header& header) {
  if (header.leaves_out.empty())
    return {};
  return "\nNot compared, as the driver cannot see it: "
         + list_of(header.leaves_out);
}

// … and for a person.
std::string sum_in_words(const verdict_counts& sum,
                         const lab::driver_header& header,
                         const std::string& place,
                         const expected<void, lab::driver_failure>& end,
                         const lab_options& options) {
  auto text = "\n" + std::to_string(sum.all()) + " scenarios, "
              + reference_name(options) + " and " + full_name(header, place)
              + ": " + std::to_string(sum.same) + " same, "
              + std::to_string(sum.different) + " different, "
              + std::to_string(sum.skipped) + " skipped, "
              + std::to_string(sum.failed) + " failed" + left_out_of(header);
  if (!end)
    text += "\nThe driver went wrong at its end: " + end.error().message;
  return text;
}

} // namespace

// -- a contest ----------------------------------------------------------------

// A driver that plays.
struct contest::match {
  lab::driver_session& session;
  lab::driver_header header;
  std::string place;
  bool other_decides; // and no recording, which counts for more
};

contest::entry contest::entry_of(const std::string& file,
                                 const lab_options& options) {
  auto read = read_scenario_file(file);
  if (!read)
    return {
      {file, {}, {}, {}}, {}, {}, lab::driver_failure{to_string(read.error())}};
  entry result{*std::move(read), {}, {}, {}};
  if (!options.recorded) {
    if (result.file.plan)
      result.expected = to_trace(play_in(options.world, *result.file.plan));
    else
      result.skip = lab::driver_skip{result.file.refusal};
    return result;
  }
  if (lab::find_example(file) != nullptr) {
    result.skip = lab::driver_skip{"nothing was recorded of an example"};
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
  if (recorded)
    result.expected = *std::move(recorded);
  else
    result.failure = lab::driver_failure{recording.string() + ": "
                                         + to_string(recorded.error())};
  return result;
}

expected<contest, std::string> contest::of(const lab_options& options) {
  auto named = options.scenarios;
  if (named.empty())
    for (auto* folder : {"own", "scenarios"})
      named.push_back((lab_data("conformance-kit") / folder).string());
  auto files = files_of(named);
  if (files.empty())
    return unexpected{"there are no scenarios in " + named.front()};
  contest result;
  result.alone_ = files.size() == 1 && files == options.scenarios;
  for (auto& file : files)
    result.entries_.push_back(entry_of(file, options));
  if (!result.alone_ || options.json)
    return result;
  auto& only = result.entries_.front();
  if (only.skip || only.failure)
    return unexpected{only.skip ? only.skip->reason : only.failure->message};
  return result;
}

int contest::run(const opponent& other, const lab_options& options) const {
  lab::driver_limits limits;
  limits.patience = parse_duration(options.deadline).value_or(limits.patience);
  lab::driver_session session{other.command, limits};
  auto header = session.header();
  if (!header)
    return contest_error("the driver " + observe::printable(other.name, 300)
                         + ": " + header.error().message);
  for (auto& each : entries_)
    if (!each.skip && !each.failure)
      session.give(each.file.json);
  match with{session, *std::move(header), other.place,
             other.decides && !options.recorded};
  return alone_ && !options.json ? run_one(with, options)
                                 : run_many(with, options);
}

int contest::run_many(match& with, const lab_options& options) const {
  verdict_counts sum;
  auto& [session, header, place, other_decides] = with;
  for (auto& each : entries_) {
    comparison_result result;
    if (each.failure)
      result.reason = each.failure->message;
    else if (each.skip)
      result = {verdict::skipped, each.skip->reason};
    else
      result = compare_played(each.expected, session.next(),
                              rules_for(each.file, header), other_decides);
    sum.add(result.what);
    std::cout << (options.json
                    ? line_in_json(report_on(each.file, place, result))
                    : line_of(each.file.name(), result))
              << std::endl;
  }
  auto end = session.finish();
  std::cout << (options.json ? json_sum(sum, header, place, end, options)
                             : sum_in_words(sum, header, place, end, options))
            << std::endl;
  return sum.good() && end ? done : failed;
}

int contest::run_one(match& with, const lab_options& options) const {
  auto& [session, header, place, other_decides] = with;
  auto& only = entries_.front();
  auto rules = rules_for(only.file, header);
  auto result
    = compare_played(only.expected, session.next(), rules, other_decides);
  auto end = session.finish();
  if (result.what == verdict::skipped || result.what == verdict::failed)
    return contest_error(only.file.name() + " cannot be played on "
                         + full_name(header) + ": " + result.reason);
  std::cout << side_by_side({reference_name(options), only.expected},
                            {full_name(header), result.actual}, rules,
                            terminal_width())
            << "\nCompared with " << full_name(header, place) << "."
            << left_out_of(header);
  if (result.what == verdict::same)
    std::cout << "\nThe same: all " << result.events << " events." << std::endl;
  else
    std::cout << "\nDifferent, first at " << to_string(result.where)
              << std::endl;
  if (!end)
    return contest_error("the driver went wrong at its end: "
                         + end.error().message);
  return result.what == verdict::same ? done : failed;
}

int run_against_driver(const lab_options& options) {
  auto scenarios = contest::of(options);
  if (!scenarios)
    return contest_error(scenarios.error());
  return scenarios->run(
    {lab::words_of(options.against).value(), options.against}, options);
}

} // namespace coppice::commands
