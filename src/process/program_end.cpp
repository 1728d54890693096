// SPDX-License-Identifier: BSD-3-Clause

#include "process/program_end.hpp"

#include "observe/printable.hpp"

#include <signal.h>

#include <array>
#include <cstdio>
#include <utility>

namespace coppice::process {

using supervision::exit_reason;

namespace {

constexpr std::size_t longest_shown_line = 160;

// sigabbrev_np has no names for real-time signals, and musl has no
// sigabbrev_np.
constexpr std::array<std::pair<int, const char*>, 31> signal_names{{
  {SIGHUP, "HUP"},       {SIGINT, "INT"},       {SIGQUIT, "QUIT"},
  {SIGILL, "ILL"},       {SIGTRAP, "TRAP"},     {SIGABRT, "ABRT"},
  {SIGBUS, "BUS"},       {SIGFPE, "FPE"},       {SIGKILL, "KILL"},
  {SIGUSR1, "USR1"},     {SIGSEGV, "SEGV"},     {SIGUSR2, "USR2"},
  {SIGPIPE, "PIPE"},     {SIGALRM, "ALRM"},     {SIGTERM, "TERM"},
  {SIGSTKFLT, "STKFLT"}, {SIGCHLD, "CHLD"},     {SIGCONT, "CONT"},
  {SIGSTOP, "STOP"},     {SIGTSTP, "TSTP"},     {SIGTTIN, "TTIN"},
  {SIGTTOU, "TTOU"},     {SIGURG, "URG"},       {SIGXCPU, "XCPU"},
  {SIGXFSZ, "XFSZ"},     {SIGVTALRM, "VTALRM"}, {SIGPROF, "PROF"},
  {SIGWINCH, "WINCH"},   {SIGIO, "IO"},         {SIGPWR, "PWR"},
  {SIGSYS, "SYS"},
}};

// What a shell in between has made of an end that was not an exit.
std::string by_a_shell(int code) {
  constexpr int first_signal = 128;
  if (code == 126)
    return " (a shell: not executable)";
  if (code == 127)
    return " (a shell: not found)";
  if (code > first_signal && code <= first_signal + SIGRTMAX)
    return " (a shell: " + signal_name(code - first_signal) + ")";
  return {};
}

bool is_clean_by_default(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
}

exit_reason reason_of_exit(const program_end& end, const program& what) {
  if (end.asked_to_stop
      && (what.success.contains(end.number) || end.number == 0
          || end.number == 128 + what.stop_signal))
    return exit_reason::shutdown();
  if (what.success.contains(end.number))
    return exit_reason::normal();
  return exit_reason::abnormal("exit " + std::to_string(end.number)
                               + by_a_shell(end.number));
}

exit_reason reason_of_signal(const program_end& end, const program& what) {
  if (end.number == SIGKILL && end.out_of_memory)
    return exit_reason::abnormal("killed, perhaps out of memory");
  if (end.number == SIGKILL)
    return exit_reason::killed();
  if (end.asked_to_stop && end.number == what.stop_signal)
    return exit_reason::shutdown();
  if (is_clean_by_default(end.number) && !what.crash_on.contains(end.number))
    return exit_reason::shutdown(signal_name(end.number));
  return exit_reason::abnormal(signal_name(end.number)
                               + (end.core_dumped ? ", core dumped" : ""));
}

std::string time_text(std::chrono::milliseconds time) {
  char text[32];
  if (time < std::chrono::seconds{1})
    std::snprintf(text, sizeof text, "%lld ms",
                  static_cast<long long>(time.count()));
  else
    std::snprintf(text, sizeof text, "%.1f s",
                  std::chrono::duration<double>(time).count());
  return text;
}

} // namespace

std::string signal_name(int number) {
  for (auto& [each, name] : signal_names)
    if (each == number)
      return std::string{"SIG"} + name;
  if (number >= SIGRTMIN && number <= SIGRTMAX) {
    auto offset = number - SIGRTMIN;
    return offset == 0 ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(offset);
  }
  return "signal " + std::to_string(number);
}

int signal_number(std::string_view name) {
  if (name.starts_with("SIG"))
    name.remove_prefix(3);
  for (auto& [number, each] : signal_names)
    if (name == each)
      return number;
  return 0;
}

exit_reason reason_of(const program_end& end, const program& what) {
  return end.by_signal ? reason_of_signal(end, what)
                       : reason_of_exit(end, what);
}

std::string details_of(const program_end& end, long pid,
                       const std::string& ended_by) {
  auto result = "pid " + std::to_string(pid) + " ran " + time_text(end.ran);
  if (!ended_by.empty())
    result += ", ended by " + ended_by;
  if (end.peak_kib > 0)
    result += ", peak memory " + std::to_string((end.peak_kib + 1023) / 1024)
              + " MiB";
  if (end.leftovers > 0)
    result += ", left " + std::to_string(end.leftovers)
              + (end.leftovers == 1 ? " process" : " processes") + " behind";
  if (end.lost_lines > 0)
    result += ", " + std::to_string(end.lost_lines)
              + " lines of its output were lost";
  for (auto& line : end.last_lines)
    result += "\n" + observe::printable(line, longest_shown_line);
  return result;
}

} // namespace coppice::process
