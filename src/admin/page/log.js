// SPDX-License-Identifier: BSD-3-Clause
//
// What happened, in words, the latest first.

import { element, idOf } from "./words.js";

const most = 300;

export class Log {
  constructor(model) {
    this.model = model;
    this.list = document.getElementById("log");
    this.latest = document.getElementById("latest");
    this.filter = /** @type {HTMLInputElement} */ (document.getElementById("filter"));
    this.filter.addEventListener("input", () => this.refill());
    this.fresh = [];
    model.addEventListener("forgotten", () => this.refill());
    model.addEventListener("event", (e) => this.fresh.push(e.detail));
  }

  shows(event) {
    const wanted = this.filter.value.trim().toLowerCase();
    return !wanted || `${event.kind} ${event.text}`.toLowerCase().includes(wanted);
  }

  line(event) {
    const result = element("li");
    result.dataset.severity = event.severity;
    result.dataset.seq = String(event.seq);
    const when = element("time", "", new Date(event.time).toLocaleTimeString());
    when.dateTime = event.time;
    // The end of a path is enough here; its title has all of it.
    const who = element("span", "", idOf(event.path));
    who.title = event.path;
    const said = event.text.indexOf(event.path);
    if (said < 0)
      result.append(when, event.text);
    else
      result.append(when, event.text.slice(0, said), who, event.text.slice(said + event.path.length));
    return result;
  }

  refill() {
    this.fresh = [];
    const found = this.model.events.filter((each) => this.shows(each)).slice(-most);
    this.list.replaceChildren(...found.reverse().map((each) => this.line(each)));
  }

  // Once a frame, so that a storm of events costs one change of the page.
  draw() {
    if (this.fresh.length === 0)
      return;
    const latest = this.fresh.at(-1);
    const found = this.fresh.filter((each) => this.shows(each)).slice(-most);
    this.fresh = [];
    this.list.prepend(...found.reverse().map((each) => this.line(each)));
    while (this.list.children.length > most)
      this.list.lastChild.remove();
    this.latest.textContent = latest.text;
  }
}
