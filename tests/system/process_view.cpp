// SPDX-License-Identifier: BSD-3-Clause

#include "process_view.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

namespace coppice_test {

namespace {

namespace fs = std::filesystem;

fs::path directory_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

// Nothing if the file is closed by now.
std::optional<bool> has_close_on_exec(const fs::path& fdinfo) {
  std::ifstream file(fdinfo);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    unsigned flags = 0;
    if (fields >> name >> std::oct >> flags && name == "flags:")
      return (flags & O_CLOEXEC) != 0;
  }
  return {};
}

// A file that is closed while one looks is left out.
void append(std::vector<open_file>& result, const fs::path& process,
            const fs::path& entry) {
  std::error_code gone;
  const fs::path target = fs::read_symlink(entry, gone);
  const auto close_on_exec
    = has_close_on_exec(process / "fdinfo" / entry.filename());
  if (!gone && close_on_exec)
    result.push_back({std::stoi(entry.filename()), target, *close_on_exec});
}

// A line of /proc/net/tcp.
struct tcp_socket {
  unsigned long local_port;
  unsigned long peer_port;
  std::string state;
  std::string timer; // kind and hundredths of a second, hexadecimal
};

std::vector<tcp_socket> sockets_in(const char* table) {
  const auto port_of = [](const std::string& address) {
    return std::stoul(address.substr(address.rfind(':') + 1), nullptr, 16);
  };
  std::vector<tcp_socket> result;
  std::ifstream file(table);
  std::string line;
  std::getline(file, line); // names of the columns
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string number;
    std::string local;
    std::string peer;
    std::string queues;
    tcp_socket found{};
    fields >> number >> local >> peer >> found.state >> queues >> found.timer;
    found.local_port = port_of(local);
    found.peer_port = port_of(peer);
    result.push_back(found);
  }
  return result;
}

long count_listening_in(const char* table, std::uint16_t port) {
  const auto sockets = sockets_in(table);
  return std::count_if(sockets.begin(), sockets.end(), [&](const auto& each) {
    return each.state == "0A" && each.local_port == port;
  });
}

} // namespace

std::vector<open_file> open_files(pid_t pid) {
  const fs::path process = directory_of(pid);
  std::vector<open_file> result;
  for (const auto& entry : fs::directory_iterator(process / "fd"))
    append(result, process, entry.path());
  return result;
}

int count_open_files(pid_t pid) {
  const auto all = open_files(pid);
  return static_cast<int>(std::count_if(all.begin(), all.end(), [](auto& each) {
    return each.target.find("journal.db") == std::string::npos;
  }));
}

int count_threads(pid_t pid) {
  int result = 0;
  for ([[maybe_unused]] const auto& entry :
       fs::directory_iterator(directory_of(pid) / "task"))
    ++result;
  return result;
}

double resident_mebibytes(pid_t pid) {
  constexpr double mebibyte = 1024.0 * 1024.0;
  double total = 0;
  double resident = 0;
  std::ifstream(directory_of(pid) / "statm") >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / mebibyte;
}

int count_listening_sockets(std::uint16_t port) {
  return static_cast<int>(count_listening_in("/proc/net/tcp", port)
                          + count_listening_in("/proc/net/tcp6", port));
}

std::optional<std::chrono::milliseconds>
keepalive_due(std::uint16_t local_port, std::uint16_t peer_port) {
  const std::string keepalive = "02:";
  for (const auto& each : sockets_in("/proc/net/tcp")) {
    if (each.local_port == local_port && each.peer_port == peer_port
        && each.timer.rfind(keepalive, 0) == 0)
      return std::chrono::milliseconds(
        10 * std::stol(each.timer.substr(keepalive.size()), nullptr, 16));
  }
  return std::nullopt;
}

} // namespace coppice_test
