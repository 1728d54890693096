// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/server.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"
#include "net/socket.hpp"
#include "server/loop_part.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coppice {

/// Has listeners and the admin API read their certificates again when the files
/// change, and says when one expires before long. For one thread, which waits
/// for it.
class certificate_watch final : public loop_part {
public:
  using clock = std::chrono::steady_clock;

  /// How long before its end a certificate is worth an event, which comes once
  /// a day.
  static constexpr std::chrono::hours warned_before{14 * 24};

  /// `admin` may be null.
  certificate_watch(net::listener_set whose,
                    std::shared_ptr<admin::server> admin,
                    actor::runtime_ptr rt);

  /// Readable when a file may have changed; -1 if it cannot be seen at once.
  int fd() const noexcept override {
    return changes_.fd();
  }

  void on_readable(clock::time_point now) override;

  std::optional<clock::time_point> due() const noexcept override {
    return due_;
  }

  void on_due(clock::time_point now) override;

  /// To be called when there are other listeners, which have just read theirs.
  void look_again();

private:
  /// One that has certificates, or may have.
  struct owner {
    std::string path; ///< In the tree.
    std::vector<std::string> files;
    std::vector<net::listener::certificate_view> certificates;
    std::function<void()> reload;
  };

  std::map<std::string, owner> owners() const;
  void watch_files();
  void warn() const;

  net::listener_set listeners_;
  std::shared_ptr<admin::server> admin_; // null: there is none
  actor::runtime_ptr rt_;
  net::socket changes_;
  /// How the files of each owner were when they were read.
  std::map<std::string, std::string> seen_;
  clock::time_point due_;
  clock::time_point warned_;
};

} // namespace coppice
