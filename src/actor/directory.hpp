// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/supervision/child_spec.hpp"
#include "observe/path_map.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::actor {

/// Finds actors by their path in the supervision tree. Does not keep them
/// alive. Thread-safe.
class directory {
public:
  struct entry {
    caf::actor handle;
    supervision::child_type type;
  };

  /// Enters `handle` under `path`, and replaces what was there.
  void put(std::string path, const caf::actor& handle,
           supervision::child_type type);

  /// Keeps `path` for an actor that is about to start, until `put` or
  /// `give_up`. The error is the actor that is there and has not ended; null
  /// if it is still about to start.
  expected<void, caf::actor> reserve(const std::string& path);

  /// Undoes `reserve`: the actor did not start.
  void give_up(std::string_view path);

  /// Removes `path` if it still names `handle`.
  void erase(std::string_view path, const caf::actor& handle);

  /// The actor at `path`, if there is one and it has not ended.
  std::optional<entry> find(std::string_view path) const;

  /// The paths of those that have not ended, without those below which another
  /// one lives.
  std::vector<std::string> leaves() const;

  /// The paths, in their order, of workers at `path` or below it that have not
  /// ended.
  std::vector<std::string> workers_below(std::string_view path) const;

  /// How many messages wait for each `pinned_actor` that has not ended, by
  /// path; see `pinned_actor::waiting`.
  std::map<std::string, std::size_t> waiting() const;

  /// Remembers `handle` as one that could not be killed at `path`.
  void abandon(std::string path, const caf::actor& handle);

  /// The paths of those that were abandoned and still live.
  std::vector<std::string> abandoned() const;

private:
  struct slot {
    caf::weak_actor_ptr handle;
    supervision::child_type type;
    bool reserved = false; // for one without a handle yet
  };

  mutable std::mutex mutex_;
  observe::path_map<slot> slots_;
  std::vector<std::pair<std::string, caf::weak_actor_ptr>> abandoned_;
};

} // namespace coppice::actor
