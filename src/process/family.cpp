// SPDX-License-Identifier: BSD-3-Clause

#include "process/family.hpp"

#include "coppice/process/reaper.hpp"
#include "process/registry.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

namespace coppice::process {

namespace {

// Files of /proc have no size.
std::string contents_of(const std::string& path) {
  std::string result;
  auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return result;
  std::array<char, 4096> part;
  for (;;) {
    auto n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    result.append(part.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  return result;
}

template <class F>
void for_each_number_in(const char* folder, F fn) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir{::opendir(folder), ::closedir};
  if (!dir)
    return;
  while (auto* entry = ::readdir(dir.get())) {
    std::string_view name{entry->d_name};
    pid_t number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec
        == std::errc{})
      fn(number);
  }
}

struct stat_line {
  char state = 0;
  pid_t group = 0;
  long threads = 0;
};

// The name of a process may have anything in it, parentheses as well.
// Source: proc_pid_stat(5).
std::optional<stat_line> stat_of(pid_t pid) {
  auto text = contents_of("/proc/" + std::to_string(pid) + "/stat");
  auto end = text.rfind(')');
  if (end == std::string::npos || end + 2 >= text.size())
    return {};
  stat_line result;
  std::string_view rest{text};
  rest.remove_prefix(end + 2);
  for (int field = 3; field <= 20 && !rest.empty(); ++field) {
    auto stop = rest.find(' ');
    auto word = rest.substr(0, stop);
    if (field == 3)
      result.state = word.front();
    if (field == 5)
      std::from_chars(word.data(), word.data() + word.size(), result.group);
    if (field == 20)
      std::from_chars(word.data(), word.data() + word.size(), result.threads);
    rest.remove_prefix(stop == std::string_view::npos ? rest.size() : stop + 1);
  }
  return result;
}

// A process whose first thread has ended is a zombie by its state, and lives.
bool is_alive(const stat_line& what) {
  return (what.state != 'Z' && what.state != 'X') || what.threads > 1;
}

std::vector<pid_t> all_children() {
  std::vector<pid_t> result;
  for_each_number_in("/proc/self/task", [&](pid_t thread) {
    auto text
      = contents_of("/proc/self/task/" + std::to_string(thread) + "/children");
    std::string_view rest{text};
    while (!rest.empty()) {
      auto stop = rest.find(' ');
      auto word = rest.substr(0, stop);
      pid_t number = 0;
      if (std::from_chars(word.data(), word.data() + word.size(), number).ec
          == std::errc{})
        result.push_back(number);
      rest.remove_prefix(stop == std::string_view::npos ? rest.size()
                                                        : stop + 1);
    }
  });
  return result;
}

bool has_mark(pid_t pid, std::string_view mark) {
  auto text = contents_of("/proc/" + std::to_string(pid) + "/environ");
  std::string_view rest{text};
  while (!rest.empty()) {
    auto stop = rest.find('\0');
    if (rest.substr(0, stop) == mark)
      return true;
    rest.remove_prefix(stop == std::string_view::npos ? rest.size() : stop + 1);
  }
  return false;
}

} // namespace

bool group_exists(pid_t group) {
  return ::kill(-group, 0) == 0 || errno != ESRCH;
}

group_members members_of(pid_t group) {
  group_members result;
  for_each_number_in("/proc", [&](pid_t pid) {
    auto what = stat_of(pid);
    if (!what || what->group != group)
      return;
    ++result.all;
    if (is_alive(*what))
      ++result.alive;
  });
  return result;
}

// The kernel may skip a child in this list while another one ends, so it is
// read twice.
// Source: proc_pid_task(5), children.
std::vector<pid_t> adopted() {
  auto all = all_children();
  for (auto each : all_children())
    if (std::find(all.begin(), all.end(), each) == all.end())
      all.push_back(each);
  auto& known = registry::get();
  auto held = known.hold();
  if (known.others > 0)
    return {};
  std::erase_if(all, [&](pid_t each) { return known.contains(each); });
  return all;
}

std::vector<pid_t> adopted_from(std::string_view mark, pid_t session) {
  auto all = adopted();
  std::erase_if(all, [&](pid_t each) {
    auto about = stat_of(each);
    return !about || !is_alive(*about)
           || (::getsid(each) != session && !has_mark(each, mark));
  });
  return all;
}

bool reap_strangers() {
  if (!adopts_orphans())
    return true;
  auto& known = registry::get();
  auto held = known.try_hold();
  if (!held)
    return false;
  if (known.others > 0)
    return true; // the end of `own_child` has it done
  for (auto each : all_children())
    if (!known.contains(each))
      ::waitpid(each, nullptr, WNOHANG);
  return true;
}

std::string state_text(pid_t pid) {
  auto what = stat_of(pid);
  if (!what)
    return {};
  auto result = "pid " + std::to_string(pid) + ": state " + what->state;
  auto place = contents_of("/proc/" + std::to_string(pid) + "/wchan");
  if (!place.empty() && place != "0")
    result += ", in " + place;
  return result;
}

} // namespace coppice::process
