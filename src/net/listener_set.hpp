// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/listener.hpp"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::net {

/// The listeners that a program has just now. Copies are handles of the same
/// set. Thread-safe.
class listener_set {
public:
  listener_set(std::initializer_list<listener_ptr> all = {})
      : state_(std::make_shared<state>()) {
    state_->all = all;
  }

  listener_set(std::vector<listener_ptr> all) : listener_set() {
    state_->all = std::move(all);
  }

  /// In the order in which they came.
  std::vector<listener_ptr> all() const {
    std::lock_guard guard{state_->mutex};
    return state_->all;
  }

  /// The one of this name, or null.
  listener_ptr find(std::string_view name) const {
    std::lock_guard guard{state_->mutex};
    auto found = std::ranges::find_if(
      state_->all, [&](auto& each) { return each->config().name == name; });
    return found == state_->all.end() ? nullptr : *found;
  }

  /// Adds it, in the place of the one of that name if there is one.
  void put(listener_ptr what) {
    std::lock_guard guard{state_->mutex};
    for (auto& each : state_->all)
      if (each->config().name == what->config().name) {
        each = std::move(what);
        return;
      }
    state_->all.push_back(std::move(what));
  }

  void remove(std::string_view name) {
    std::lock_guard guard{state_->mutex};
    std::erase_if(state_->all,
                  [&](auto& each) { return each->config().name == name; });
  }

private:
  struct state {
    std::mutex mutex;
    std::vector<listener_ptr> all; // guarded by mutex
  };

  std::shared_ptr<state> state_;
};

} // namespace coppice::net
