// SPDX-License-Identifier: BSD-3-Clause

#include "commands/man_page.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace coppice::commands {

namespace {

// Text of a page: what roff would take for itself is made plain.
std::string roff(std::string_view text) {
  std::string result;
  for (auto c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  return result.starts_with('.') || result.starts_with('\'') ? "\\&" + result
                                                             : result;
}

std::string upper_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return text;
}

std::string heading_of(const std::string& name, const std::string& version,
                       const std::string& help) {
  return ".TH " + roff(upper_case(name)) + " 1 \"\" \"coppice " + version
         + "\" \"coppice\"\n.nh\n.ad l\n.SH NAME\n" + roff(name) + " \\- "
         + roff(help) + "\n";
}

std::string roff_option(const option_text& what) {
  std::string result = ".TP\n";
  for (auto& each : what.names)
    result += (&each == &what.names.front() ? "\\fB" : ", \\fB") + roff(each)
              + "\\fR";
  if (!what.value.empty())
    result += " \\fI" + roff(what.value) + "\\fR";
  return result + (what.repeated ? "...\n" : "\n") + roff(what.help) + "\n";
}

// Each group below what `title` makes of its name.
template <class F>
std::string roff_options(const command_text& what, F title) {
  std::string result;
  auto options = what.options;
  std::stable_partition(options.begin(), options.end(),
                        [](auto& each) { return each.positional; });
  for (auto& group : groups_of(options)) {
    result += title(group);
    for (auto& each : options)
      if (each.group == group)
        result += roff_option(each);
  }
  return result;
}

std::string as_section(const std::string& group) {
  return ".SH " + roff(upper_case(group)) + "\n";
}

std::string as_paragraph(const std::string& group) {
  return ".P\n" + roff(group) + ":\n";
}

constexpr auto endings
  = ".SH EXIT STATUS\n"
    ".TP\n0\nDone.\n"
    ".TP\n1\nFailed; the reason is on standard error.\n"
    ".TP\n2\nThe command line makes no sense.\n"
    ".TP\n3\nThe server could not be reached.\n"
    ".TP\n4\nThe supervision tree of the server gave up.\n";

constexpr auto surroundings
  = ".SH ENVIRONMENT\n"
    ".TP\n.B COPPICE_ADMIN_TOKEN\n"
    "The token of the admin API.\n"
    ".TP\n.B COPPICE_ADMIN_TOKEN_FILE\n"
    "A file with the token, if no option names one.\n"
    ".TP\n.B COPPICE_FAULTS\n"
    "Faults that a server has from its start.\n"
    ".TP\n.BR STATE_DIRECTORY \", \" XDG_STATE_HOME\n"
    "Where the journal is; without them, below ~/.local/state.\n";

} // namespace

std::string man_page(const command_text& program, const std::string& version) {
  auto result = heading_of(program.name, version, program.help);
  result += ".SH SYNOPSIS\n.B " + roff(program.usage) + "\n";
  for (auto& group : groups_of(program.subcommands)) {
    result += as_section(group);
    for (auto& each : program.subcommands)
      if (each.group == group)
        result += ".TP\n.BR " + roff(program.name + "-" + each.name) + " (1)\n"
                  + roff(each.help) + "\n";
  }
  return result + roff_options(program, as_section) + endings + surroundings;
}

std::string man_page(const command_text& program, const command_text& command,
                     const std::string& version) {
  auto result
    = heading_of(program.name + "-" + command.name, version, command.help);
  result += ".SH SYNOPSIS\n.B " + roff(command.usage) + "\n";
  result += roff_options(command, as_section);
  if (!command.subcommands.empty())
    result += ".SH COMMANDS\n";
  for (auto& each : command.subcommands)
    result += ".SS " + roff(each.usage) + "\n" + roff(each.help) + "\n"
              + roff_options(each, as_paragraph);
  return result + endings + ".SH SEE ALSO\n.BR " + roff(program.name)
         + " (1)\n";
}

} // namespace coppice::commands
