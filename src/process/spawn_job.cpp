// SPDX-License-Identifier: BSD-3-Clause

#include "process/spawn_job.hpp"

#include "fault/errno_names.hpp"
#include "process/launch.hpp"
#include "process/registry.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

namespace coppice::process {

namespace {

constexpr mode_t log_file_mode = 0640;

std::string errno_text(int number) {
  auto name = fault::errno_name(number);
  return name.empty() ? "error " + std::to_string(number) : std::string{name};
}

unexpected<spawn_error> refusal(std::string what, int number) {
  return unexpected{spawn_error{std::move(what) + errno_text(number), number}};
}

// Our ends of the child's descriptors, all beyond the numbers that those have
// there: so that none is overwritten before it is used.
class descriptors {
public:
  explicit descriptors(int highest) : beyond_(highest + 1) {
    // nop
  }

  // Takes over `fd`. False, and errno: there are no more.
  bool add(owned_fd fd, int number) {
    auto moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, beyond_);
    if (moved < 0)
      return false;
    kept_.emplace_back(moved);
    all_.emplace_back(moved, number);
    return true;
  }

  // Keeps `fd`, which is somebody else's.
  bool add_copy(int fd, int number) {
    auto moved = ::fcntl(fd, F_DUPFD_CLOEXEC, beyond_);
    return moved >= 0 && add(owned_fd{moved}, number);
  }

  bool add_file(const char* path, int flags, int number) {
    auto fd = ::open(path, flags | O_CLOEXEC | O_NOCTTY, log_file_mode);
    return fd >= 0 && add(owned_fd{fd}, number);
  }

  // Returns our end; -1, and errno: there are no more.
  owned_fd add_pipe(int number) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0)
      return {};
    owned_fd ours{ends[0]};
    // Only our end: what the child has is as it expects it.
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    return add(owned_fd{ends[1]}, number) ? std::move(ours) : owned_fd{};
  }

  const std::vector<std::pair<int, int>>& all() const {
    return all_;
  }

private:
  int beyond_;
  std::vector<owned_fd> kept_;
  std::vector<std::pair<int, int>> all_;
};

// Returns our end of a pipe, if there is one.
expected<owned_fd, spawn_error> connect_output(descriptors& to,
                                               const output& how, int number) {
  owned_fd ours;
  auto good = true;
  std::string where = "descriptors: ";
  switch (how.to) {
  case output::target::log:
    ours = to.add_pipe(number);
    good = ours.get() >= 0;
    break;
  case output::target::inherit:
    good = to.add_copy(number, number)
           || to.add_file("/dev/null", O_WRONLY, number); // ours is closed
    break;
  case output::target::null:
    good = to.add_file("/dev/null", O_WRONLY, number);
    break;
  case output::target::file:
    where = "output \"" + how.path + "\": ";
    good = to.add_file(how.path.c_str(), O_WRONLY | O_APPEND | O_CREAT, number);
    break;
  }
  if (!good)
    return refusal(where, errno);
  return ours;
}

expected<void, spawn_error>
prepare_readiness(const program& what, spawned_program& into, descriptors& to) {
  auto& ready = what.ready;
  switch (ready.when) {
  case readiness::kind::fd:
    into.ready = to.add_pipe(ready.fd);
    if (into.ready.get() < 0)
      return refusal("descriptors: ", errno);
    break;
  case readiness::kind::connect:
  case readiness::kind::http: {
    auto text = parse_probe(ready.to, ready.when == readiness::kind::http);
    auto found
      = text ? resolve(*text)
             : expected<probe_target, std::string>{unexpected{text.error()}};
    if (!found)
      return unexpected{spawn_error{"ready: " + found.error(), 0}};
    into.probe = std::move(*found);
    break;
  }
  case readiness::kind::file:
    if (::unlink(ready.to.c_str()) < 0 && errno != ENOENT && errno != ENOTDIR)
      return refusal("ready: file \"" + ready.to + "\": ", errno);
    break;
  case readiness::kind::exec:
  case readiness::kind::notify:
  case readiness::kind::command:
  case readiness::kind::log:
  case readiness::kind::alive:
  case readiness::kind::exit:
    break;
  }
  return {};
}

// Entered before anybody else may look for strangers.
expected<spawned, spawn_error> spawn_known(const launch& what) {
  auto& known = registry::get();
  auto held = known.hold();
  auto result = spawn(what);
  if (result)
    known.add(result->pid);
  return result;
}

expected<spawned_program, spawn_error>
finish_start(launch plan, const descriptors& with, spawned_program result) {
  plan.descriptors = with.all();
  auto child = spawn_known(plan);
  if (!child)
    return unexpected{child.error()};
  result.pid = child->pid;
  result.pidfd.reset(child->pidfd);
  result.user = plan.as ? plan.as->user : ::geteuid();
  return result;
}

} // namespace

void owned_fd::reset(int fd) noexcept {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = fd;
}

expected<spawned_program, spawn_error> start_program(const order& what,
                                                     const std::string& mark) {
  auto& plan = *what.what;
  spawned_program result;
  descriptors all{std::max(2, plan.ready.fd)};
  if (!all.add_file("/dev/null", O_RDONLY, 0))
    return refusal("\"/dev/null\": ", errno);
  auto out = connect_output(all, plan.standard_output, 1);
  if (!out)
    return unexpected{out.error()};
  auto err = connect_output(all, plan.standard_error, 2);
  if (!err)
    return unexpected{err.error()};
  result.standard_output = std::move(*out);
  result.standard_error = std::move(*err);
  if (auto prepared = prepare_readiness(plan, result, all); !prepared)
    return unexpected{prepared.error()};
  std::vector<std::pair<std::string, std::string>> extra{{mark_name, mark}};
  if (plan.ready.when == readiness::kind::notify || what.progress_within) {
    try {
      result.notify = std::make_unique<notify_socket>();
    } catch (const std::system_error& e) {
      return refusal("notify socket: ", e.code().value());
    }
    extra.emplace_back("NOTIFY_SOCKET", result.notify->address());
  }
  if (what.progress_within)
    extra.emplace_back(
      "WATCHDOG_USEC",
      std::to_string(std::chrono::microseconds{*what.progress_within}.count()));
  auto ready = prepare(plan, extra);
  if (!ready)
    return unexpected{spawn_error{ready.error(), 0}};
  return finish_start(std::move(*ready), all, std::move(result));
}

expected<spawned_program, spawn_error> start_probe(const program& what,
                                                   const std::string& mark) {
  auto plan = what;
  plan.command = what.ready.command;
  descriptors all{2};
  for (int number : {0, 1, 2})
    if (!all.add_file("/dev/null", O_RDWR, number))
      return refusal("\"/dev/null\": ", errno);
  auto ready = prepare(plan, {{mark_name, mark}});
  if (!ready)
    return unexpected{spawn_error{ready.error(), 0}};
  return finish_start(std::move(*ready), all, {});
}

} // namespace coppice::process
