// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "actor/virtual_time.hpp"
#include "lab/scenario.hpp"

#include <memory>

namespace coppice::lab {

/// A child that does what its scenario says: it ends at the given step, and
/// reacts to a shutdown signal in its own way if it traps exits.
class lab_worker final : public actor::pinned_actor {
public:
  lab_worker(caf::actor_config& cfg, actor::virtual_time& time,
             std::shared_ptr<const child_def> def);

  const char* name() const override {
    return "coppice.lab-worker";
  }

  caf::behavior make_behavior() override;

private:
  void on_exit_signal();

  actor::virtual_time& time_;
  std::shared_ptr<const child_def> def_;
};

/// Makes a worker end with `reason`, by itself.
void tell_to_end(const caf::actor& worker,
                 const supervision::exit_reason& reason);

} // namespace coppice::lab
