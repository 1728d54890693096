// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/upgrade.hpp"
#include "coppice/expected.hpp"
#include "server/loop_part.hpp"
#include "server/upgrade/channel.hpp"
#include "server/upgrade/handover.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coppice::upgrade {

/// The process that this one was started to replace. First this one prepares
/// everything but for accepting; then the two agree; then this one serves, and
/// the other one ends.
class predecessor final : public loop_part {
public:
  /// That of this process, as its environment says; null: there is none. The
  /// same at each call. The first one takes the sockets, so it belongs before
  /// anything that asks for passed ones, and before there are other threads.
  /// The error is for a person.
  static expected<std::shared_ptr<predecessor>, std::string> meet();

  predecessor(channel to, handover given);

  // -- the start; one thread --------------------------------------------------

  /// What it has given; the sockets may be taken out.
  handover& given() noexcept {
    return given_;
  }

  /// Says that this process cannot replace it.
  void say_failed(const std::string& why);

  /// Says that all is ready, with the sockets of these listeners, and waits
  /// until this process may accept. If the other one has ended unexpectedly, it
  /// may. The error says why it may not, and has to end.
  expected<void, std::string>
  wait_for_go(const std::vector<std::string>& listeners, bool admin);

  /// Says that this process accepts, and waits until the sockets are its own.
  void wait_for_rest();

  // -- later ------------------------------------------------------------------

  /// Called by the loop's thread when the other process has ended.
  void on_end(std::function<void()> fn) {
    ended_ = std::move(fn);
  }

  int fd() const noexcept override;
  void on_readable(time_point now) override;

  /// How it is. Any thread; see `admin::upgrade_operations`.
  admin::earlier_process look(bool now);

private:
  bool take(const expected<std::optional<message>, std::string>& next);
  void keep(const std::string& numbers);
  void lose();

  channel channel_;
  handover given_;
  std::function<void()> ended_;
  mutable std::mutex mutex_; // guards the channel, once there are threads, and
  admin::earlier_process view_;
  bool end_told_ = false;      // to the loop
  std::uint64_t asked_ = 0;    // questions for numbers
  std::uint64_t answered_ = 0; // … and answers
};

} // namespace coppice::upgrade
