// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "supervision/engine.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

/// Looks at the commands of one engine and checks after each that the engine
/// keeps its promises. `broken` says which one it did not keep.
class promises {
public:
  /// `paced`: some children have a back-off, which mixes the plans of restarts.
  promises(coppice::supervision::flags settings, bool dynamic,
           std::vector<coppice::supervision::child_key> initial,
           bool paced = false);

  void on(const coppice::supervision::command& cmd,
          coppice::supervision::time_point now);

  void expect(bool holds, const char* promise);

  /// The children that run, as far as the engine can know.
  const std::map<coppice::supervision::instance_id,
                 coppice::supervision::child_key>&
  running() const noexcept {
    return running_;
  }

  std::string broken;
  bool ended = false;

private:
  void check(const coppice::supervision::start_instance& cmd);
  void check(const coppice::supervision::send_signal& cmd);
  void check(const coppice::supervision::abandon& cmd);
  void check(const coppice::supervision::send_reply& cmd);
  void check(const coppice::supervision::up& cmd);
  void check(const coppice::supervision::stopped& cmd);
  void check(const coppice::supervision::restart_decided& cmd);
  void check_own(const coppice::supervision::restart_decided& cmd);
  void check(const coppice::supervision::wait_over& cmd);
  void check(const coppice::supervision::exit_noticed& cmd);
  void check(const coppice::supervision::child_down& cmd);
  void check(const coppice::supervision::progress& cmd);
  void check(const coppice::supervision::retry_noticed& cmd);
  void check(const coppice::supervision::forget& cmd);
  template <class T>
  void check(const T&) {
    // nop
  }

  coppice::supervision::flags flags_;
  bool dynamic_;
  bool paced_;
  coppice::supervision::time_point now_{};
  std::map<coppice::supervision::instance_id, coppice::supervision::child_key>
    running_;
  std::set<coppice::supervision::instance_id> asked_;
  std::vector<coppice::supervision::child_key> plan_; // to start, in order
  std::size_t planned_ = 0;
  coppice::supervision::child_key last_stop_ = 0; // 0: none in this job
  std::vector<std::int64_t> decided_at_;          // whole seconds
  // The same by child, of restarts that count against its own budget.
  std::map<coppice::supervision::child_key, std::vector<std::int64_t>> own_at_;
  std::set<coppice::supervision::child_key> forgotten_;
};
