// SPDX-License-Identifier: BSD-3-Clause
//
// One toy tree under three strategies, side by side. The steps come from the
// server's engine; the page only shows them one after the other.

import { get } from "./server.js";
import { element, setText } from "./words.js";

const stepEvery = 600;
const words = { exited: "ends", stopped: "is stopped", started: "is started" };
const toyGlyphs = { up: "●", exited: "✕", stopped: "○" };

class World {
  constructor(host, { strategy, rounds }, children) {
    this.rounds = rounds;
    this.element = element("div", "world");
    this.element.dataset.strategy = strategy;
    const toys = element("ul");
    this.toys = new Map();
    for (const id of children) {
      const toy = element("li", "toy", `${toyGlyphs.up} ${id}`);
      this.toys.set(id, toy);
      toys.append(toy);
    }
    this.list = element("ol");
    this.end = element("p", "end");
    this.element.append(element("h3", "", strategy), toys, this.list, this.end);
    host.append(this.element);
    this.steps = rounds.flatMap((round) => round.steps);
  }

  // Returns whether there was another step.
  play() {
    for (const toy of this.toys.values())
      toy.dataset.now = "false";
    const step = this.steps.shift();
    if (!step) {
      setText(this.end, this.conclusion());
      return false;
    }
    const toy = this.toys.get(step.id);
    const glyph = step.what === "started" ? toyGlyphs.up : toyGlyphs[step.what];
    setText(toy, `${glyph} ${step.id}`);
    toy.dataset.now = "true";
    this.list.append(element("li", "", `${step.id} ${words[step.what]}`));
    return true;
  }

  conclusion() {
    const last = this.rounds.at(-1);
    if (last.outcome === "gives_up")
      return `✕ the supervisor gives up and ends with ${last.ends_with}`;
    if (last.outcome === "left_down")
      return "○ it stays down";
    return `● all is well; ${last.budget_used} of ${last.intensity} restarts used`;
  }
}

export function addSandbox() {
  const form = /** @type {HTMLFormElement} */ (document.getElementById("sandbox-form"));
  const host = document.getElementById("sandbox-worlds");
  let timer = null;
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    clearInterval(timer);
    let worlds;
    try {
      const answer = await get("/sandbox", new FormData(form));
      host.replaceChildren();
      worlds = answer.strategies.map((each) => new World(host, each, answer.children));
    } catch (error) {
      host.replaceChildren(element("p", "", `✕ ${error.message}`));
      return;
    }
    clearInterval(timer);
    timer = setInterval(() => {
      if (!worlds.map((world) => world.play()).some(Boolean))
        clearInterval(timer);
    }, stepEvery);
  });
}
