// SPDX-License-Identifier: BSD-3-Clause
//
// One actor: what there is to say of it, and what can be done to it. The action
// that has the focus is shown as a command and as a line of a GoogleTest test, and
// what would come of it is marked in the tree.

import { actions } from "./actions.js";
import { inWords, marksOf, ownBudget } from "./foresight.js";
import { Peers } from "./peers.js";
import { get } from "./server.js";
import { counted, element, faultsOf, glyphs, idOf, literal, plain, quoted, setText, span } from "./words.js";

const predictAfter = 250;

export class Inspector {
  constructor(model, mark) {
    this.model = model;
    this.mark = mark; // marks the tree with what would happen
    this.path = null;
    this.focused = null; // the action
    this.foretold = new Map(); // by action
    this.lines = new Map(["command", "test"].map((id) => [id, document.getElementById(id)]));
    this.loss = document.getElementById("loss");
    this.facts = document.getElementById("facts");
    this.said = document.getElementById("said");
    this.rows = new Map();
    this.title = element("h3");
    this.about = ["state", "life", "budget", "traffic"].map(() => element("p"));
    this.facts.append(this.title, ...this.about);
    for (const action of actions)
      this.addRow(action);
    this.peers = new Peers(model, () => this.path, (state, text) => this.say(state, text));
    this.shownLines = actions[0];
    for (const [id, line] of this.lines)
      document.getElementById(`copy-${id}`).addEventListener("click", () => this.copy(line));
    model.addEventListener("hello", () => this.update());
    model.addEventListener("tree", () => this.update());
    model.addEventListener("link", () => this.update());
    model.addEventListener("traffic", () => this.update());
    model.addEventListener("event", () => this.predictSoon());
    document.getElementById("more").addEventListener("toggle", () => this.predictSoon());
    // Budgets refill while nothing else happens.
    setInterval(() => {
      if ([...model.nodes.values()].some((node) => node.budget_used > 0 || node.own_budget?.used > 0))
        this.predictSoon();
    }, 2000);
  }

  addRow(action) {
    const row = element("div", "action");
    const button = element("button", "", action.label);
    button.type = "button";
    button.dataset.action = action.id;
    const prediction = element("p", "prediction", action.will ?? "");
    prediction.id = `will-${action.id}`;
    button.setAttribute("aria-describedby", prediction.id);
    row.append(button, prediction);
    button.addEventListener("click", () => this.press(action));
    for (const comes of ["focusin", "pointerenter"])
      row.addEventListener(comes, () => this.focus(action));
    for (const goes of ["focusout", "pointerleave"])
      row.addEventListener(goes, () => this.focus(this.withFocus(row)));
    document.getElementById(action.more ? "more-actions" : "actions").append(row);
    this.rows.set(action.id, { row, button, prediction, action });
  }

  // The action whose button has the keyboard, unless that is the row that is left.
  withFocus(left) {
    const each = [...this.rows.values()].find(({ button }) => button === document.activeElement);
    return each && each.row !== left ? each.action : null;
  }

  // The action whose line has the focus, or is pointed at.
  focus(action) {
    this.focused = action;
    if (action)
      this.shownLines = action;
    this.showFocus();
  }

  showFocus() {
    const foretold = this.focused && this.foretold.get(this.focused.id);
    const { marks, actors, connections } = foretold ? marksOf(foretold, this.model)
      : { marks: new Map(), actors: 0, connections: 0 };
    this.mark(marks);
    setText(this.loss, foretold
      ? `${this.focused.label}${this.focused.later ? ", when it comes to that" : ""}: ${counted(actors, "actor")} would end, and ${counted(connections, "connection")} with ${actors === 1 ? "it" : "them"}.`
      : "");
    const node = this.model.nodes.get(this.path);
    if (!node)
      return;
    // In a test the root has no say in paths.
    const inTest = node.path.slice(node.path.indexOf("/") + 1);
    const at = location.protocol === "https:" ? location.origin : location.host;
    const admin = at === "127.0.0.1:6060" ? "" : ` --admin ${at}`;
    setText(this.lines.get("command"), this.shownLines.command(quoted(node.path)) + admin);
    setText(this.lines.get("test"), this.shownLines.test(literal(inTest), inTest));
  }

  // Where a page may not use the clipboard, the text is selected.
  async copy(line) {
    try {
      await navigator.clipboard.writeText(line.textContent);
      this.say("done", "✓ copied");
    } catch {
      getSelection().selectAllChildren(line);
      this.say("done", "It is selected: copy it from there.");
    }
  }

  show(path) {
    this.path = path;
    this.foretold.clear();
    this.shownLines = actions[0];
    for (const { prediction, action } of this.rows.values())
      if (action.asks)
        setText(prediction, "…");
    this.say("", "");
    this.update();
    this.predictSoon();
  }

  update() {
    const node = this.model.nodes.get(this.path);
    this.peers.update();
    document.getElementById("token-row").hidden = !this.model.needsToken;
    document.getElementById("not-allowed").hidden = this.model.allowFaults;
    if (!node) {
      setText(this.title, this.path ? `${this.path} is gone` : "no actor is selected");
      return;
    }
    const state = this.model.stateOf(node);
    setText(this.title, node.path);
    const [now, life, budget, traffic] = this.about;
    setText(now, `${glyphs[state] ?? "?"} ${state.replace("_", " ")}, ${node.type}${[node.restart, ...faultsOf(node)].filter(Boolean).map((word) => `, ${word}`).join("")}`);
    setText(life, `incarnation #${node.incarnation}, ${node.restarts} restarts${node.last_exit ? `; last end: ${plain(node.last_exit)}` : ""}${node.own_budget ? `; of its own budget, ${ownBudget(node.own_budget)} used` : ""}`);
    setText(budget, node.strategy
      ? `${node.strategy}; ${node.budget_used} of ${node.intensity} restarts in ${node.period_seconds} s used${this.nextBack(node)}` : "");
    setText(traffic, node.connections === undefined ? "" : counted(this.model.connectionsOf(node), "connection"));
    for (const each of this.rows.values())
      this.updateRow(each, node);
    this.showFocus();
  }

  // When the oldest restart is forgotten.
  nextBack(node) {
    const from = this.model.now() - node.period_seconds * 1000;
    const oldest = (this.model.restarts.get(node.path) ?? []).find((at) => at > from);
    return oldest === undefined ? "" : `; the next comes back in ${span(oldest - from)}`;
  }

  updateRow({ row, button, action }, node) {
    row.hidden = (Boolean(action.ofSupervisor) && node.type !== "supervisor")
      || (action.ofSuspended !== undefined && action.ofSuspended !== Boolean(node.suspended))
      || Boolean(action.ofStopped) !== (node.state === "stopped") && action.id !== "heal";
    button.disabled = this.model.lostAt !== null
      || (Boolean(action.fault) && !this.model.allowFaults);
  }

  // What would end the server is asked about first.
  async press(action) {
    const path = this.path;
    this.focus(null); // what happens now is of more interest than what would
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
      const path = this.path;
      this.predict().finally(() => {
        this.waiting = null;
        if (path !== this.path)
          this.predictSoon();
      });
    }, predictAfter);
  }

  async predict() {
    const path = this.path;
    for (const { row, prediction, action } of this.rows.values()) {
      if (!action.asks || row.offsetParent === null)
        continue; // nobody sees it
      let text;
      let foretold = null;
      try {
        foretold = await get("/predict", { path, ...action.asks });
        text = (action.first ?? "") + inWords(foretold, this.model, action.forever);
      } catch (error) {
        text = `? ${error.message}`;
      }
      if (path !== this.path)
        return;
      setText(prediction, text);
      if (foretold)
        this.foretold.set(action.id, foretold);
      else
        this.foretold.delete(action.id);
    }
    this.showFocus();
  }
}
