// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/upgrade.hpp"
#include "coppice/expected.hpp"
#include "server/loop_part.hpp"
#include "server/upgrade/channel.hpp"
#include "server/upgrade/handover.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coppice::upgrade {

/// The process that is to replace this one: starts it, gives it the sockets,
/// and has this process end once it serves. Until then, whatever goes wrong
/// with it, this process goes on. For the thread of the loop, but for `look`.
class successor final : public loop_part {
public:
  /// What the process does about it.
  struct owner {
    /// Copies of all sockets, and what belongs to them. May throw
    /// `std::system_error`.
    std::function<handover()> share;
    /// It is of no use: the sockets are this process's alone again.
    std::function<void(const std::string& why)> on_failure;
    /// It accepts, with the sockets of these listeners, and with that of the
    /// admin API if `admin`; those are its own from now on. This process has to
    /// end.
    std::function<void(int pid, const std::vector<std::string>& listeners,
                       bool admin)>
      on_success;
    /// What this process has counted, as JSON.
    std::function<std::string()> numbers;
  };

  explicit successor(owner whose);

  /// Ends it, unless it serves.
  ~successor() override;

  /// Starts it; returns its process id. The error says why that cannot be done.
  expected<int, std::string> begin(const admin::upgrade_request& wanted);

  /// Tells it the last numbers, if it serves; nothing comes after them. Ends
  /// it if it does not.
  void finish();

  admin::upgrade_view look() const;

  int fd() const noexcept override;
  void on_readable(time_point now) override;
  std::optional<time_point> due() const noexcept override;
  void on_due(time_point now) override;
  void on_leave() override;

private:
  expected<int, std::string> start(const admin::upgrade_request& wanted);
  void on_word(const word& what, time_point now);
  void succeed();
  void fail(const std::string& why);
  void send_numbers();
  void show(admin::upgrade_view now);

  owner owner_;
  std::optional<channel> channel_;     // while there is one
  std::vector<std::string> listeners_; // that it has the sockets of
  bool admin_ = false;                 // … and that one
  std::optional<time_point> deadline_; // until it serves
  mutable std::mutex mutex_;
  admin::upgrade_view view_; // guarded by mutex_
};

} // namespace coppice::upgrade
