// SPDX-License-Identifier: BSD-3-Clause
//
// Which connections a story has cut. The server keeps the ends of the last
// connections; each has the path of its owner, and the reason of its end.

import { get } from "./server.js";
import { parentOf } from "./words.js";

const pages = 5; // of a thousand at most: the server keeps 4096
const kept = 10_000;
const before = 50; // ms: a reactor stamps an end with the time of its turn
const after = 1000; // ms

export class CutConnections {
  constructor(model) {
    this.model = model;
    this.forget();
    model.addEventListener("forgotten", () => this.forget());
    model.addEventListener("own", (e) => this.findOwn(e.detail).catch(() => {}));
  }

  forget() {
    this.ends = [];
    this.owners = new Map(); // of connections, by peer
    this.since = 0;
    this.knownFrom = null; // nothing is missing after that time
  }

  async load() {
    for (let page = 0; page < pages; ++page) {
      const { events, missed, more, next } = await get("/connections", { since: this.since, limit: 1000 });
      if (missed > 0 || this.ends.length > kept)
        this.knownFrom = events.length > 0 ? events[0].mono_ns / 1e6 : this.model.now();
      for (const { kind, path, mono_ns: at, peer, reason } of events)
        if (kind === "connection_closed")
          this.ends.push({ owner: parentOf(path), at: at / 1e6, peer, reason });
        else
          this.owners.set(peer, parentOf(path));
      while (this.owners.size > kept)
        this.owners.delete(this.owners.keys().next().value);
      this.ends.splice(0, this.ends.length - kept);
      this.since = next;
      if (!more)
        return;
    }
  }

  look() {
    return this.loading ??= this.load().finally(() => { this.loading = null; });
  }

  // Whose the page's own connection is, so that it is counted nowhere.
  async findOwn(peer) {
    await this.look();
    this.model.setOwner(this.owners.get(peer) ?? null);
  }

  async of(story) {
    await this.look();
    const hit = this.ends.filter(({ owner, at, peer, reason }) => {
      return !this.model.ownPeers.has(peer) && story.ends.get(owner)?.some((end) =>
        at >= end.at - before && at <= end.at + after
        && (reason === "shutdown" || reason === "killed" || (end.reason ?? "").startsWith(reason)));
    });
    return {
      count: hit.length,
      atLeast: this.knownFrom !== null && story.firstEnd !== null
        && story.firstEnd.at < this.knownFrom,
    };
  }
}
