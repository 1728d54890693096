// SPDX-License-Identifier: BSD-3-Clause
//
// What the engine says that it would do, in words and as marks in the tree.

import { dots, idOf, listed } from "./words.js";

const seconds = (ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

export const ownBudget = (own) => `${own.used} of ${own.intensity} in ${own.period_seconds} s`;

const budgetOf = (d) =>
  `${Math.min(d.budget_used, d.intensity)} of ${d.intensity} restarts in ${d.period_seconds} s used`
  + (d.own_budget ? `; the child has a budget of its own, which pays: ${ownBudget(d.own_budget)} used` : "");

export function inWords({ decisions, ends_all: endsAll }, model, forever) {
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

const subtree = (node) => [node, ...node.children.flatMap(subtree)];

// The same as marks in the tree, by path; and how many actors and connections it
// would end.
export function marksOf({ decisions, ends_all: endsAll, path }, model) {
  const marks = new Map();
  const goes = new Set();
  const put = (each, text, role = "would") => marks.set(each, { path: each, role, text });
  const end = (each, text) => {
    const node = model.nodes.get(each);
    for (const { path: gone } of node ? subtree(node) : []) {
      goes.add(gone);
      put(gone, text);
    }
  };
  if (endsAll && model.root)
    end(model.root.path, "would end");
  for (const d of endsAll ? [] : decisions) {
    const child = d.child ?? path;
    if (d.outcome === "killed")
      end(child, "would be killed");
    else if (d.outcome === "left_down" && d.child)
      end(child, "would stay down");
    else if (d.outcome === "gives_up" || d.outcome === "ends")
      end(d.supervisor, "would end");
    else if (d.outcome === "restarts")
      d.affected.forEach((id) => end(`${d.supervisor}/${id}`, "would start again"));
    if (d.outcome === "restarts" && d.own_budget)
      put(d.supervisor, `would use ${d.own_budget.used} of ${d.own_budget.intensity}, its child's own`, "decided");
    else if (d.outcome === "restarts")
      put(d.supervisor, `would use ${d.budget_used} of ${d.intensity} ${dots(d.budget_used, d.intensity, "◉")}`.trimEnd(), "decided");
  }
  for (const d of decisions)
    if (d.outcome === "gives_up")
      put(d.supervisor, `would give up${!endsAll && goes.has(d.supervisor) ? ", and start again" : ""}`, "gave-up");
  const connections = [...goes].reduce((sum, each) => sum + model.connectionsOf(model.nodes.get(each) ?? {}), 0);
  return { marks, actors: goes.size, connections };
}
