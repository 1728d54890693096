// SPDX-License-Identifier: BSD-3-Clause

#include "commands/running_servers.hpp"

#include "coppice/settings.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace coppice::commands {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view unix_prefix = "unix:";

std::string folder_of(int pid) {
  return "/proc/" + std::to_string(pid);
}

// Whether two paths lead to the same file.
bool same_file(const std::string& a, const std::string& b) {
  struct stat first {};
  struct stat second {};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0
         && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// Without the name of the program.
std::vector<std::string> arguments_of(int pid) {
  std::ifstream in{folder_of(pid) + "/cmdline", std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::vector<std::string> result;
  for (std::string_view rest = text; !rest.empty();) {
    auto end = std::min(rest.find('\0'), rest.size());
    result.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!result.empty())
    result.erase(result.begin());
  return result;
}

// `coppice run -- PROGRAM` has no admin API unless it was given one; what the
// program was given is its own.
std::string admin_of_run(std::vector<std::string> arguments) {
  auto program = std::ranges::find(arguments, "--");
  auto has_program = program != arguments.end();
  arguments.erase(program, arguments.end());
  auto has_admin = std::ranges::any_of(
    arguments, [](auto& each) { return each.starts_with("--admin"); });
  return has_program && !has_admin ? "off" : admin_in(arguments);
}

} // namespace

std::string admin_in(const std::vector<std::string>& arguments) {
  constexpr std::string_view name = "--admin";
  for (auto i = arguments.begin(); i != arguments.end(); ++i) {
    if (*i == name && std::next(i) != arguments.end())
      return *std::next(i);
    if (i->starts_with(name) && i->size() > name.size()
        && (*i)[name.size()] == '=')
      return i->substr(name.size() + 1);
  }
  return admin_settings{}.where;
}

std::vector<running_server_view> running_servers() {
  std::vector<running_server_view> result;
  std::error_code gone;
  for (fs::directory_iterator each{"/proc", gone}, end; !gone && each != end;
       each.increment(gone)) {
    auto name = each->path().filename().string();
    int pid = 0;
    auto [rest, err]
      = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (err != std::errc{} || rest != name.data() + name.size()
        || !same_file(folder_of(pid) + "/exe", "/proc/self/exe"))
      continue;
    auto arguments = arguments_of(pid);
    if (!arguments.empty() && arguments.front() == "serve")
      result.push_back({pid, admin_in(arguments)});
    else if (!arguments.empty() && arguments.front() == "run")
      result.push_back({pid, admin_of_run(std::move(arguments))});
  }
  std::ranges::sort(result, {}, &running_server_view::pid);
  return result;
}

std::string admin_of(const running_server_view& server) {
  auto& admin = server.admin;
  if (admin.starts_with(unix_prefix)) {
    auto path = admin.substr(unix_prefix.size());
    return path.starts_with('/') ? admin
                                 : std::string{unix_prefix}
                                     + folder_of(server.pid) + "/cwd/" + path;
  }
  auto port = admin.substr(std::min(admin.rfind(':'), admin.size()));
  if (admin.starts_with("0.0.0.0:"))
    return "127.0.0.1" + port;
  if (admin.starts_with("[::]:") || admin.starts_with(":::"))
    return "[::1]" + port;
  return admin;
}

} // namespace coppice::commands
