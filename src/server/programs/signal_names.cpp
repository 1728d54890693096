// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/signal_names.hpp"

#include <charconv>
#include <csignal>
#include <system_error>

namespace coppice::programs {

namespace {

struct named {
  std::string_view name;
  int number;
};

constexpr named all[]
  = {{"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT},
     {"ILL", SIGILL},   {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},
     {"BUS", SIGBUS},   {"FPE", SIGFPE},       {"KILL", SIGKILL},
     {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},     {"USR2", SIGUSR2},
     {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},     {"TERM", SIGTERM},
     {"CHLD", SIGCHLD}, {"CONT", SIGCONT},     {"STOP", SIGSTOP},
     {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU},
     {"URG", SIGURG},   {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ},
     {"PROF", SIGPROF}, {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH},
     {"IO", SIGIO},     {"PWR", SIGPWR},       {"SYS", SIGSYS}};

// `RTMIN+3`
std::optional<int> real_time_signal(std::string_view name) {
  constexpr std::string_view first = "RTMIN";
  if (!name.starts_with(first))
    return {};
  name.remove_prefix(first.size());
  if (name.empty())
    return SIGRTMIN;
  auto number = 0;
  auto* last = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data() + 1, last, number);
  if (name.front() != '+' || error != std::errc{} || rest != last || number < 0
      || number > SIGRTMAX - SIGRTMIN)
    return {};
  return SIGRTMIN + number;
}

} // namespace

std::optional<int> signal_number(std::string_view name) {
  constexpr std::string_view prefix = "SIG";
  if (name.starts_with(prefix))
    name.remove_prefix(prefix.size());
  for (auto& each : all)
    if (each.name == name)
      return each.number;
  return real_time_signal(name);
}

const std::vector<std::string>& signal_names() {
  static const auto result = [] {
    std::vector<std::string> names;
    for (auto& each : all)
      names.emplace_back(each.name);
    return names;
  }();
  return result;
}

} // namespace coppice::programs
