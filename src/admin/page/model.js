// SPDX-License-Identifier: BSD-3-Clause
//
// What is known of the server: the tree, what happened, and the traffic.

import { deciderOf, Stories } from "./stories.js";
import { pathOfPoint } from "./words.js";

const keptEvents = 5000;
const keptSamples = 600;
const keptFelt = 4000;
const keptFor = 2 * 3600 * 1000; // ms

const starts = new Set(["child_started", "child_restarted"]);
const ends = new Set(["child_exited", "child_stopped", "start_failed", "gave_up"]);

// Of the older half, every second one is enough, and those that `count`. What is
// very old is thinned again and again, and dropped after some hours.
const thinned = (all, count = (_) => false) => all.filter((each, i) =>
  each.at > all.at(-1).at - keptFor && (i % 2 === 0 || i > all.length / 2 || count(each)));

export class Model extends EventTarget {
  constructor() {
    super();
    this.root = null;
    this.nodes = new Map(); // by path
    this.allowFaults = false;
    this.needsToken = false;
    this.offset = 0; // of the server's clock to this page's, in ms
    this.lostAt = null; // when the server was last heard, if it is not now
    this.began = null; // when the server began, by its clock
    this.listeners = [];
    this.ownPeers = new Set(); // addresses of the page's own client
    this.owner = null; // the path of the actor that has its connection
    this.stories = new Stories();
    this.forget();
  }

  forget() {
    this.events = [];
    this.bySeq = new Map();
    this.lanes = new Map(); // by path
    this.restarts = new Map(); // times of restarts by the supervisor's path
    this.faults = []; // with path, from, to
    this.givenUp = new Set();
    this.samples = [];
    this.felt = []; // by a client of the page's own: at, took or failure, gap
    this.lastSeq = 0;
    this.stories.forget();
  }

  // The server's clock now, in ms. It stands while nothing is heard.
  now() {
    return this.lostAt ?? performance.now() + this.offset;
  }

  lose() {
    if (this.lostAt !== null)
      return;
    this.lostAt = this.now();
    this.tell("link");
  }

  setClock(mono) {
    this.offset = mono / 1e6 - performance.now();
  }

  tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }

  greet(hello) {
    this.lostAt = null;
    this.allowFaults = hello.allow_faults;
    this.needsToken = hello.needs_token;
    if (this.boot && this.boot !== hello.boot) {
      this.forget(); // another process, whose numbers are others
      this.tell("forgotten");
    }
    this.boot = hello.boot;
    this.setClock(hello.mono_ns);
    this.began = hello.began_mono_ns / 1e6;
    this.tell("hello");
    this.tell("link");
  }

  setTree(root) {
    this.root = root;
    this.nodes.clear();
    const add = (node) => {
      this.nodes.set(node.path, node);
      node.children.forEach(add);
    };
    if (root)
      add(root);
    this.tell("tree");
  }

  setOwner(path) {
    this.owner = path;
    this.tell("tree");
  }

  // Without the page's own.
  connectionsOf(node) {
    return Math.max(0, (node.connections ?? 0) - (node.path === this.owner ? 1 : 0));
  }

  addSample(sample) {
    this.setClock(sample.mono_ns);
    this.listeners = sample.listeners;
    this.earlier = sample.earlier ?? null;
    const sum = (key) => sample.listeners.reduce((all, each) => all + each[key], 0);
    this.samples.push({
      at: sample.mono_ns / 1e6,
      // The page's own client is none of those that are looked at.
      active: Math.max(0, sum("active") - (sample.canary?.connected ? 1 : 0)),
      accepted: sum("accepted"),
      in: sum("bytes_in"),
      out: sum("bytes_out"),
      turnedAway: sum("rejected_by_rate"),
      pauses: sum("accept_pauses") + sum("read_pauses"),
    });
    if (this.samples.length > keptSamples)
      this.samples = thinned(this.samples);
    const last = this.felt.at(-1)?.at ?? 0;
    for (const each of sample.canary?.samples ?? [])
      if (each.mono_ns / 1e6 > last) { // a new stream repeats some
        if (each.from && !this.ownPeers.has(each.from)) {
          this.ownPeers.add(each.from);
          this.tell("own", each.from);
        }
        this.felt.push({
          at: each.mono_ns / 1e6, took: (each.took_ns ?? 0) / 1e6,
          gap: (each.gap_ns ?? 0) / 1e6, failure: each.failure,
        });
      }
    if (this.felt.length > keptFelt)
      this.felt = thinned(this.felt, ({ failure, gap }) => failure || gap > 0);
    this.measured = Boolean(sample.canary);
    this.tell("traffic");
  }

  add(event) {
    if (event.seq <= this.lastSeq)
      return; // told once more to a new stream
    this.lastSeq = event.seq;
    event.at = event.mono_ns / 1e6;
    this.events.push(event);
    this.bySeq.set(event.seq, event);
    if (this.events.length > keptEvents)
      this.bySeq.delete(this.events.shift().seq);
    this.addToLane(event);
    this.addToFaults(event);
    if (event.kind === "restarting" && event.decision)
      this.addDecision(event);
    if (event.kind === "gave_up")
      this.givenUp.add(event.path);
    const story = this.stories.add(event);
    if (story)
      this.tell("story", story);
    this.tell("event", event);
  }

  lane(path) {
    let found = this.lanes.get(path);
    if (!found)
      this.lanes.set(path, found = { bars: [], marks: [] });
    return found;
  }

  addToLane(event) {
    const begins = starts.has(event.kind);
    if (!begins && !ends.has(event.kind))
      return;
    const lane = this.lane(event.path);
    const last = lane.bars.at(-1);
    if (begins) {
      this.givenUp.delete(event.path);
      this.restarts.delete(event.path); // its budget is full again
      if (last && last.to === null)
        last.to = event.at;
      lane.bars.push({ from: event.at, to: null, incarnation: event.incarnation });
    } else {
      if (!last && event.kind !== "start_failed")
        lane.bars.push({ from: -Infinity, to: event.at });
      else if (last && last.to === null)
        last.to = event.at;
      lane.marks.push(event);
    }
    if (lane.bars.length > 200)
      lane.bars.shift();
    if (lane.marks.length > 200)
      lane.marks.shift();
  }

  addDecision(event) {
    const supervisor = deciderOf(event);
    const times = this.restarts.get(supervisor) ?? [];
    if (!event.decision.own_budget) // which pays instead
      times.push(event.at);
    const oldest = event.at - (event.decision.period_seconds + 1) * 1000;
    this.restarts.set(supervisor, times.filter((at) => at >= oldest));
  }

  addToFaults(event) {
    if (event.kind === "fault_armed") {
      // A term such as 2*throw(x) is over when it has fired twice.
      const left = Number(/^(\d+)\*[^>]*$/.exec(event.detail ?? "")?.[1] ?? Infinity);
      this.faults.push({ name: event.path, path: pathOfPoint(event.path), left, from: event.at, to: null });
    } else if (event.kind === "fault_fired") {
      const fault = this.faults.filter((each) => each.to === null && each.name === event.path).at(-1);
      if (fault && --fault.left <= 0)
        fault.to = event.at;
    } else if (event.kind === "fault_cleared") {
      for (const fault of this.faults)
        if (fault.to === null && (event.path === "*" || event.path === fault.name))
          fault.to = event.at;
    } else if (starts.has(event.kind) || ends.has(event.kind)) {
      // What was done to an actor by its path goes with the actor.
      for (const fault of this.faults)
        if (fault.to === null && fault.path === fault.name && fault.path === event.path)
          fault.to = event.at;
    }
    if (this.faults.length > 200)
      this.faults.shift();
  }

  stateOf(node) {
    if (this.lostAt !== null)
      return "unknown";
    if (this.givenUp.has(node.path) && node.state !== "running")
      return "given_up";
    return node.state;
  }
}
