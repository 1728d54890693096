// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/spawns.hpp"

#include "actor/pinned_actor.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <utility>

namespace coppice::actor {

namespace {

class suspendable_actor final : public pinned_actor {
public:
  suspendable_actor(caf::actor_config& cfg, run_queue* queue,
                    actor::make_behavior make)
      : pinned_actor(cfg, queue), make_(std::move(make)) {
    // nop
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return make_(*this);
  }

private:
  actor::make_behavior make_;
};

} // namespace

caf::actor spawn_suspendable(const start_args& args, make_behavior make) {
  return args.rt->system.spawn<suspendable_actor>(args.rt->time,
                                                  std::move(make));
}

} // namespace coppice::actor
