// SPDX-License-Identifier: BSD-3-Clause

#include "lab/example.hpp"

namespace coppice::lab {

std::string_view example_scenario() {
  return R"(// A scenario of coppice's laboratory: a supervision tree, and what is done to
// it. It is JSON in which comments are allowed.
//
//   coppice lab run FILE         plays it and tells what happened, and why
//   coppice lab explain FILE     says what each step will do before it does it
{
  "name": "shop",
  "about": "A cache crashes, then fails to start again, then crashes too often.",

  // The supervisor at the top of the tree.
  "supervisor": {
    "id": "shop",
    "flags": {
      // one_for_one, one_for_all, rest_for_one or simple_one_for_one
      "strategy": "rest_for_one",
      // More than 2 restarts within 10 seconds, and the supervisor gives up.
      "intensity": 2,
      "period": 10,
      // never, any_significant or all_significant
      "auto_shutdown": "never"
    },
    // Started in this order, stopped in the reverse one.
    "children": [
      // A worker needs no more than a name. If nothing else is said, it is
      // permanent, and may take 5000 ms to stop.
      {"id": "db"},
      {
        "id": "cache",
        "restart": "permanent", // permanent, transient or temporary
        // What its start function does the first time, the second time, …; the
        // last one goes for all further times: "ok", "ignore", {"error": "why"}
        "starts": ["ok", {"error": "no_memory"}, "ok"]
      },
      {
        "id": "web",
        "shutdown": 200,              // milliseconds, "brutal_kill", "infinity"
        "trap_exit": true,            // decides itself how to stop:
        "on_shutdown": {"delay_ms": 50} // "comply", "ignore", {"exit": "why"}
      },
      // A child with children is a supervisor.
      {
        "id": "jobs",
        "flags": {"strategy": "one_for_all", "intensity": 1, "period": 5},
        "children": [{"id": "mailer"}, {"id": "invoices"}]
      }
    ]
  },

  // What is done, one after the other; all is quiet before the next one.
  "steps": [
    {"op": "start"},
    {"op": "exit", "child": "cache", "reason": "boom"},
    {"op": "which_children"},
    // Time is virtual: this takes no time at all.
    {"op": "advance_ms", "ms": 12000},
    {"op": "kill", "child": "mailer"},
    {"op": "kill", "child": "cache"},
    {"op": "terminate_child", "child": "web"},
    {"op": "count_children", "sup": "jobs"},
    {"op": "kill", "child": "cache"},
    {"op": "kill", "child": "cache"}
    // Further ones: start_child, restart_child, delete_child, get_childspec,
    // exit_later, parent_signal, stop and more: docs/guide/lab/README.md has
    // them all.
  ]
}
)";
}

} // namespace coppice::lab
