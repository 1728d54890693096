// SPDX-License-Identifier: BSD-3-Clause
//
// One toy tree under three strategies, side by side: a supervisor `team` with three
// children, and `top` above it. The steps come from the server's engine; the page
// only shows them one after the other, and asks for a guess before, if you like.

import { get } from "./server.js";
import { dots, element, setText } from "./words.js";

const stepEvery = 700; // ms
const stepAtOnce = 20; // ms, for those who want no motion
const glyphs = { up: "●", exited: "✕", stopped: "○" };
const words = { exited: "ends", stopped: "is stopped", started: "is started" };

const guesses = [
  ["", "?"],
  ["one", "only it starts again"],
  ["later", "it and those after it start again"],
  ["all", "all three start again"],
  ["up", "team gives up, top restarts it"],
  ["end", "team gives up, and so does top"],
  ["down", "it stays down"],
];

class World {
  constructor(host, { strategy, rounds }, { children, crash }) {
    this.rounds = rounds;
    this.children = children;
    this.crash = crash;
    this.next = 0; // round
    this.steps = [];
    this.element = element("div", "world");
    this.element.dataset.strategy = strategy;
    const toys = element("ul");
    this.toys = new Map();
    for (const id of children) {
      const toy = element("li", "toy", `${glyphs.up} ${id}`);
      this.toys.set(id, toy);
      toys.append(toy);
    }
    this.top = element("p", "above");
    this.team = element("p", "above");
    this.list = element("ol");
    this.end = element("p", "end");
    this.guess = element("select");
    this.guess.setAttribute("aria-label", `what happens next with ${strategy}`);
    for (const [value, text] of guesses)
      this.guess.append(new Option(text, value));
    this.verdict = element("p", "verdict");
    this.element.append(element("h3", "", strategy), this.top, this.team, toys,
      this.guess, this.verdict, this.list, this.end);
    host.append(this.element);
    const most = rounds[0]?.intensity ?? 0;
    this.showBudgets({ team: [0, most], top: [0, 1] });
  }

  // Of one supervisor or both: how many restarts are used, of how many.
  showBudgets(used) {
    this.used = { ...this.used, ...used };
    const line = (id, glyph, [used, most]) => `${glyph} ${id}  ${dots(used, most)} ${used} of ${most} used`;
    setText(this.top, line("top", this.topEnded ? "✕" : "●", this.used.top));
    setText(this.team, line("team", this.teamEnded ? "✕" : "●", this.used.team));
  }

  get over() {
    return this.next >= this.rounds.length;
  }

  // The steps of the next failure: each shows itself, and says what it is.
  begin() {
    const round = this.rounds[this.next++];
    const { above } = round;
    const most = round.intensity;
    this.steps = round.steps.map((step) => () => this.showToy(step));
    if (round.outcome === "restarts")
      this.steps.splice(1, 0, () => this.decide("team", round.affected, [round.budget_used, most]));
    if (!above)
      return;
    this.steps.splice(1, 0, () => {
      this.teamEnded = true;
      this.showBudgets({ team: [most, most] });
      return `team has no restart left: it gives up, and ends with ${round.ends_with}`;
    });
    if (above.outcome === "restarts")
      this.steps.push(
        () => {
          this.teamEnded = false;
          this.showBudgets({ team: [0, most], top: [above.budget_used, above.intensity] });
          return "top restarts team, with a new budget";
        },
        ...this.children.map((id) => () => this.showToy({ what: "started", id })));
    else
      this.steps.push(() => {
        this.topEnded = true;
        this.showBudgets({ top: [above.intensity, above.intensity] });
        return "top has no restart left, either: it gives up, and all is over";
      });
  }

  decide(who, ids, used) {
    this.showBudgets({ [who]: used });
    return `${who} decides: ${ids.join(", ")} start${ids.length === 1 ? "s" : ""} again`;
  }

  showToy({ what, id }) {
    const toy = this.toys.get(id);
    setText(toy, `${what === "started" ? glyphs.up : glyphs[what]} ${id}`);
    toy.dataset.now = "true";
    return `${id} ${words[what]}`;
  }

  // Returns whether there was another step.
  play() {
    for (const toy of this.toys.values())
      toy.dataset.now = "false";
    const step = this.steps.shift();
    if (!step)
      return false;
    this.list.append(element("li", "", step()));
    this.list.scrollTop = this.list.scrollHeight;
    return true;
  }

  // Which guesses are right for the next failure.
  answers() {
    const { outcome, affected, above } = this.rounds[this.next];
    const from = this.children.slice(this.children.indexOf(this.crash));
    if (outcome === "left_down")
      return ["down"];
    if (above)
      return [above.outcome === "restarts" ? "up" : "end"];
    return [affected.length === 1 ? "one" : "",
      affected.join() === from.join() ? "later" : "",
      affected.length === this.children.length ? "all" : ""].filter(Boolean);
  }

  // Says whether the guess was right, once it is known.
  judge() {
    const right = this.answers();
    const good = right.includes(this.guess.value);
    setText(this.verdict, good ? "✓ right" : `✕ no: ${guesses.find(([value]) => value === right[0])[1]}`);
    this.verdict.dataset.state = good ? "done" : "bad";
    return good;
  }

  conclude() {
    const last = this.rounds.at(-1);
    const ends = { left_down: "○ it stays down" };
    setText(this.end, this.topEnded ? "✕ all is over" : ends[last?.outcome] ?? "● all is well");
  }
}

export function addSandbox() {
  const form = /** @type {HTMLFormElement} */ (document.getElementById("sandbox-form"));
  const host = document.getElementById("sandbox-worlds");
  const reveal = /** @type {HTMLButtonElement} */ (document.getElementById("sandbox-reveal"));
  const said = document.getElementById("sandbox-said");
  let timer = null;
  let worlds = [];
  let asks = false;
  let right = 0;
  let asked = 0;
  let times = 0;
  let onEnd = (/** @type {boolean} */ _played) => {};

  // Plays one failure in all worlds, then calls `then`.
  const playRound = (then) => {
    worlds.filter((world) => !world.over).forEach((world) => world.begin());
    timer = setInterval(() => {
      if (worlds.map((world) => world.play()).some(Boolean))
        return;
      clearInterval(timer);
      then();
    }, matchMedia("(prefers-reduced-motion: reduce)").matches ? stepAtOnce : stepEvery);
  };

  const goOn = () => {
    const going = worlds.filter((world) => !world.over);
    for (const world of worlds)
      world.guess.hidden = !asks || world.over;
    reveal.hidden = !asks || going.length === 0;
    if (going.length === 0) {
      worlds.forEach((world) => world.conclude());
      setText(said, asks ? `You were right ${right} of ${asked} times.` : "");
      onEnd(true);
    } else if (asks) {
      for (const world of going) {
        world.guess.value = "";
        setText(world.verdict, "");
      }
      going[0].guess.focus({ preventScroll: true });
      setText(said, `${going[0].crash} is about to fail${times++ > 0 ? " again" : ""}. What happens next? Choose below, then look.`);
    } else {
      playRound(goOn);
    }
  };

  reveal.addEventListener("click", () => {
    reveal.hidden = true;
    for (const world of worlds.filter((each) => !each.over)) {
      ++asked;
      right += world.judge() ? 1 : 0;
    }
    playRound(goOn);
  });

  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    clearInterval(timer);
    onEnd(false); // what somebody else had it play
    highlight(null);
    asks = /** @type {HTMLButtonElement} */ (e.submitter)?.value === "guess";
    await begin(new FormData(form));
  });

  // The answer of the server, once it is shown; null if there is none.
  async function begin(settings) {
    right = asked = times = 0;
    try {
      const answer = await get("/sandbox", settings);
      clearInterval(timer);
      host.replaceChildren();
      worlds = answer.strategies.map((each) => new World(host, each, answer));
      goOn();
      return answer;
    } catch (error) {
      worlds = [];
      host.replaceChildren(element("p", "", `✕ ${error.message}`));
      return null;
    }
  }

  // One of the strategies, or all.
  function highlight(strategy) {
    host.dataset.only = strategy ?? "";
  }

  return {
    highlight,
    // Plays that, to the end, with one strategy to look at. The answer, or null.
    async play(settings, strategy) {
      clearInterval(timer);
      asks = false;
      const ended = new Promise((resolve) => { onEnd = resolve; });
      highlight(strategy);
      host.scrollIntoView({ block: "nearest" });
      const answer = await begin({ crash: "b", ...settings });
      return answer && await ended && answer;
    },
  };
}
