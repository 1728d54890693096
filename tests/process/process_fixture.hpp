// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "support/actor_fixture.hpp"
#include "support/errors.hpp"

#include "coppice/actor/child_spec.hpp"
#include "coppice/observe/event.hpp"
#include "coppice/process/output_log.hpp"
#include "coppice/process/program.hpp"
#include "coppice/supervision/child_spec.hpp"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::test {

/// The lines that programs wrote in this process, with their paths.
inline recorder& written_lines() {
  static auto& result = *new recorder;
  return result;
}

/// Has them written there, and nowhere else.
inline void restore_lines() {
  process::write_output_to(1, [](const process::output_line& line) {
    written_lines().add(std::string{line.path} + (line.error ? " ! " : " | ")
                        + std::string{line.text});
    return std::string{};
  });
}

/// Programs under a supervisor named `top`.
class process_fixture : public actor_fixture {
protected:
  process_fixture() : lines(written_lines()) {
    restore_lines();
    lines.clear();
    std::string name = "/tmp/coppice-process-XXXXXX";
    folder = ::mkdtemp(name.data());
  }

  ~process_fixture() override {
    if (root) {
      auto handle = root->handle();
      root->stop(supervision::exit_reason::shutdown());
      end_of(handle);
    }
    std::filesystem::remove_all(folder);
  }

  /// The program that does what it is told.
  static std::vector<std::string> doing(std::vector<std::string> steps) {
    steps.insert(steps.begin(), PROGRAM_FOR_TESTS);
    return steps;
  }

  static process::program program(std::vector<std::string> steps) {
    process::program result;
    result.command = doing(std::move(steps));
    return result;
  }

  static process::program shell(std::string text) {
    process::program result;
    result.command = {"sh", "-c", std::move(text)};
    return result;
  }

  static actor::child_spec
  child(std::string id, process::program what,
        supervision::restart restart = supervision::restart::permanent,
        std::chrono::milliseconds shutdown = std::chrono::seconds{5}) {
    return process::process_child(
      {.id = std::move(id),
       .restart = restart,
       .shutdown = supervision::shutdown::within(shutdown)},
      std::move(what));
  }

  /// Whether it is up; `error` says why not.
  bool start(std::vector<actor::child_spec> children,
             supervision::flags flags = {.intensity = 100}) {
    auto result
      = actor::tree_root::start(rt, "top", flags, std::move(children));
    error = error_of(result).message;
    root = std::move(result).value_or(nullptr);
    return root != nullptr;
  }

  void stop() {
    auto handle = root->handle();
    root->stop(supervision::exit_reason::shutdown());
    end_of(handle);
    root = nullptr;
  }

  /// The next event of this kind at the path, or below `top`.
  std::optional<observe::event> next(observe::event_kind kind,
                                     std::string_view id) {
    auto path = "top/" + std::string{id};
    auto until = std::chrono::steady_clock::now() + deadline;
    for (;;) {
      for (; position_ < seen_.size(); ++position_)
        if (seen_[position_].kind == kind && seen_[position_].path == path)
          return seen_[position_++];
      if (std::chrono::steady_clock::now() > until) {
        ADD_FAILURE() << "no event " << to_string(kind) << " of " << path;
        return {};
      }
      reader_.wait(std::chrono::milliseconds{100});
      for (auto& each : reader_.take().events)
        seen_.push_back(*each);
    }
  }

  /// `next` looks at all events again, from the first.
  void forget_position() {
    position_ = 0;
  }

  std::string next_reason(observe::event_kind kind, std::string_view id) {
    auto found = next(kind, id);
    return found ? found->reason : "none";
  }

  /// The pid in the detail of its next start.
  pid_t next_pid(observe::event_kind kind, std::string_view id) {
    auto found = next(kind, id);
    auto at = found ? found->detail.find("pid ") : std::string::npos;
    return at == std::string::npos ? -1
                                   : std::atoi(found->detail.c_str() + at + 4);
  }

  std::string file(std::string_view name) const {
    return folder + "/" + std::string{name};
  }

  /// The number in a file, once that is there.
  pid_t pid_in(std::string_view name) const {
    pid_t result = 0;
    EXPECT_TRUE(eventually([&] {
      std::ifstream in{file(name)};
      return static_cast<bool>(in >> result);
    }))
      << name;
    return result;
  }

  /// It does not run; it may wait to be reaped by somebody else.
  static bool is_gone(pid_t pid) {
    if (::kill(pid, 0) < 0 && errno == ESRCH)
      return true;
    std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
    std::string text;
    std::getline(in, text);
    auto end = text.rfind(')');
    return end == std::string::npos || text.compare(end + 2, 1, "Z") == 0
           || text.compare(end + 2, 1, "X") == 0;
  }

  recorder& lines;
  std::string folder;
  std::unique_ptr<actor::tree_root> root;
  std::string error;

private:
  observe::event_reader reader_{rt->events, "programs"};
  std::vector<observe::event> seen_;
  std::size_t position_ = 0;
};

} // namespace coppice::test
