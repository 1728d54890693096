// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "nemesis/run.hpp"
#include "net/socket.hpp"

#include <chrono>
#include <functional>

namespace coppice::commands {

/// Real time, until a signal comes: SIGINT and SIGTERM, which have to be
/// blocked (`block_stop_signals`), end one wait each.
class real_clock final : public nemesis::clock {
public:
  /// `meanwhile` is called now and then while there is nothing else to do.
  explicit real_clock(std::function<void()> meanwhile);

  /// Sets zero to `lead` from now.
  void begin(std::chrono::milliseconds lead);

  std::chrono::steady_clock::time_point zero() const noexcept {
    return zero_;
  }

  std::chrono::milliseconds now() override;
  bool wait_until(std::chrono::milliseconds when) override;

private:
  bool interrupted(std::chrono::milliseconds within);

  std::function<void()> meanwhile_;
  net::socket signals_;
  std::chrono::steady_clock::time_point zero_;
};

} // namespace coppice::commands
