// SPDX-License-Identifier: BSD-3-Clause
//
// A story is what one failure led to: its events, in the order in which they
// happened. Nothing is added to them. A failure that comes within `burst` of the
// last event of a story under the same supervisor is part of that story, with
// what led to it, since together they use up the budget.

import { counted, dots, duration, idOf, isClean, listed, parentOf, pathOfPoint, plain } from "./words.js";

const burst = 250; // ms
const keptEvents = 400; // of one story
const keptNumbers = 5000;

const decisions = new Set(["restarting", "gave_up"]);
const failures = new Set(["child_exited", "start_failed"]);
const starts = new Set(["child_started", "child_restarted"]);
const parts = new Set([...decisions, ...failures, ...starts, "child_stopped",
  "exit_requested", "fault_fired", "stalled", "unkillable"]);

export const deciderOf = (event) =>
  (event.kind === "gave_up" ? event.path : parentOf(event.path));

class Story {
  constructor(event) {
    this.seq = event.seq;
    this.from = this.to = event.at;
    this.firstEnd = /** @type {any} */ (null); // event
    this.upAt = null; // when what had ended was up again, so far
    this.events = [];
    this.ends = new Map(); // the events of its ends, by path
    this.failed = new Map(); // the event of its first failure, by path
    this.restarted = new Set(); // paths
    this.levels = []; // supervisor, restarts, gaveUp: from below to the top
    this.down = new Set(); // what is to start again, and has not
    this.left = 0; // events that are too many to be kept
    this.cut = null; // connections: number, whether there may be more
  }

  add(event) {
    if (this.events.length < keptEvents)
      this.events.push(event);
    else
      ++this.left;
    this.to = event.at;
    if (failures.has(event.kind) || event.kind === "child_stopped") {
      this.firstEnd ??= event;
      if (failures.has(event.kind) && !this.failed.has(event.path))
        this.failed.set(event.path, event);
      this.ends.set(event.path, [...this.ends.get(event.path) ?? [], event]);
      this.down.add(event.path);
    } else if (starts.has(event.kind)) {
      this.restarted.add(event.path);
      this.down.delete(event.path);
      this.upAt = event.at;
    } else if (decisions.has(event.kind) && event.decision) {
      this.addDecision(event);
    }
  }

  addDecision(event) {
    const supervisor = deciderOf(event);
    let level = this.levels.find((each) => each.supervisor === supervisor);
    if (!level)
      this.levels.push(level = { supervisor, restarts: [], gaveUp: null });
    if (event.kind === "gave_up")
      level.gaveUp = event;
    else
      level.restarts.push(event);
  }

  // What is worth telling: that a supervisor decided, or that something failed.
  get shown() {
    return this.levels.length > 0
      || [...this.failed.values()].some((each) => !isClean(each.reason ?? ""));
  }

  get severity() {
    return this.levels.some((each) => each.gaveUp) ? "error" : "warning";
  }
}

export class Stories {
  constructor() {
    this.forget();
  }

  forget() {
    this.bySeq = new Map(); // story, by the number of each of its events
    this.latest = new Map(); // story, by the supervisor that decided last
  }

  // The story that the event is part of, or null.
  add(event) {
    if (!parts.has(event.kind))
      return null;
    let story = this.bySeq.get(event.cause) ?? null;
    if (failures.has(event.kind) && !story?.firstEnd)
      story = this.joined(event, story);
    if (!story) {
      if (starts.has(event.kind))
        return null; // nothing had failed
      story = new Story(event);
    }
    story.add(event);
    this.bySeq.set(event.seq, story);
    if (this.bySeq.size > keptNumbers)
      this.bySeq.delete(this.bySeq.keys().next().value);
    if (decisions.has(event.kind) || failures.has(event.kind))
      this.latest.set(deciderOf(event), story);
    return story;
  }

  // The story that a first failure goes on, with what led to the failure.
  joined(event, beginning) {
    const last = this.latest.get(deciderOf(event));
    if (!last || event.at - last.to > burst)
      return beginning;
    for (const each of beginning?.events ?? []) {
      last.add(each);
      this.bySeq.set(each.seq, last);
    }
    return last;
  }
}

// -- in words -----------------------------------------------------------------

const longest = 120; // of a reason

function why(event) {
  const reason = plain(event?.reason || "no reason");
  return reason.length > longest ? `${reason.slice(0, longest)}…` : reason;
}

const rules = {
  one_for_one: () => "one_for_one: its siblings kept running",
  one_for_all: () => "one_for_all: if one ends, all start again",
  rest_for_one: (alone) => (alone ? "rest_for_one: nothing had been started after it"
    : "rest_for_one: those started after it start again, too"),
};

const ruleOf = ({ strategy, affected_count: affected }) =>
  rules[strategy]?.(affected === 1) ?? strategy;

function budgetAfter(supervisor, d) {
  if (d.own_budget)
    return `It has a budget of its own: ${d.own_budget.used} of ${d.own_budget.intensity} restarts in ${d.own_budget.period_seconds} s used.`;
  const left = d.intensity - d.budget_used;
  return `${d.budget_used} of ${d.intensity} restarts in ${d.period_seconds} s used, ${left} left`
    + (left > 0 ? `; each comes back after ${d.period_seconds} s.`
      : `: one more within that time, and ${supervisor} gives up.`);
}

function levelInWords({ supervisor, restarts, gaveUp }, above, story) {
  const who = idOf(supervisor);
  const begins = above ? `One level up, ${who}` : who;
  const sentences = [];
  const last = restarts.at(-1)?.decision;
  if (restarts.length === 1)
    sentences.push(`${begins} restarted ${listed(last.affected)} (${ruleOf(last)}).`);
  else if (last)
    sentences.push(`${begins} restarted what had ended, ${restarts.length} times: ${listed([...new Set(restarts.map((each) => idOf(each.path)))])} (${ruleOf(last)}).`);
  if (last && !gaveUp)
    sentences.push(budgetAfter(who, last));
  if (gaveUp) {
    const { affected, intensity, period_seconds: period } = gaveUp.decision;
    const end = story.ends.get(supervisor)?.at(-1);
    sentences.push(`${last ? `Then ${affected[0]} failed once more, and ${who}` : begins} had no restart left (${intensity} of ${intensity} in ${period} s used): it gave up, ended what was below it, and ended itself${end ? ` with ${why(end)}` : ""}.`);
    if (!parentOf(supervisor))
      sentences.push("There is no level above: the server ended, with exit code 4.");
  }
  return sentences.join(" ");
}

function causeInWords(event) {
  switch (event.kind) {
    case "exit_requested":
      return `Somebody asked for it, ${event.detail ?? "in a way that is not known"}.`;
    case "fault_fired":
      return `A fault did it: ${event.path}.`;
    case "stalled":
    case "unkillable":
      return `${event.text}.`;
    default:
      return "";
  }
}

function titleOf(story) {
  const last = story.levels.findLast((each) => each.gaveUp);
  if (last) {
    const above = story.levels[story.levels.indexOf(last) + 1];
    const who = idOf(last.supervisor);
    return above ? `${who} gave up, ${idOf(above.supervisor)} restarted it`
      : `${who} gave up${parentOf(last.supervisor) ? "" : ": the server ended"}`;
  }
  const failed = story.events.filter((each) => failures.has(each.kind));
  const [first] = failed;
  if (!first)
    return story.events[0].text;
  const under = story.levels[0]?.restarts ?? [];
  if (under.length > 1)
    return `${under.length} failures under ${idOf(story.levels[0].supervisor)}`;
  return first.kind === "start_failed" ? `${idOf(first.path)} did not start: ${why(first)}`
    : `${idOf(first.path)} ended: ${why(first)}`;
}

function costInWords(story) {
  const said = [];
  if (story.restarted.size > 0)
    said.push(`${counted(story.restarted.size, "actor")} started again`);
  if (story.cut)
    said.push(`${story.cut.atLeast ? "at least " : ""}${counted(story.cut.count, "connection")} cut`);
  if (story.down.size > 0)
    said.push(`${listed([...story.down].map(idOf))} ${story.down.size === 1 ? "is" : "are"} down`);
  else if (story.upAt !== null && story.firstEnd)
    said.push(`all up after ${duration(story.upAt - story.firstEnd.at)}`);
  return said.length > 0 ? `${said.join(", ")}.` : "";
}

// A title, and sentences.
export function tell(story) {
  const lines = [
    causeInWords(story.events[0]),
    ...story.levels.map((level, i) => levelInWords(level, i > 0, story)),
    story.levels.length === 0 ? "No supervisor restarted it." : "",
    costInWords(story),
  ];
  return { title: titleOf(story), lines: lines.filter(Boolean) };
}

// -- marks in the tree --------------------------------------------------------

const budgetIn = (d) => {
  const of = d.own_budget ?? { used: d.budget_used, intensity: d.intensity };
  return `${Math.min(of.used, of.intensity)} of ${of.intensity} used ${dots(of.used, of.intensity)}`.trimEnd();
};

// One step: whose row is marked, as what, and with which words.
export function markOf(event) {
  const mark = (role, text, path = event.path) => ({ path, role, text });
  switch (event.kind) {
    case "exit_requested":
      return mark("asked", `→ asked to end: ${why(event)}`);
    case "fault_fired":
      return mark("asked", "→ a fault fires", pathOfPoint(event.path));
    case "stalled":
    case "unkillable":
      return mark("died", "✕ hangs, is killed");
    case "child_exited":
      return mark("died", `✕ ended: ${why(event)}`);
    case "start_failed":
      return mark("died", `✕ start failed: ${why(event)}`);
    case "child_stopped":
      return mark("along", "○ stopped along with it");
    case "restarting":
      return mark("decided", `restarts ${listed(event.decision?.affected ?? [])}: ${event.decision ? budgetIn(event.decision) : ""}`, deciderOf(event));
    case "gave_up":
      return mark("gave-up", `✕ gives up: ${event.decision ? budgetIn(event.decision) : ""}`);
    default:
      return mark("again", `↻ started again #${event.incarnation}`);
  }
}

// What each row was in the whole story: who gave up, who failed, who went along,
// who decided. By path.
export function rolesIn(story) {
  const marks = new Map();
  const put = (path, role, text) => {
    if (!marks.has(path))
      marks.set(path, { path, role, text });
  };
  for (const { gaveUp } of story.levels)
    if (gaveUp)
      put(gaveUp.path, "gave-up", `✕ gave up: ${budgetIn(gaveUp.decision)}`);
  for (const [path, event] of story.failed)
    put(path, "died", markOf(event).text);
  for (const path of [...story.ends.keys(), ...story.restarted])
    put(path, "along", "↻ started again with it");
  for (const { supervisor, restarts } of story.levels)
    if (restarts.length > 0)
      put(supervisor, "decided", `decided: ${budgetIn(restarts.at(-1).decision)}`);
  return marks;
}
