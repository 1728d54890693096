// SPDX-License-Identifier: BSD-3-Clause

#include "process/process_child.hpp"

#include "coppice/actor/runtime.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace coppice::process {

actor::child_spec process_child(supervision::child_spec spec, program value) {
  return process_child_on(nullptr, std::move(spec), std::move(value));
}

actor::child_spec process_child_on(std::shared_ptr<machine> on,
                                   supervision::child_spec spec,
                                   program value) {
  auto valid = validate(value, spec);
  program_child how{std::make_shared<const program>(std::move(value)),
                    spec.effective_shutdown(), spec.progress_within,
                    std::move(on)};
  return {std::move(spec),
          [how](const actor::start_args& args) -> actor::start_result {
            return actor::starting{
              args.rt->system.spawn<program_actor>(std::cref(args), how)};
          },
          std::move(valid)};
}

} // namespace coppice::process
