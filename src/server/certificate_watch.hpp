// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "net/socket.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace coppice {

/// Has a listener read its certificates again when their files change, and
/// says when one expires before long. For one thread, which waits for it.
class certificate_watch {
public:
  using clock = std::chrono::steady_clock;

  /// How long before its end a certificate is worth an event, which comes once
  /// a day.
  static constexpr std::chrono::hours warned_before{14 * 24};

  certificate_watch(net::listener_ptr whose, actor::runtime_ptr rt);

  /// Readable when a file may have changed; -1 if it cannot be seen at once.
  int fd() const noexcept {
    return changes_.fd();
  }

  /// When `on_due` is to be called, at the latest.
  clock::time_point due() const noexcept {
    return due_;
  }

  /// What made `fd` readable is read.
  void on_change(clock::time_point now);

  void on_due(clock::time_point now);

private:
  void watch_files();
  std::string state_of_files() const;
  void warn() const;

  net::listener_ptr listener_;
  actor::runtime_ptr rt_;
  net::socket changes_;
  std::vector<std::string> files_;
  std::string seen_; // how the files were when they were read
  clock::time_point due_;
  clock::time_point warned_;
};

} // namespace coppice
