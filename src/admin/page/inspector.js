// SPDX-License-Identifier: BSD-3-Clause
//
// One actor: what there is to say of it, and what can be done to it, each as a
// button, as a command and as a line of a GoogleTest test.

import { get, post, remove } from "./server.js";
import { element, faultsOf, glyphs, idOf, literal, quoted, setText } from "./words.js";

const predictAfter = 250;

const kill = (reason) => (path) =>
  post("/kill", reason ? { path, reason } : { path });

const strike = (what) => (path) => post(`/actors/${what}`, { path });

// `asks` is what the engine is asked about beforehand, `first` what is so in any
// case, and `forever` what a supervisor does that does nothing. `later` is whether
// that is about what comes later, if it comes. `will` says what happens where there
// is nothing to ask it.
const actions = [
  {
    id: "throw", label: "throw", asks: { reason: "boom" }, run: kill("boom"),
    command: (path) => `coppice kill ${path} --reason boom`,
    test: (path) => `crash(${path}, "boom");`,
  },
  {
    id: "normal", label: "exit normal", asks: { reason: "normal" }, run: kill("normal"),
    command: (path) => `coppice kill ${path} --reason normal`,
    test: (path) => `exit(${path}, exit_reason::normal());`,
  },
  {
    id: "shutdown", label: "exit shutdown", asks: { reason: "shutdown" }, run: kill("shutdown"),
    command: (path) => `coppice kill ${path} --reason shutdown`,
    test: (path) => `exit(${path}, exit_reason::shutdown());`,
  },
  {
    id: "kill", label: "kill", asks: { reason: "kill" }, run: kill(),
    command: (path) => `coppice kill ${path}`,
    test: (path) => `kill(${path});`,
  },
  {
    id: "hang", label: "hang", fault: true, run: strike("suspend"),
    asks: { action: "suspend" }, later: true, first: "What is sent to it waits until it is resumed, all but exit signals. ",
    forever: "does not notice",
    command: (path) => `coppice fault suspend ${path}`,
    test: (path) => `suspend(${path});`,
  },
  {
    id: "resume", label: "resume", fault: true, run: strike("resume"),
    will: "It goes on.",
    command: (path) => `coppice fault resume ${path}`,
    test: (path) => `resume(${path});`,
  },
  {
    id: "fail_start", label: "fail next start", fault: true, run: strike("fail_starts"),
    asks: { action: "fail_starts" }, later: true, first: "Nothing yet. If it ended now, its start would fail, and be tried again: ",
    command: (path) => `coppice fault fail-starts ${path}`,
    test: (_, raw) => `arm(${literal(`actor.start:${raw}`)}, "1*throw(asked to fail)");`,
  },
  {
    id: "refuse_stop", label: "refuse shutdown", fault: true, run: strike("refuse_stop"),
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
    id: "heal", label: "undo all faults", run: () => remove("/faults"),
    will: "All armed faults of the whole server end, and actors that hang continue.",
    command: () => "coppice fault clear",
    test: () => "disarm();",
  },
];

export class Inspector {
  constructor(model) {
    this.model = model;
    this.path = null;
    this.facts = document.getElementById("facts");
    this.said = document.getElementById("said");
    this.rows = new Map();
    this.title = element("h3");
    this.lines = ["state", "life", "budget", "traffic"].map(() => element("p"));
    this.facts.append(this.title, ...this.lines);
    for (const action of actions)
      this.addRow(action);
    model.addEventListener("hello", () => this.update());
    model.addEventListener("tree", () => this.update());
    model.addEventListener("link", () => this.update());
    model.addEventListener("event", () => this.predictSoon());
    // Budgets refill while nothing happens.
    setInterval(() => this.predictSoon(), 2000);
  }

  addRow(action) {
    const row = element("div", "action");
    const button = element("button", "", action.label);
    button.type = "button";
    button.dataset.action = action.id;
    const prediction = element("p", "prediction", action.will ?? "");
    prediction.id = `will-${action.id}`;
    button.setAttribute("aria-describedby", prediction.id);
    const command = element("span");
    const test = element("span");
    const lines = element("div", "command");
    lines.append(element("b", "", "shell "), command, element("br"),
      element("b", "", "gtest "), test);
    row.append(button, prediction, lines);
    button.addEventListener("click", () => this.press(action));
    document.getElementById("actions").append(row);
    this.rows.set(action.id, { row, button, prediction, command, test, action });
  }

  show(path) {
    this.path = path;
    for (const { prediction, action } of this.rows.values())
      if (action.asks)
        setText(prediction, "…");
    this.say("", "");
    this.update();
    this.predictSoon();
  }

  update() {
    const node = this.model.nodes.get(this.path);
    document.getElementById("token-row").hidden = !this.model.needsToken;
    document.getElementById("not-allowed").hidden = this.model.allowFaults;
    if (!node) {
      setText(this.title, this.path ? `${this.path} is gone` : "no actor is selected");
      return;
    }
    const state = this.model.stateOf(node);
    setText(this.title, node.path);
    const [now, life, budget, traffic] = this.lines;
    setText(now, `${glyphs[state] ?? "?"} ${state.replace("_", " ")}, ${node.type}${[node.restart, ...faultsOf(node)].filter(Boolean).map((word) => `, ${word}`).join("")}`);
    setText(life, `incarnation #${node.incarnation}, ${node.restarts} restarts${node.last_exit ? `; last end: ${node.last_exit}` : ""}${node.own_budget ? `; of its own budget, ${ownBudget(node.own_budget)} used` : ""}`);
    setText(budget, node.strategy
      ? `${node.strategy}; ${node.budget_used} of ${node.intensity} restarts in ${node.period_seconds} s used` : "");
    setText(traffic, node.connections === undefined ? "" : `${node.connections} ${node.connections === 1 ? "connection" : "connections"}`);
    for (const each of this.rows.values())
      this.updateRow(each, node);
  }

  updateRow({ row, button, command, test, action }, node) {
    row.hidden = Boolean(action.ofSupervisor) && node.type !== "supervisor";
    button.disabled = this.model.lostAt !== null
      || (Boolean(action.fault) && !this.model.allowFaults);
    // In a test the root has no say in paths.
    const inTest = node.path.slice(node.path.indexOf("/") + 1);
    const admin = location.host === "127.0.0.1:6060" ? "" : ` --admin ${location.host}`;
    setText(command, action.command(quoted(node.path)) + admin);
    setText(test, action.test(literal(inTest), inTest));
  }

  // What would end the server is asked about first.
  async press(action) {
    const path = this.path;
    try {
      if (action.asks && !action.later
          && (await get("/predict", { path, ...action.asks })).ends_all
          && !await this.confirms(`This ends ${idOf(this.model.root?.path ?? path)}, and the server with it.`))
        return;
      await action.run(path);
      this.say("done", `✓ ${action.label}: ${action.id === "heal" ? "all" : path}`);
    } catch (error) {
      this.say("bad", `✕ ${action.label}: ${error.message}`);
    }
  }

  // Asks in a dialog; Enter and Escape take the harmless answer.
  confirms(text) {
    const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("sure"));
    setText(dialog.querySelector("p"), text);
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  say(state, text) {
    this.said.dataset.state = state;
    setText(this.said, text);
  }

  predictSoon() {
    if (this.waiting || !this.path || document.hidden)
      return;
    this.waiting = setTimeout(() => {
      this.predict().finally(() => { this.waiting = null; });
    }, predictAfter);
  }

  async predict() {
    const path = this.path;
    for (const { row, prediction, action } of this.rows.values()) {
      if (!action.asks || row.hidden)
        continue;
      let text;
      try {
        const foretold = await get("/predict", { path, ...action.asks });
        text = (action.first ?? "") + inWords(foretold, this.model, action.forever);
      } catch (error) {
        text = `? ${error.message}`;
      }
      if (path === this.path)
        setText(prediction, text);
    }
  }
}

const seconds = (ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

const ownBudget = (own) => `${own.used} of ${own.intensity} in ${own.period_seconds} s`;

const budgetOf = (d) =>
  `budget ${Math.min(d.budget_used, d.intensity)} of ${d.intensity} in ${d.period_seconds} s`
  + (d.own_budget ? `, and of the child's own budget, which pays, ${ownBudget(d.own_budget)}` : "");

function inWords({ decisions, ends_all: endsAll }, model, forever) {
  const sentences = decisions.map((d) => {
    const who = idOf(d.supervisor);
    switch (d.outcome) {
      case "killed":
        return `${who} kills it ${d.wait_ms ? `after ${seconds(d.wait_ms)}` : "at once, as always"}.`;
      case "endures":
        return `${who} restarts them again and again: its budget lasts for long.`;
      case "waits":
        return `${who} ${forever}.`;
      case "restarts":
        return `${d.wait_ms ? `After ${seconds(d.wait_ms)} ` : ""}${who} restarts ${listed(d.affected)} (${d.strategy})${d.delay_ms ? ` in ${d.delay_ms} ms` : ""}${d.own_budget?.used_up ? ", when there is room in the child's own budget" : ""}; then ${budgetOf(d)}.`;
      case "gives_up":
        return `${who} has no restart left (${budgetOf(d)}): it gives up and ends with ${d.ends_with}.`;
      case "ends":
        return `${who} ends with ${d.ends_with}, since a significant child is gone.`;
      case "left_down":
        return d.child ? `${who} leaves it down (${d.restart}).` : `${who} restarts none of them.`;
      case "busy":
        return `${who} is busy just now.`;
      default:
        return `${who} has nothing to end there: it is down.`;
    }
  });
  if (!endsAll && decisions.length === 0)
    sentences.push("Nobody is above it.");
  if (endsAll)
    sentences.push(`${idOf(model.root?.path ?? "the root")} ends, and the server with it.`);
  return sentences.join(" ");
}

const listed = (ids) =>
  ids.length > 6 ? `${ids.slice(0, 5).join(", ")} and ${ids.length - 5} more` : ids.join(", ");
