// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"
#include "net/socket.hpp"

#include <chrono>
#include <map>
#include <string>

namespace coppice {

/// Has listeners read their certificates again when the files change, and says
/// when one expires before long. For one thread, which waits for it.
class certificate_watch {
public:
  using clock = std::chrono::steady_clock;

  /// How long before its end a certificate is worth an event, which comes once
  /// a day.
  static constexpr std::chrono::hours warned_before{14 * 24};

  certificate_watch(net::listener_set whose, actor::runtime_ptr rt);

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

  /// To be called when there are other listeners, which have just read theirs.
  void look_again();

private:
  void watch_files();
  void warn() const;

  net::listener_set listeners_;
  actor::runtime_ptr rt_;
  net::socket changes_;
  /// How the files of each listener were when they were read, by its name.
  std::map<std::string, std::string> seen_;
  clock::time_point due_;
  clock::time_point warned_;
};

} // namespace coppice
