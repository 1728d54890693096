// SPDX-License-Identifier: BSD-3-Clause

#include "commands/shell_completion.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::commands {

namespace {

std::string replaced(std::string text, std::string_view from,
                     std::string_view to) {
  for (std::size_t i = 0; (i = text.find(from, i)) != text.npos; i += to.size())
    text.replace(i, from.size(), to);
  return text;
}

// Between single quotes of zsh.
std::string in_quotes(std::string text) {
  return "'" + replaced(std::move(text), "'", R"('\'')") + "'";
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string result;
  for (auto& each : words)
    result += (result.empty() ? "" : " ") + each;
  return result;
}

std::vector<std::string> subcommand_names(const command_text& what) {
  std::vector<std::string> result;
  for (auto& each : what.subcommands)
    result.push_back(each.name);
  return result;
}

std::vector<std::string> option_names(const command_text& what) {
  std::vector<std::string> result;
  for (auto& each : what.options)
    if (!each.positional)
      result.insert(result.end(), each.names.begin(), each.names.end());
  return result;
}

// What may stand there that is no option.
std::vector<std::string> plain_words(const command_text& what) {
  auto result = subcommand_names(what);
  for (auto& each : what.options)
    if (each.positional)
      result.insert(result.end(), each.choices.begin(), each.choices.end());
  return result;
}

// Calls `use` for `what` and all below it, with their full names.
template <class F>
void for_each_command(const command_text& what, const std::string& path,
                      F& use) {
  use(what, path);
  for (auto& each : what.subcommands)
    for_each_command(each, path + " " + each.name, use);
}

} // namespace

// -- bash ---------------------------------------------------------------------

std::string bash_completion(const command_text& program) {
  std::string commands, values, words;
  auto add = [&](const command_text& what, const std::string& path) {
    if (path != program.name)
      commands += (commands.empty() ? "" : "|") + ("\"" + path + "\"");
    for (auto& option : what.options)
      for (auto& name :
           option.positional ? std::vector<std::string>{} : option.names)
        if (!option.value.empty())
          values += "    \"" + path + " " + name + "\") words=\""
                    + joined_words(option.choices) + "\" ;;\n";
    words += "        \"" + path + "\")\n          words=\""
             + joined_words(plain_words(what)) + "\"\n          options=\""
             + joined_words(option_names(what)) + "\" ;;\n";
  };
  for_each_command(program, program.name, add);
  auto function = "_" + program.name;
  return "# Completes " + program.name + " in bash.\n" + function
         + "() {\n"
           "  local cur=${COMP_WORDS[COMP_CWORD]}\n"
           "  local prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  local command="
         + program.name
         + " words= options= i\n"
           "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "    case \"$command ${COMP_WORDS[i]}\" in\n"
           "      "
         + commands
         + ")\n"
           "        command=\"$command ${COMP_WORDS[i]}\" ;;\n"
           "    esac\n"
           "  done\n"
           "  case \"$command $prev\" in\n"
         + values
         + "    *)\n"
           "      case \"$command\" in\n"
         + words
         + "      esac ;;\n"
           "  esac\n"
           "  [[ $cur == -* ]] && words=$options\n"
           "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "}\n"
           "complete -o default -F "
         + function + " " + program.name + "\n";
}

// -- zsh ----------------------------------------------------------------------

namespace {

// A name and its help, as _describe takes them.
std::string described(const std::string& name, const std::string& help) {
  return in_quotes(replaced(name, ":", "\\:") + ":" + help);
}

// Values that are names of files.
constexpr std::string_view files[] = {"FILE", "FOLDER", "SCENARIO", "SCHEDULE"};

std::string zsh_argument(const option_text& what, const std::string& name) {
  auto help = replaced(what.help, "\\", "\\\\");
  for (auto* special : {"[", "]", ":"})
    help = replaced(help, special, std::string{"\\"} + special);
  auto value = replaced(what.value, ":", "\\:");
  auto file = std::ranges::find(files, what.positional ? name : what.value)
              != std::end(files);
  auto action = !what.choices.empty() ? ":(" + joined_words(what.choices) + ")"
                                      : std::string{file ? ":_files" : ": "};
  if (what.positional)
    return in_quotes((what.repeated ? "*:" : ":") + name + action);
  return in_quotes((what.repeated ? "*" : "") + name + "[" + help + "]"
                   + (value.empty() ? "" : ":" + value + action));
}

std::string zsh_function(const std::string& path) {
  return "_" + replaced(replaced(path, " ", "_"), "-", "_");
}

std::string zsh_definition(const command_text& what, const std::string& path) {
  auto result = zsh_function(path) + "() {\n";
  std::string arguments;
  for (auto& option : what.options)
    for (auto& name : option.names)
      arguments += " \\\n    " + zsh_argument(option, name);
  if (what.subcommands.empty())
    return result + "  _arguments -s" + arguments + "\n}\n\n";
  result += "  local -a line commands\n  local state\n  commands=(\n";
  for (auto& each : what.subcommands)
    result += "    " + described(each.name, each.help) + "\n";
  result += "  )\n  _arguments -C" + arguments
            + " \\\n    '1: :->command' '*:: :->rest'\n"
              "  case $state in\n"
              "    command) _describe command commands ;;\n"
              "    rest)\n"
              "      case $line[1] in\n";
  for (auto& each : what.subcommands)
    result += "        " + each.name + ") "
              + zsh_function(path + " " + each.name) + " ;;\n";
  return result + "      esac ;;\n  esac\n}\n\n";
}

} // namespace

std::string zsh_completion(const command_text& program) {
  auto result = "#compdef " + program.name + "\n\n";
  auto add = [&](const command_text& what, const std::string& path) {
    result += zsh_definition(what, path);
  };
  for_each_command(program, program.name, add);
  return result + zsh_function(program.name) + " \"$@\"\n";
}

// -- fish ---------------------------------------------------------------------

namespace {

std::string fish_quoted(std::string text) {
  return "'" + replaced(replaced(std::move(text), "\\", "\\\\"), "'", "\\'")
         + "'";
}

std::string fish_option(const option_text& what) {
  std::string result;
  for (auto& each : what.names)
    result += each.starts_with("--") ? " -l " + each.substr(2)
                                     : " -s " + each.substr(1);
  if (!what.choices.empty())
    result += " -x -a " + fish_quoted(joined_words(what.choices));
  else if (!what.value.empty())
    result += " -r";
  return result + " -d " + fish_quoted(what.help);
}

} // namespace

std::string fish_completion(const command_text& program) {
  auto at = "__" + program.name + "_at";
  std::string paths, lines;
  auto add = [&](const command_text& what, const std::string& path) {
    auto end = path.substr(program.name.size());
    auto start = "complete -c " + program.name + " -n "
                 + fish_quoted(at + " '" + end + "'");
    if (!end.empty())
      paths += " " + fish_quoted(end);
    for (auto& each : what.subcommands)
      lines += start + " -f -a " + each.name + " -d " + fish_quoted(each.help)
               + "\n";
    for (auto& each : what.options)
      if (!each.positional)
        lines += start + fish_option(each) + "\n";
      else if (!each.choices.empty())
        lines
          += start + " -f -a " + fish_quoted(joined_words(each.choices)) + "\n";
  };
  for_each_command(program, program.name, add);
  return "# Completes " + program.name + " in fish.\nset -g __" + program.name
         + "_commands" + paths
         + "\n\n# Whether the commands so far are these.\n"
           "function "
         + at
         + "\n"
           "    set -l command ''\n"
           "    for word in (commandline -opc)[2..-1]\n"
           "        if contains -- \"$command $word\" $__"
         + program.name
         + "_commands\n"
           "            set command \"$command $word\"\n"
           "        end\n"
           "    end\n"
           "    test \"$command\" = \"$argv[1]\"\n"
           "end\n\n"
         + lines;
}

} // namespace coppice::commands
