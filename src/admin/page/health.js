// SPDX-License-Identifier: BSD-3-Clause
//
// One line on how the server is.

import { counted, setText, span } from "./words.js";

const topologies = {
  linked: "linked: connections end with their acceptor.",
  supervised: "supervised: connections have supervisors of their own, and go on when an acceptor ends.",
};

export class Health {
  constructor(model, line) {
    this.model = model;
    this.line = line;
    for (const what of ["tree", "link", "traffic", "hello"]) // traffic each second
      model.addEventListener(what, () => this.update());
  }

  update() {
    const { model } = this;
    const { state, words } = model.lostAt === null ? this.look() : { state: "gone", words: [this.lastWords()] };
    this.line.dataset.state = state;
    setText(this.line, words.filter(Boolean).join(" · "));
    this.line.title = (model.listeners ?? []).map(({ topology }) => topologies[topology] ?? "").join(" ");
  }

  // What was heard of the root's end, if anything was.
  lastWords() {
    const { root, events } = this.model;
    const end = events.findLast(({ path, kind }) => path === root?.path
      && (kind === "gave_up" || kind === "child_exited"));
    return end ? `✕ the tree ${end.kind === "gave_up" ? "gave up" : "ended"}: exit 4`
      : "✕ the server does not answer";
  }

  look() {
    const { model } = this;
    const nodes = [...model.nodes.values()];
    if (nodes.length === 0)
      return { state: "starting", words: ["◐ starting"] };
    const down = nodes.filter((node) => node.state !== "running");
    const listeners = model.listeners ?? [];
    const shut = listeners.filter((each) => each.state !== "listening");
    const hanging = nodes.filter((node) => node.suspended);
    const state = down.length + shut.length + hanging.length === 0 ? "healthy" : "unwell";
    const words = [
      down.length > 0 ? `◐ ${down.length === 1 ? `${down[0].id} is ${down[0].state}` : `${down.length} actors do not run`}` : "",
      hanging.length > 0 ? `◐ ${hanging.length === 1 ? hanging[0].id : `${hanging.length} actors`} suspended` : "",
      ...shut.map((each) => `○ ${each.name} is ${each.state}`),
    ];
    if (state === "healthy")
      words.unshift("● healthy");
    const { active } = model.samples.at(-1) ?? {};
    if (active !== undefined && listeners.length > 0)
      words.push(counted(active, "client"));
    if (model.earlier)
      words.push(`process ${model.earlier.pid}, before this one, has ${counted(model.earlier.connections, "client")} left`);
    words.push(this.fullest(nodes));
    if (model.began !== null)
      words.push(`up ${span(model.now() - model.began)}`);
    for (const { name, local, topology, tls } of listeners)
      words.push(`${listeners.length > 1 ? `${name}: ` : ""}${local ? `port ${local.slice(local.lastIndexOf(":") + 1)}, ` : ""}${topology}${tls ? ", TLS" : ""}`);
    return { state, words };
  }

  // The budget that is nearest to its end.
  fullest(nodes) {
    const used = nodes.filter((node) => node.budget_used > 0)
      .sort((a, b) => (b.intensity - b.budget_used) - (a.intensity - a.budget_used)).at(-1);
    return used ? `${used.id} used ${used.budget_used} of ${used.intensity} restarts` : "no restart used";
  }
}
