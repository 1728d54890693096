// SPDX-License-Identifier: BSD-3-Clause
//
// What can be done to an actor: each as a request, as a command and as a line of a
// GoogleTest test.

import { post, remove } from "./server.js";
import { literal } from "./words.js";

const kill = (reason) => (path) =>
  post("/kill", reason ? { path, reason } : { path });

const strike = (what) => (path) => post(`/actors/${what}`, { path });

// `asks` is what the engine is asked about beforehand, `first` what is so in any
// case, and `forever` what a supervisor does that does nothing. `later` is whether
// that is about what comes later, if it comes. `will` says what happens where there
// is nothing to ask it. A stopped actor has those that are `ofStopped` alone. `more` are those that are needed less often.
export const actions = [
  {
    id: "crash", label: "crash", asks: { reason: "boom" }, run: kill("boom"),
    command: (path) => `coppice kill ${path} --reason boom`,
    test: (path) => `crash(${path}, "boom");`,
  },
  {
    id: "normal", more: true, label: "exit normal", asks: { reason: "normal" }, run: kill("normal"),
    command: (path) => `coppice kill ${path} --reason normal`,
    test: (path) => `exit(${path}, exit_reason::normal());`,
  },
  {
    id: "shutdown", more: true, label: "exit shutdown", asks: { reason: "shutdown" }, run: kill("shutdown"),
    command: (path) => `coppice kill ${path} --reason shutdown`,
    test: (path) => `exit(${path}, exit_reason::shutdown());`,
  },
  {
    id: "kill", more: true, label: "kill", asks: { reason: "kill" }, run: kill(),
    command: (path) => `coppice kill ${path}`,
    test: (path) => `kill(${path});`,
  },
  {
    id: "start", label: "start", ofStopped: true, run: strike("start"),
    will: "Its supervisor starts it again.",
    command: (path) => `coppice start ${path}`,
    test: () => "// restart_child of <coppice/actor/request.hpp>",
  },
  {
    id: "hang", label: "hang", fault: true, ofSuspended: false, run: strike("suspend"),
    asks: { action: "suspend" }, later: true, first: "What is sent to it waits until it is resumed, all but exit signals. ",
    forever: "does not notice",
    command: (path) => `coppice fault suspend ${path}`,
    test: (path) => `suspend(${path});`,
  },
  {
    id: "resume", label: "resume", fault: true, ofSuspended: true, run: strike("resume"),
    will: "It goes on.",
    command: (path) => `coppice fault resume ${path}`,
    test: (path) => `resume(${path});`,
  },
  {
    id: "fail_start", more: true, label: "fail next start", fault: true, run: strike("fail_starts"),
    asks: { action: "fail_starts" }, later: true, first: "Nothing yet. If it ended now, its start would fail, and be tried again: ",
    command: (path) => `coppice fault fail-starts ${path}`,
    test: (_, raw) => `arm(${literal(`actor.start:${raw}`)}, "1*throw(asked to fail)");`,
  },
  {
    id: "refuse_stop", more: true, label: "refuse shutdown", fault: true, run: strike("refuse_stop"),
    asks: { action: "refuse_stop" }, later: true, first: "Nothing yet. When it is asked to end, it does not hear it: ",
    forever: "waits for it, for as long as it takes",
    command: (path) => `coppice fault refuse-stop ${path}`,
    test: (_, raw) => `arm(${literal(`actor.stop:${raw}`)}, "drop");`,
  },
  {
    id: "burn", label: "burn budget", fault: true, ofSupervisor: true, run: strike("burn_budget"),
    asks: { action: "burn_budget" }, first: "Its children fail, again after each restart: ",
    command: (path) => `coppice fault burn-budget ${path}`,
    test: (path) => `burn_budget(${path});`,
  },
  {
    id: "heal", more: true, label: "undo all faults", run: () => remove("/faults"),
    will: "All armed faults of the whole server end, and actors that hang continue.",
    command: () => "coppice fault clear",
    test: () => "disarm();",
  },
];
