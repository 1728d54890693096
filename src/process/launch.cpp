// SPDX-License-Identifier: BSD-3-Clause

#include "process/launch.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <map>

namespace coppice::process {

namespace {

constexpr std::array<std::pair<const char*, int>, 16> resources{{
  {"as", RLIMIT_AS},
  {"core", RLIMIT_CORE},
  {"cpu", RLIMIT_CPU},
  {"data", RLIMIT_DATA},
  {"fsize", RLIMIT_FSIZE},
  {"locks", RLIMIT_LOCKS},
  {"memlock", RLIMIT_MEMLOCK},
  {"msgqueue", RLIMIT_MSGQUEUE},
  {"nice", RLIMIT_NICE},
  {"nofile", RLIMIT_NOFILE},
  {"nproc", RLIMIT_NPROC},
  {"rss", RLIMIT_RSS},
  {"rtprio", RLIMIT_RTPRIO},
  {"rttime", RLIMIT_RTTIME},
  {"sigpending", RLIMIT_SIGPENDING},
  {"stack", RLIMIT_STACK},
}};

// The limit on descriptors that this process was started with: a server raises
// its own, and programs that close "all" descriptors take long then.
const rlimit first_nofile = [] {
  rlimit result{};
  ::getrlimit(RLIMIT_NOFILE, &result);
  return result;
}();

constexpr auto default_path = "/usr/local/bin:/usr/bin:/bin";

// What our own service manager has given to us and to nobody else.
bool is_ours_alone(std::string_view name) {
  return name == "NOTIFY_SOCKET" || name.starts_with("WATCHDOG_")
         || name.starts_with("LISTEN_");
}

struct account {
  uid_t user = 0;
  gid_t group = 0;
  std::string name; // the others are empty if it has no entry
  std::string home = {};
};

std::optional<account> find_account(const std::string& who) {
  std::vector<char> memory(1024);
  passwd entry{};
  passwd* found = nullptr;
  uid_t number = 0;
  auto* end = who.data() + who.size();
  auto is_number = std::from_chars(who.data(), end, number)
                   == std::from_chars_result{end, {}};
  auto look = [&] {
    return is_number ? ::getpwuid_r(number, &entry, memory.data(),
                                    memory.size(), &found)
                     : ::getpwnam_r(who.c_str(), &entry, memory.data(),
                                    memory.size(), &found);
  };
  while (look() == ERANGE && memory.size() < 1024 * 1024)
    memory.resize(memory.size() * 2);
  if (found != nullptr)
    return account{found->pw_uid, found->pw_gid, found->pw_name, found->pw_dir};
  if (is_number) // a number needs no entry
    return account{number, number, {}};
  return {};
}

std::vector<gid_t> groups_of(const account& who) {
  if (who.name.empty())
    return {};
  int count = 32;
  std::vector<gid_t> result(static_cast<std::size_t>(count));
  while (::getgrouplist(who.name.c_str(), who.group, result.data(), &count) < 0
         && static_cast<std::size_t>(count) > result.size())
    result.resize(static_cast<std::size_t>(count));
  result.resize(static_cast<std::size_t>(std::max(count, 0)));
  return result;
}

std::map<std::string, std::string> inherited(const program& what) {
  std::map<std::string, std::string> result;
  for (auto** each = environ; *each != nullptr; ++each) {
    std::string_view text{*each};
    auto end = text.find('=');
    if (end == std::string_view::npos)
      continue;
    std::string name{text.substr(0, end)};
    auto& only = what.inherit_environment;
    if (is_ours_alone(name)
        || (only && std::find(only->begin(), only->end(), name) == only->end()))
      continue;
    result.emplace(std::move(name), text.substr(end + 1));
  }
  return result;
}

void search(launch& into, const std::map<std::string, std::string>& variables) {
  auto& name = into.arguments.front();
  if (name.find('/') != std::string::npos) {
    into.candidates = {name};
    return;
  }
  auto path = variables.find("PATH");
  into.search_path = path == variables.end() ? default_path : path->second;
  std::string_view rest{into.search_path};
  for (;;) {
    auto end = rest.find(':');
    std::string folder{rest.substr(0, end)};
    into.candidates.push_back((folder.empty() ? "." : folder) + "/" + name);
    if (end == std::string_view::npos)
      return;
    rest.remove_prefix(end + 1);
  }
}

void add_limits(launch& into, const program& what) {
  if (!what.limits.contains("nofile"))
    into.limits.push_back({RLIMIT_NOFILE, first_nofile, "nofile"});
  for (auto& [name, value] : what.limits) {
    auto number = value ? static_cast<rlim_t>(*value) : RLIM_INFINITY;
    into.limits.push_back(
      {resource_number(name).value_or(RLIMIT_NOFILE), {number, number}, name});
  }
}

} // namespace

std::optional<int> resource_number(std::string_view name) {
  for (auto& [each, number] : resources)
    if (name == each)
      return number;
  return {};
}

expected<launch, std::string>
prepare(const program& what,
        const std::vector<std::pair<std::string, std::string>>& extra) {
  launch result;
  result.arguments = what.command;
  result.directory = what.directory;
  result.death_signal = what.on_our_death;
  auto variables = inherited(what);
  if (!what.user.empty()) {
    auto who = find_account(what.user);
    if (!who)
      return unexpected{"user \"" + what.user + "\": unknown"};
    result.user = what.user;
    // Without the right to change it, being that user already is enough.
    if (::geteuid() == 0 || ::geteuid() != who->user)
      result.as = identity{who->user, who->group, groups_of(*who)};
    if (!who->name.empty()) {
      variables["HOME"] = who->home;
      variables["USER"] = variables["LOGNAME"] = who->name;
    }
  }
  for (auto& [name, value] : what.environment)
    variables[name] = value;
  for (auto& [name, value] : extra)
    variables[name] = value;
  search(result, variables);
  add_limits(result, what);
  for (auto& [name, value] : variables)
    result.environment.push_back(name + "=" + value);
  return result;
}

} // namespace coppice::process
