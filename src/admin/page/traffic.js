// SPDX-License-Identifier: BSD-3-Clause
//
// What clients notice: connections, bytes a second, and how long an answer
// takes, below the lanes.

import { bytes, counted, duration, setAttribute, setText, span } from "./words.js";

const rowHeight = 46;
const labelHeight = 16;
const quickest = 0.01; // ms: the bottom of the row of round trips

export class Traffic {
  constructor(model, axis) {
    this.model = model;
    this.axis = axis;
    this.canvas = document.getElementById("traffic-canvas");
    this.above = document.getElementById("lanes");
    this.words = document.getElementById("felt");
    setInterval(() => {
      this.tellInWords();
      this.tellOfRates();
    }, 1000);
  }

  draw() {
    const rows = this.model.measured ? 3 : 2;
    // As wide as the lanes, whose scroll bar takes some of the room.
    this.canvas.style.width = `${this.above.clientWidth + 2}px`;
    const { g } = this.axis.prepare(this.canvas, rows * rowHeight + labelHeight);
    this.axis.grid(g, rows * rowHeight);
    this.axis.labels(g, rows * rowHeight + labelHeight / 2);
    const samples = this.model.samples;
    const connections = samples.map(({ at, active }) => ({ at, value: active }));
    const rates = [];
    for (let i = 1; i < samples.length; ++i) {
      const [a, b] = [samples[i - 1], samples[i]];
      const seconds = (b.at - a.at) / 1000;
      if (seconds > 0)
        rates.push({ at: b.at, value: (b.in - a.in + b.out - a.out) / seconds });
    }
    const active = connections.at(-1)?.value ?? 0;
    const rate = rates.at(-1)?.value ?? 0;
    this.drawRow(g, 0, "clients", (n) => counted(n, "client"), connections, true);
    this.drawRow(g, rowHeight, "in + out", (n) => `${bytes(n)}/s`, rates, false);
    if (rows > 2)
      this.drawRoundTrips(g, 2 * rowHeight);
    setAttribute(this.canvas, "aria-label",
      `${active} clients, ${bytes(rate)} a second in and out`);
  }

  // What the top of a row stands for.
  top(g, y, text) {
    g.font = this.axis.font(10);
    g.fillStyle = this.axis.colors.soft;
    g.fillText(text, this.axis.left + 4, y + 8);
  }

  label(g, y, name, value) {
    const { colors } = this.axis;
    g.font = this.axis.font(12);
    g.fillStyle = colors.ink;
    g.fillText(name, 6, y + 14);
    g.fillStyle = colors.soft;
    g.fillText(this.axis.cut(g, value), 6, y + 31);
  }

  drawRow(g, y, name, inWords, points, steps) {
    const { colors } = this.axis;
    const seen = points.filter(({ at }, i) =>
      this.axis.x(points[i + 1]?.at ?? at) >= this.axis.left);
    const most = Math.max(1, ...seen.map((p) => p.value));
    const at = (p) => y + rowHeight - 5 - (p.value / most) * (rowHeight - 14);
    this.label(g, y, name, inWords(points.at(-1)?.value ?? 0));
    this.top(g, y, inWords(most));
    g.strokeStyle = steps ? colors.live : colors.fault;
    g.lineWidth = 1.5;
    g.beginPath();
    seen.forEach((p, i) => {
      const x = Math.max(this.axis.left, this.axis.x(p.at));
      if (i === 0)
        g.moveTo(x, at(p));
      else if (steps)
        g.lineTo(x, at(seen[i - 1]));
      g.lineTo(x, at(p));
    });
    if (steps && seen.length > 0)
      g.lineTo(this.axis.right, at(seen.at(-1)));
    g.stroke();
    g.lineWidth = 1;
  }

  // Each tenfold is as high as the next: a slow answer does not flatten the
  // others.
  drawRoundTrips(g, y) {
    const { colors } = this.axis;
    const seen = this.felt();
    const latest = this.model.felt.at(-1);
    const most = Math.max(10, ...seen.map((p) => p.took));
    const height = (ms) => Math.log(Math.max(ms, quickest) / quickest) / Math.log(most / quickest);
    const floor = y + rowHeight - 5;
    this.top(g, y, `${duration(most)}, by powers of ten`);
    this.label(g, y, "round trip",
      !latest ? "…" : latest.failure ? "✕ none" : duration(latest.took));
    g.strokeStyle = colors.live;
    g.lineWidth = 1.5;
    g.beginPath();
    let broken = true;
    for (const { at, took, failure } of seen) {
      const x = this.axis.x(at);
      const top = floor - height(took) * (rowHeight - 14);
      if (!failure && broken)
        g.moveTo(x, top);
      else if (!failure)
        g.lineTo(x, top);
      broken = Boolean(failure);
    }
    g.stroke();
    g.strokeStyle = colors.bad;
    g.beginPath();
    for (const { at, failure } of seen) {
      const x = this.axis.x(at);
      if (!failure)
        continue;
      g.moveTo(x - 4, floor - 8);
      g.lineTo(x + 4, floor);
      g.moveTo(x - 4, floor);
      g.lineTo(x + 4, floor - 8);
    }
    g.stroke();
    g.lineWidth = 1;
  }

  // What the page's own client felt, as far as the axis reaches.
  felt() {
    const oldest = this.model.now() - this.axis.span;
    return this.model.felt.filter((each) => each.at >= oldest);
  }

  tellOfRates() {
    const length = this.axis.span;
    const seen = this.model.samples.filter(({ at }) => at >= this.model.now() - length);
    const grown = (key) => (seen.at(-1)?.[key] ?? 0) - (seen[0]?.[key] ?? 0);
    const [pauses, away] = [grown("pauses"), grown("turnedAway")];
    setText(document.getElementById("rated"), pauses + away <= 0 ? ""
      : `Rates let clients or bytes wait ${pauses === 1 ? "once" : `${pauses} times`}, and turned ${counted(away, "client")} away, in the last ${span(length)}.`);
  }

  tellInWords() {
    if (!this.model.measured)
      return setText(this.words, "");
    const seen = this.felt();
    const times = seen.filter((p) => !p.failure).map((p) => p.took).sort((a, b) => a - b);
    const gaps = seen.filter((p) => p.gap > 0);
    const latest = seen.at(-1);
    let text = "What a client feels: this page has one of its own, which sends a line four times a second. ";
    if (times.length > 0)
      text += `An answer took ${duration(times[times.length >> 1])} as a rule, ${duration(times.at(-1))} at most. `;
    if (latest?.failure)
      text += `Now it has none: ${latest.failure}.`;
    else if (gaps.length > 0)
      text += `Its connection was lost ${gaps.length === 1 ? "once" : `${gaps.length} times`}; a new one was served after ${duration(gaps.at(-1).gap)}${gaps.length === 1 ? "" : ", the last time"}.`;
    else
      text += `Its connection was not lost in the last ${span(this.axis.span)}.`;
    setText(this.words, text);
  }
}
