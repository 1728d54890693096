// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/tree_check.hpp"

#include "server/complaints.hpp"
#include "server/duration.hpp"
#include "server/joined.hpp"
#include "server/programs/endurance.hpp"
#include "server/programs/ready_keys.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace coppice::programs {

using namespace std::chrono_literals;
using optional_time = std::optional<std::chrono::milliseconds>;

namespace {

constexpr auto default_path = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t longest_command = 60;

// -- what is missing ----------------------------------------------------------

// PATH as the program will have it.
std::string path_of(const process::program& what, const surroundings& where) {
  if (auto own = what.environment.find("PATH"); own != what.environment.end())
    return own->second;
  auto& inherited = what.inherit_environment;
  if (!inherited || std::ranges::find(*inherited, "PATH") != inherited->end())
    if (auto ours = where.variable("PATH"))
      return *ours;
  return default_path;
}

void look_for(const std::vector<child>& all, const std::string& above,
              const surroundings& where, complaints& wrong) {
  for (auto& each : all) {
    auto path = above + each.spec.id;
    if (!each.program) {
      look_for(each.children, path + "/", where, wrong);
      continue;
    }
    auto complain = [&](const std::string& text) {
      wrong.emplace(each.line, "child \"" + path + "\": " + text);
    };
    auto& program = *each.program;
    if (!program.directory.empty())
      if (auto seen = where.folder(program.directory); !seen) {
        complain("directory \"" + program.directory + "\": " + seen.error());
        continue; // the program may be in it
      }
    auto look = [&](const std::vector<std::string>& command) {
      auto seen = where.program(command.front(), program.directory,
                                path_of(program, where));
      if (!seen)
        complain("program \"" + command.front() + "\": " + seen.error());
    };
    look(program.command);
    if (!program.ready.command.empty())
      look(program.ready.command);
  }
}

// -- the drawing --------------------------------------------------------------

struct row {
  std::string name;
  std::string text;
};

std::string in_period(std::int64_t intensity, std::chrono::seconds period) {
  return std::to_string(intensity) + (intensity == 1 ? " restart" : " restarts")
         + " in " + to_text(period);
}

std::string of_supervisor(const supervision::flags& flags) {
  std::string result{to_string(flags.strategy)};
  result += ", " + in_period(flags.intensity, flags.period);
  if (flags.auto_shutdown != supervision::auto_shutdown::never)
    result += ", ends with "
              + std::string{flags.auto_shutdown
                                == supervision::auto_shutdown::any_significant
                              ? "any significant child"
                              : "all significant children"};
  return result;
}

std::string of_command(const std::string& text) {
  if (text.size() <= longest_command)
    return text;
  auto end = longest_command;
  while (end > 0 && (text[end] & 0xC0) == 0x80) // within a character
    --end;
  return text.substr(0, end) + "…";
}

std::string of_program(const child& what) {
  auto& program = *what.program;
  auto result = of_command(what.command_text);
  if (what.spec.restart != supervision::restart::permanent)
    result += ", " + std::string{to_string(what.spec.restart)};
  if (what.spec.significant)
    result += ", significant";
  if (what.copies > 0)
    result += ", " + std::to_string(what.copies) + " copies";
  if (!program.user.empty())
    result += ", as " + program.user;
  using kind = process::readiness::kind;
  if (program.ready.when != kind::exec) {
    result += ", ready by " + std::string{to_word(program.ready.when)};
    if (what.spec.ready_within)
      result += " within " + to_text(*what.spec.ready_within);
  }
  if (what.disabled)
    result += ", disabled";
  return result;
}

void draw(const std::vector<child>& all, const std::string& indent,
          std::vector<row>& into) {
  for (auto& each : all) {
    auto last = &each == &all.back();
    into.push_back(
      {indent + (last ? "└─ " : "├─ ") + each.spec.id,
       each.program ? of_program(each) : of_supervisor(each.flags)});
    draw(each.children, indent + (last ? "   " : "│  "), into);
  }
}

// Columns that a name takes on a terminal.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
    std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string in_columns(const std::vector<row>& rows) {
  std::size_t widest = 0;
  for (auto& each : rows)
    widest = std::max(widest, width(each.name));
  std::string result;
  for (auto& [name, text] : rows)
    result += name + std::string(widest + 3 - width(name), ' ') + text + "\n";
  return result;
}

// -- the stop -----------------------------------------------------------------

optional_time limit_of(const child& what);

optional_time sum_of(const std::vector<child>& all) {
  std::chrono::milliseconds result{0};
  for (auto& each : all) {
    auto one = limit_of(each);
    if (!one)
      return {};
    result += *one;
  }
  return result;
}

optional_time limit_of(const child& what) {
  if (what.program
      && what.program->ready.when == process::readiness::kind::exit)
    return 0ms; // it has ended long before
  auto shutdown = what.spec.effective_shutdown();
  using how = supervision::shutdown::how;
  optional_time own;
  switch (shutdown.kind()) {
  case how::brutal_kill:
    own = 0ms;
    break;
  case how::timeout:
    own = shutdown.limit();
    break;
  case how::infinity:
    break;
  }
  if (what.program)
    return own ? optional_time{*own
                               * static_cast<std::int64_t>(
                                 std::max<std::size_t>(what.copies, 1))}
               : own;
  auto below = sum_of(what.children);
  if (!own)
    return below;
  return below ? std::min(*own, *below) : own;
}

std::string about_stop(const tree& what) {
  auto longest = longest_stop(what);
  auto& limit = what.stop_within;
  std::string result = "longest stop: ";
  result += longest ? to_text(*longest) + ", one child after the other"
                    : "no limit: the shutdown of a program is infinity";
  constexpr auto outside
    = "\n  docker kills after 10s unless stop_grace_period says otherwise, "
      "Kubernetes after 30s (terminationGracePeriodSeconds)";
  if (!limit)
    return result + outside;
  if (longest && *longest <= *limit)
    result += "; stop_within = " + to_text(*limit) + " is enough";
  else
    result
      += "; what is left after stop_within = " + to_text(*limit) + " is killed";
  return result + outside;
}

// -- giving up ----------------------------------------------------------------

std::string verdict_on(const endurance& what) {
  auto crashes = std::to_string(what.crashes)
                 + (what.crashes == 1 ? " crash" : " crashes");
  switch (what.what) {
  case endurance::verdict::not_restarted:
    return "is not restarted";
  case endurance::verdict::gives_up:
    return "gives up after " + crashes
           + (what.latest == 0ms ? std::string{" at once"}
                                 : " within " + to_text(what.latest));
  case endurance::verdict::may_give_up:
    return "may give up after " + crashes + " within " + to_text(what.soonest)
           + ", if chance makes the waits short";
  case endurance::verdict::never:
    return "never gives up; it restarts ever more slowly (CrashLoopBackOff)";
  }
  return {};
}

void judge(const std::string& path, const supervision::flags& flags,
           const std::vector<child>& all, std::vector<row>& into) {
  // Children of which the same is said are named together.
  std::vector<std::pair<std::string, std::vector<std::string>>> said;
  for (auto& each : all) {
    auto text = each.copies > 0
                  ? verdict_on(endurance_of({.intensity = 3}, each.spec))
                      + ", and its copies start again together"
                  : verdict_on(endurance_of(flags, each.spec));
    auto found = std::ranges::find(said, text, [](auto& x) { return x.first; });
    if (found == said.end())
      found = said.insert(said.end(), {text, {}});
    found->second.push_back(each.spec.id);
  }
  auto name = path;
  for (auto& [text, ids] : said)
    into.push_back(
      {"  " + std::exchange(name, ""), joined(ids, ", ") + ": " + text});
  for (auto& each : all)
    if (!each.program)
      judge(path + "/" + each.spec.id, each.flags, each.children, into);
}

} // namespace

std::vector<std::string> missing(const tree& what, const std::string& file,
                                 const surroundings& where) {
  complaints wrong;
  look_for(what.children, "", where, wrong);
  return in_lines(wrong, file);
}

optional_time longest_stop(const tree& what) {
  return sum_of(what.children);
}

std::string described(const tree& what) {
  std::vector<row> rows{{what.name, of_supervisor(what.flags)}};
  draw(what.children, "", rows);
  std::vector<row> verdicts;
  judge(what.name, what.flags, what.children, verdicts);
  return in_columns(rows) + "\n" + about_stop(what)
         + "\n\nif a program crashes again and again, as soon as it starts\n"
         + in_columns(verdicts);
}

} // namespace coppice::programs
