// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/request.hpp"
#include "coppice/expected.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::actor {

/// A supervisor of n children that are all made in one way, each for a part of
/// the keys, so that none of them is everybody's bottleneck. Copies stand for
/// the same one. Any thread.
///
/// Source: Elixir PartitionSupervisor.
class partition_supervisor {
public:
  struct options {
    /// In the tree; not empty.
    std::string id;
    /// Makes the child of a partition, from 0; what it says of an id is
    /// replaced by the partition's number.
    std::function<child_spec(std::size_t)> child;
    /// >= 1. The default is what the hardware runs at a time.
    std::size_t partitions = default_partitions();
    /// Not simple_one_for_one; auto_shutdown must be never.
    supervision::flags flags = {.intensity = 3};
  };

  static std::size_t default_partitions();

  /// The first thing wrong with `what`, or nothing.
  static expected<void, supervision::spec_error> validate(const options& what);

  /// What `validate` finds wrong keeps the tree that it is put into from
  /// starting.
  explicit partition_supervisor(options what);

  /// For the children of one supervisor.
  child_spec spec() const;

  /// Partitions that keys are sent to; 0 before the start. After the end it is
  /// what it was; `route` returns null then.
  std::size_t partitions() const;

  /// The child that `key` belongs to: number |key| mod `partitions()`. Null if
  /// there is none at the moment.
  caf::actor route(std::int64_t key) const;

  /// The same by a hash of `key`, which is the same on every machine.
  caf::actor route(std::string_view key) const;

  /// Uses `count` partitions from now on, at most as many as at the start, and
  /// answers how many it was before. All beyond are stopped and forgotten, so
  /// that no group restart brings them back; those that keys are not sent to
  /// yet are started. Keys are sent to fewer at once, to more when all of them
  /// run. If the size is changed again meanwhile, the last change counts.
  ///
  /// Refused: noproc before the start and after the end, invalid_spec if there
  /// are too many, start_failed if one does not start; no keys are sent to new
  /// ones then, and the same call tries again.
  pending<std::size_t> resize(std::size_t count);

private:
  struct state;

  std::shared_ptr<state> state_;
};

} // namespace coppice::actor
