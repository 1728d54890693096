// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/child_reader.hpp"

#include "server/name.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace coppice::programs {

using namespace std::chrono_literals;
using supervision::auto_shutdown;
using supervision::restart;
using supervision::strategy;

namespace {

constexpr std::int64_t most_copies = 1'000;

const std::set<std::string_view>& supervisor_keys() {
  static const std::set<std::string_view> all{"strategy", "intensity", "period",
                                              "auto_shutdown", "kill_grace"};
  return all;
}

const std::set<std::string_view> of_one_child{
  "id", "child", "command", "copies", "disabled", "significant"};

// In one line, with variables as they are.
std::string as_written(const toml_file::node& command) {
  std::string result;
  auto add = [&](const toml_file::node& word) {
    if (auto* text = word.as<std::string>())
      result += (result.empty() ? "" : " ") + *text;
  };
  add(command);
  if (auto* words = command.as<toml_file::array>())
    for (auto& each : *words)
      add(each);
  std::ranges::replace(result, '\n', ' ');
  return result;
}

// What the library would refuse, in case it knows more than this reader.
expected<void, supervision::spec_error>
check_as_a_whole(const child& what, const supervision::flags& flags) {
  auto valid = validate(what.spec, flags.auto_shutdown);
  return valid && what.program ? process::validate(*what.program, what.spec)
                               : valid;
}

} // namespace

std::vector<other_keys> misplaced_keys() {
  auto of_child = program_keys();
  of_child.insert(of_one_child.begin(), of_one_child.end());
  of_child.insert({"restart", "shutdown", "backoff", "ready_within"});
  return {{{"name", "strategy", "intensity", "period", "auto_shutdown",
            "kill_grace", "exit_code_from", "stop_within"},
           "belongs into [tree]"},
          {std::move(of_child), "belongs into a [[child]]"}};
}

std::vector<other_keys> keys_outside_tree() {
  auto result = misplaced_keys();
  result.erase(result.begin());
  return result;
}

void read_flags(table_section& from, supervision::flags& into) {
  const strategy strategies[]
    = {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one};
  const auto_shutdown shutdowns[]
    = {auto_shutdown::never, auto_shutdown::any_significant,
       auto_shutdown::all_significant};
  auto words = [](auto& values) {
    std::vector<std::string> result;
    for (auto each : values)
      result.emplace_back(to_string(each));
    return result;
  };
  if (auto index = from.word("strategy", words(strategies)))
    into.strategy = strategies[*index];
  if (auto count = from.whole("intensity", 0, UINT32_MAX))
    into.intensity = *count;
  if (auto period = from.seconds("period"))
    into.period = *period;
  if (auto index = from.word("auto_shutdown", words(shutdowns)))
    into.auto_shutdown = shutdowns[*index];
  if (auto grace = from.time("kill_grace")) {
    if (*grace <= 0ms)
      from.refuse("kill_grace", "it has to be more than 0");
    else
      into.kill_grace = grace;
  }
}

child_reader::child_reader(complaints& wrong, const variables& values,
                           const surroundings& where, std::string folder)
    : wrong_(wrong),
      values_(values),
      where_(where),
      folder_(std::move(folder)) {
  // nop
}

expected<void, std::string> child_reader::check_name(const std::string& name) {
  if (is_name(name))
    return {};
  return unexpected{std::string{"letters, digits, _, - and . make a name"}};
}

void child_reader::read_defaults(const table_section& from) {
  table_section part{from.keys(), from.line(), "[defaults]: ", wrong_, values_};
  read_program_keys(part, where_, folder_, defaults_);
  part.finish({{of_one_child, "belongs into a [[child]]"}});
}

std::vector<child> child_reader::read(const toml_file::node& list,
                                      const std::string& above,
                                      const supervision::flags& flags,
                                      std::size_t level) {
  auto title = above.empty()
                 ? ""
                 : "child \"" + above.substr(0, above.size() - 1) + "\": ";
  auto name = above.empty() ? "[[child]]" : "[[child.child]]";
  std::vector<child> result;
  auto* all = list.as<toml_file::array>();
  if (all == nullptr) {
    wrong_.emplace(list.line,
                   title + "there may be several children, so it is "
                     + (above.empty() ? "[[child]]" : "[[child.child]]")
                     + ", in two brackets");
    return result;
  }
  if (all->empty())
    wrong_.emplace(list.line,
                   title + "there is no " + name + ": nothing would run");
  if (level > most_levels) {
    wrong_.emplace(list.line, title + "there are more than "
                                + std::to_string(most_levels)
                                + " supervisors one below the other");
    return result;
  }
  std::map<std::string, std::uint32_t> ids;
  for (auto& each : *all)
    if (auto* keys = each.as<toml_file::table>())
      result.push_back(read_one(*keys, each.line, above, flags, ids, level));
    else
      wrong_.emplace(each.line, title + "a child is a table: " + name);
  return result;
}

child child_reader::read_one(const toml_file::table& keys, std::uint32_t line,
                             const std::string& above,
                             const supervision::flags& flags,
                             std::map<std::string, std::uint32_t>& ids,
                             std::size_t level) {
  auto* named = toml_file::find(keys, "id");
  auto* id = named == nullptr ? nullptr : named->as<std::string>();
  auto path = above + (id != nullptr && is_name(*id) ? *id : "?");
  child result;
  result.line = line;
  table_section from{keys, line, "child \"" + path + "\": ", wrong_, values_};
  if (named == nullptr)
    from.complain(line, "a child needs an id");
  auto name = from.text("id");
  if (name) {
    if (auto checked = check_name(*name); !checked)
      from.refuse("id", checked.error());
    else if (auto [i, fresh] = ids.emplace(*name, named->line); !fresh)
      from.complain(named->line, "id is used twice (line "
                                   + std::to_string(i->second) + ")");
    result.spec.id = *name;
    path = above + *name;
  }
  auto before = wrong_.size();
  if (auto* below = from.get("child"))
    read_supervisor(from, path, *below, level, result);
  else
    read_program(from, path, result);
  read_place(from, flags, result);
  if (wrong_.size() == before && name)
    if (auto valid = check_as_a_whole(result, flags); !valid) {
      auto& [code, field, message] = valid.error();
      auto key = field.starts_with("standard_") ? "output" : field;
      from.complain(from.line_of(key), message + " (" + code + ")");
    }
  return result;
}

void child_reader::read_program(table_section& from, const std::string& path,
                                child& into) {
  auto settings = defaults_;
  settings.spec.id = into.spec.id;
  if (auto command = from.command("command"))
    settings.program.command = *std::move(command);
  else if (!from.has("command"))
    from.complain(into.line, "it needs a command; a supervisor has "
                             "[[child.child]] in its place");
  if (auto* command = from.get("command"))
    into.command_text = as_written(*command);
  read_program_keys(from, where_, folder_, settings);
  if (auto count = from.whole("copies", 1, most_copies))
    into.copies = static_cast<std::size_t>(*count);
  if (auto yes = from.flag("disabled"))
    into.disabled = *yes;
  check_program(from, settings);
  into.spec = std::move(settings.spec);
  into.program = std::move(settings.program);
  if (into.disabled && into.spec.restart == restart::temporary)
    from.refuse("disabled", "a temporary child that does not run is forgotten "
                            "(bad_combination)");
  paths_.push_back({path, into.copies > 0});
}

void child_reader::read_supervisor(table_section& from, const std::string& path,
                                   const toml_file::node& below,
                                   std::size_t level, child& into) {
  into.spec.type = supervision::child_type::supervisor;
  read_child_keys(from, into.spec);
  read_flags(from, into.flags);
  into.children = read(below, path + "/", into.flags, level + 1);
}

void child_reader::read_place(table_section& from,
                              const supervision::flags& flags, child& into) {
  auto significant = from.flag("significant");
  into.spec.significant = significant.value_or(false);
  auto line = from.line_of("significant");
  if (into.spec.significant && flags.auto_shutdown == auto_shutdown::never)
    from.complain(line, "significant needs auto_shutdown of its supervisor "
                        "(bad_combination)");
  if (into.spec.significant && into.spec.restart == restart::permanent)
    from.complain(line, "significant needs restart = \"transient\" or "
                        "\"temporary\" (bad_combination)");
  if (into.spec.significant && into.copies > 0)
    from.complain(line, "significant does not go with copies "
                        "(bad_combination)");
  if (into.program)
    from.finish({{supervisor_keys(), "is for a supervisor, which has "
                                     "[[child.child]] and no command"}});
  else
    from.finish({{program_keys(), "is for a program, and this is a "
                                  "supervisor: it has [[child.child]]"},
                 {{"disabled"}, "is for a program"}});
}

} // namespace coppice::programs
