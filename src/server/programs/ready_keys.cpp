// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/ready_keys.hpp"

#include "server/programs/environment_keys.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <regex>
#include <utility>
#include <vector>

namespace coppice::programs {

using namespace std::chrono_literals;
using kind = process::readiness::kind;

namespace {

constexpr std::size_t longest_pattern = 500;
constexpr std::int64_t largest_fd = 255;

constexpr kind all_kinds[]
  = {kind::exec, kind::notify,  kind::fd,  kind::connect, kind::http,
     kind::file, kind::command, kind::log, kind::alive,   kind::exit};

bool has_target(kind when) {
  return when == kind::connect || when == kind::http || when == kind::file
         || when == kind::log;
}

bool is_address(std::string_view text) {
  constexpr std::string_view local = "unix:";
  if (text.starts_with(local))
    return text.size() > local.size();
  auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || text.size() - colon > 6)
    return false;
  auto port = text.substr(colon + 1);
  return !port.empty() && port.find_first_not_of("0123456789") == port.npos;
}

// `http://HOST:PORT/PATH`, of which PORT and PATH may be missing.
bool is_web_address(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  return text.starts_with(scheme) && text.size() > scheme.size()
         && text[scheme.size()] != '/'
         && text.find_first_of(" \r\n") == text.npos;
}

bool is_pattern(const std::string& text) {
  try {
    (void)std::regex{text, std::regex::ECMAScript};
    return text.size() <= longest_pattern;
  } catch (const std::exception&) {
    return false;
  }
}

void read_target(table_section& from, const std::string& folder,
                 process::readiness& into) {
  auto target = from.text("to");
  if (!from.has("to") && has_target(into.when))
    from.complain(from.line(), "ready when \"" + std::string{to_word(into.when)}
                                 + "\" needs to");
  if (from.has("to") && !has_target(into.when))
    from.refuse("to", "that is for connect, http, file and log");
  if (!target)
    return;
  into.to = *std::move(target);
  auto refuse = [&](const char* wanted) {
    from.refuse("to", "\"" + into.to + "\" is no " + wanted);
  };
  if (into.when == kind::connect && !is_address(into.to))
    refuse("HOST:PORT or unix:PATH");
  else if (into.when == kind::http && !is_web_address(into.to))
    refuse("http://HOST:PORT/PATH");
  else if (into.when == kind::log
           && (into.to.size() > longest_pattern || !is_pattern(into.to)))
    refuse("regular expression of 500 bytes at most");
  else if (into.when == kind::file)
    into.to = in_folder(folder, into.to);
}

} // namespace

std::string_view to_word(kind value) {
  switch (value) {
  case kind::exec:
    return "exec";
  case kind::notify:
    return "notify";
  case kind::fd:
    return "fd";
  case kind::connect:
    return "connect";
  case kind::http:
    return "http";
  case kind::file:
    return "file";
  case kind::command:
    return "command";
  case kind::log:
    return "log";
  case kind::alive:
    return "alive";
  case kind::exit:
    return "exit";
  }
  return "";
}

void read_ready(table_section& from, const std::string& folder,
                process::readiness& into) {
  auto table = from.table("ready", "{ when = \"notify\" }");
  if (!table)
    return;
  std::vector<std::string> words;
  for (auto each : all_kinds)
    words.emplace_back(to_word(each));
  into = {};
  auto when = table->word("when", words);
  auto command = table->command("command");
  auto alive_for = table->time("for");
  auto fd = table->whole("fd", 3, largest_fd);
  if (when) {
    into.when = all_kinds[*when];
    read_target(*table, folder, into);
  } else {
    (void)table->get("to");
    if (!table->has("when"))
      table->complain(table->line(), "ready needs when");
  }
  table->finish();
  if (!when)
    return;
  auto belongs = [&](const char* key, kind to) {
    if (table->has(key) && into.when != to)
      table->refuse(key,
                    "that is for when = \"" + std::string{to_word(to)} + "\"");
    else if (!table->has(key) && into.when == to && to != kind::fd)
      table->complain(table->line(), "ready when \"" + std::string{to_word(to)}
                                       + "\" needs " + key);
  };
  belongs("command", kind::command);
  belongs("for", kind::alive);
  belongs("fd", kind::fd);
  if (command)
    into.command = *std::move(command);
  if (alive_for && *alive_for <= 0ms)
    table->refuse("for", "it has to be more than 0");
  else if (alive_for)
    into.alive_for = *alive_for;
  if (fd)
    into.fd = static_cast<int>(*fd);
}

void check_ready(table_section& from, const process::readiness& what,
                 bool has_limit) {
  if (what.when == kind::exec || what.when == kind::alive || has_limit
      || from.has("ready_within")) // which may be wrong itself
    return;
  from.complain(from.line_of("ready"), "ready when \""
                                         + std::string{to_word(what.when)}
                                         + "\" needs ready_within");
}

} // namespace coppice::programs
