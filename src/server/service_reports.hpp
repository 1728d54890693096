// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "net/listener_set.hpp"
#include "server/loop_part.hpp"
#include "server/service_manager.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coppice {

/// Reports the course of a server to its service manager, if there is one. For
/// one thread, which waits for it.
class service_reports final : public loop_part {
public:
  using clock = std::chrono::steady_clock;

  /// `root` is the path of the tree.
  service_reports(actor::runtime_ptr rt, net::listener_set listeners,
                  std::string root);

  std::optional<clock::time_point> due() const noexcept override {
    return due_;
  }

  /// It serves, or serves again after a reload.
  void ready();
  void reloading();

  /// It ends.
  void on_leave() override;

  /// For what else it is told.
  const service_manager& manager() const noexcept {
    return manager_;
  }

  /// That process is the service from now on. Nothing is said after this.
  void replaced_by(int pid);

  /// Says that all is well if every reactor has taken a turn since the last
  /// time.
  void on_due(clock::time_point now) override;

private:
  std::string status() const;
  void ask_reactors();

  service_manager manager_;
  actor::runtime_ptr rt_;
  net::listener_set listeners_;
  std::string root_;
  /// Reactors that have not taken a turn since they were asked.
  std::shared_ptr<std::atomic<std::size_t>> silent_;
  std::optional<clock::time_point> due_;
};

} // namespace coppice
