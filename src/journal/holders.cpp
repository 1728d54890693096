// SPDX-License-Identifier: BSD-3-Clause

#include "journal/journal_path.hpp"

#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <system_error>

namespace coppice::journal {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_holders = 4;

// `08:01:4711`, as in /proc/locks.
std::string in_locks(const file_identity& what) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%lu", major(what.device),
                minor(what.device), static_cast<unsigned long>(what.inode));
  return text.data();
}

std::vector<file_identity> files_of(const fs::path& file) {
  std::vector<file_identity> result;
  for (auto& each : {file, wal_of(file), shm_of(file)})
    if (auto found = identity_of(each))
      result.push_back(*found);
  return result;
}

// 1: POSIX  ADVISORY  READ 4711 08:01:123 124 124
std::set<int> who_locks(const std::vector<file_identity>& files) {
  std::set<std::string> names;
  for (auto& each : files)
    names.insert(in_locks(each));
  std::set<int> result;
  std::ifstream locks{"/proc/locks"};
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words{line};
    std::vector<std::string> parts{std::istream_iterator<std::string>{words},
                                   {}};
    // One that waits for a lock has an arrow in front.
    if (parts.size() > 1 && parts[1] == "->")
      parts.erase(parts.begin() + 1);
    if (parts.size() < 6 || !names.contains(parts[5]))
      continue;
    int pid = 0;
    std::from_chars(parts[4].data(), parts[4].data() + parts[4].size(), pid);
    if (pid > 0)
      result.insert(pid);
  }
  return result;
}

bool has_open(const fs::path& process,
              const std::vector<file_identity>& files) {
  std::error_code failed;
  fs::directory_iterator i{process / "fd", failed};
  for (; !failed && i != fs::directory_iterator{}; i.increment(failed))
    if (auto found = identity_of(i->path());
        found && std::ranges::find(files, *found) != files.end())
      return true;
  return false;
}

std::set<int> who_has_open(const std::vector<file_identity>& files) {
  std::set<int> result;
  std::error_code failed;
  fs::directory_iterator i{"/proc", failed};
  for (; !failed && i != fs::directory_iterator{}; i.increment(failed)) {
    auto name = i->path().filename().string();
    int pid = 0;
    auto [end, wrong]
      = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong == std::errc{} && end == name.data() + name.size()
        && has_open(i->path(), files))
      result.insert(pid);
  }
  return result;
}

std::string named(int pid) {
  std::string name;
  std::ifstream comm{"/proc/" + std::to_string(pid) + "/comm"};
  std::getline(comm, name);
  auto number = "process " + std::to_string(pid);
  return name.empty() ? number : name + " (" + number + ")";
}

} // namespace

std::vector<std::string> holders_of(const fs::path& file) {
  auto files = files_of(file);
  auto who = who_locks(files);
  who.erase(::getpid());
  if (who.empty())
    who = who_has_open(files);
  who.erase(::getpid());
  std::vector<std::string> result;
  for (auto pid : who)
    if (result.size() < most_holders)
      result.push_back(named(pid));
  return result;
}

std::string holders_text(const fs::path& file) {
  std::string result;
  for (auto& each : holders_of(file))
    result += (result.empty() ? "; it is in use by " : ", ") + each;
  return result;
}

} // namespace coppice::journal
