// SPDX-License-Identifier: BSD-3-Clause
//
// The restart budget of a supervisor: restarts age from right to left, and
// drop off when the period is over.

import { element, setAttribute, setText } from "./words.js";

export class Strip {
  constructor(host, path) {
    this.path = path;
    this.host = host;
    this.track = element("span", "track");
    this.text = element("span");
    this.dots = [];
    host.setAttribute("role", "img");
    host.append(this.track, this.text);
  }

  update(node) {
    this.period = node.period_seconds;
    const used = node.budget_used;
    setText(this.text, `${used}/${node.intensity} used`);
    setAttribute(this.host, "aria-label",
      `${used} of ${node.intensity} restarts in ${this.period} s used`);
    this.host.title = this.host.getAttribute("aria-label");
    this.host.classList.toggle("full", used >= node.intensity && used > 0);
  }

  draw(model) {
    const now = model.now();
    const times = (model.restarts.get(this.path) ?? [])
      .filter((at) => now - at <= this.period * 1000);
    while (this.dots.length > times.length)
      this.dots.pop().remove();
    while (this.dots.length < times.length) {
      const dot = element("span", "dot");
      this.dots.push(dot);
      this.track.append(dot);
    }
    if (times.length === 0)
      return;
    const width = this.track.clientWidth;
    times.forEach((at, i) => {
      const x = -((now - at) / (this.period * 1000)) * width;
      this.dots[i].style.transform = `translateX(${x.toFixed(1)}px)`;
    });
  }
}
