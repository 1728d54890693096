// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/child_spec.hpp"

#include "actor/messages.hpp"
#include "actor/supervisor.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <utility>

namespace coppice::actor {

using namespace supervision;

void report_progress(const start_args& args) {
  deliver(args.supervisor, progress_message{args.instance});
}

void acknowledge_start(const start_args& args, start_outcome outcome) {
  deliver(args.supervisor,
          start_acknowledged{args.instance, std::move(outcome)});
}

start_result start_supervisor(const start_args& args, supervisor_setup setup) {
  if (auto checked = validate(setup); !checked)
    return start_failed{exit_reason::abnormal(checked.error().message)};
  setup.path = args.path;
  setup.parent = args.supervisor.address();
  setup.cause = args.cause;
  setup.asked = args.asked;
  setup.initialized = [args](start_outcome outcome) {
    acknowledge_start(args, std::move(outcome));
  };
  return starting{args.rt->system.spawn<supervisor>(args.rt, std::move(setup))};
}

child_spec supervisor_child(std::string id, flags settings,
                            std::vector<child_spec> children) {
  auto valid = validate(supervisor_setup{{}, settings, children});
  return {{.id = std::move(id), .type = child_type::supervisor},
          [settings, children = std::move(children)](const start_args& args) {
            return start_supervisor(args, {{}, settings, children});
          },
          std::move(valid)};
}

child_spec dynamic_supervisor(std::string id, dynamic_flags settings,
                              std::any extra_arguments) {
  auto valid = validate(settings);
  return {
    {.id = std::move(id), .type = child_type::supervisor},
    [settings, extra = std::move(extra_arguments)](const start_args& args) {
      return start_supervisor(args, {{}, settings, {}, extra});
    },
    std::move(valid)};
}

} // namespace coppice::actor
