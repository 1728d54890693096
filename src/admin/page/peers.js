// SPDX-License-Identifier: BSD-3-Clause
//
// The connections of the selected actor and of those below it, asked for while
// somebody looks at them.

import { get, post } from "./server.js";
import { bytes, counted, element, idOf, parentOf, setText, span } from "./words.js";

const every = 2000; // ms
const most = 50;

const below = (node) => [node, ...node.children.flatMap(below)];

export class Peers {
  // `path` says which actor is selected, `say` what came of it.
  constructor(model, path, say) {
    this.model = model;
    this.path = path;
    this.say = say;
    this.box = /** @type {HTMLDetailsElement} */ (document.getElementById("peers"));
    this.list = this.box.querySelector("ul");
    this.rest = this.box.querySelector("p");
    this.rows = new Map(); // by path
    this.box.addEventListener("toggle", () => this.look());
    setInterval(() => this.look(), every);
  }

  // Another actor is selected, or the tree has changed.
  update() {
    const node = this.model.nodes.get(this.path());
    this.box.hidden = !node || !below(node).some(({ connections }) => connections !== undefined);
    if (this.shown !== this.path()) {
      this.shown = this.path();
      this.look();
    }
  }

  async look() {
    if (this.box.hidden || !this.box.open || document.hidden || this.model.lostAt !== null)
      return;
    const path = this.path();
    try {
      const root = await get("/tree", { connections: "true" });
      const node = below(root).find((each) => each.path === path);
      if (path === this.path())
        this.show(node ? below(node).filter(({ peer }) => peer) : []);
    } catch (error) {
      setText(this.rest, `? ${error.message}`);
    }
  }

  show(all) {
    const seen = all.slice(0, most);
    for (const [path, row] of this.rows)
      if (!seen.some((each) => each.path === path)) {
        row.remove();
        this.rows.delete(path);
      }
    for (const each of seen)
      setText(this.rowOf(each).firstElementChild,
        `${each.peer}${this.model.ownPeers.has(each.peer) ? ", this page's own" : ""} · ${idOf(parentOf(each.path))}${each.tls ? ` · ${each.tls}` : ""} · ${span(each.age_ms)} · ${bytes(each.bytes_in)} in, ${bytes(each.bytes_out)} out`);
    setText(this.rest, all.length === 0 ? "none" : all.length > most ? `and ${counted(all.length - most, "more", "more")}` : "");
  }

  rowOf({ path, peer }) {
    let row = this.rows.get(path);
    if (row)
      return row;
    row = element("li");
    const end = element("button", "", "end");
    end.setAttribute("type", "button");
    end.setAttribute("aria-label", `end the connection of ${peer}`);
    end.addEventListener("click", () => this.end(path));
    row.append(element("span"), end);
    this.rows.set(path, row);
    this.list.append(row);
    return row;
  }

  async end(path) {
    try {
      await post("/kill", { path, reason: "shutdown" });
      this.say("done", `✓ ended: ${path}`);
    } catch (error) {
      this.say("bad", `✕ ${path}: ${error.message}`);
    }
    await this.look();
  }
}
