// SPDX-License-Identifier: BSD-3-Clause
//
// Swim lanes: time runs to the right, a lane for each row of the tree. Only
// what is scrolled into view is drawn, so that a thousand lanes cost no more
// than twenty.

import { isClean, setAttribute } from "./words.js";

const laneHeight = 22;
const nearEnough = 8;

export class Lanes {
  constructor(model, tree, axis) {
    this.model = model;
    this.tree = tree;
    this.axis = axis;
    this.scroller = document.getElementById("lanes");
    this.canvas = document.getElementById("lanes-canvas");
    this.space = document.getElementById("lanes-space");
    this.tip = document.getElementById("tip");
    this.marks = []; // what can be pointed at: x, y, event
    this.canvas.addEventListener("pointermove", (e) => this.point(e));
    this.canvas.addEventListener("pointerdown", (e) => this.point(e));
    this.canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    setInterval(() => this.tellInWords(), 1000);
  }

  draw() {
    const shown = this.tree.shown;
    const height = Math.min(Math.max(shown.length, 1) * laneHeight, Math.round(innerHeight * 0.46));
    const { g, width } = this.axis.prepare(this.canvas, height);
    const all = shown.length * laneHeight;
    if (this.space.dataset.height !== String(all - height)) {
      this.space.dataset.height = String(all - height);
      this.space.style.height = `${Math.max(0, all - height)}px`;
    }
    const top = this.scroller.scrollTop;
    const first = Math.floor(top / laneHeight);
    const last = Math.min(shown.length, Math.ceil((top + height) / laneHeight));
    this.marks = [];
    this.places = new Map();
    for (let i = first; i < last; ++i)
      this.places.set(shown[i].node.path, i * laneHeight - top);
    this.axis.grid(g, height);
    for (let i = first; i < last; ++i)
      this.drawLane(g, shown[i], i * laneHeight - top, width);
    this.drawCauses(g);
    this.drawLabels(g, shown, first, last, top);
  }

  drawLane(g, { node }, y, width) {
    const { colors } = this.axis;
    const lane = this.model.lanes.get(node.path);
    const bars = lane?.bars ?? [];
    const open = bars.at(-1)?.to === null;
    // Of an actor that has been up for longer than is remembered.
    const known = bars.length > 0 ? bars
      : node.state === "running" ? [{ from: -Infinity, to: null }] : [];
    if (node.path === this.tree.selected) {
      g.fillStyle = colors.mark;
      g.fillRect(0, y, width, laneHeight);
    }
    g.strokeStyle = colors.line;
    g.beginPath();
    g.moveTo(0, y + laneHeight - 0.5);
    g.lineTo(width, y + laneHeight - 0.5);
    g.stroke();
    this.drawFaults(g, node.path, y);
    g.font = this.axis.font(10);
    for (const bar of known) {
      const from = Math.max(this.axis.left, this.axis.x(Math.max(bar.from, this.model.began ?? bar.from)));
      const to = bar.to === null ? this.axis.right : this.axis.x(bar.to);
      if (to < this.axis.left || (bar.to === null && !open && bars.length > 0))
        continue;
      g.fillStyle = colors.live;
      g.globalAlpha = 0.45;
      g.fillRect(from, y + 6, Math.max(1, to - from), laneHeight - 12);
      g.globalAlpha = 1;
      if (bar.incarnation && to - from > 26) {
        g.fillStyle = colors.ink;
        g.fillText(`#${bar.incarnation}`, from + 4, y + laneHeight / 2);
      }
    }
    for (const event of lane?.marks ?? [])
      this.drawMark(g, event, y);
  }

  drawMark(g, event, y) {
    const x = this.axis.x(event.at);
    if (x < this.axis.left)
      return;
    const { colors } = this.axis;
    const clean = event.kind === "child_stopped" || isClean(event.reason ?? "");
    const middle = y + laneHeight / 2;
    const r = 4.5;
    g.lineWidth = 2;
    g.strokeStyle = clean ? colors.ink : colors.bad;
    g.beginPath();
    if (clean && event.kind !== "gave_up") {
      g.arc(x, middle, r, 0, 2 * Math.PI);
    } else {
      g.moveTo(x - r, middle - r);
      g.lineTo(x + r, middle + r);
      g.moveTo(x - r, middle + r);
      g.lineTo(x + r, middle - r);
    }
    g.stroke();
    g.lineWidth = 1;
    this.marks.push({ x, y: middle, event });
  }

  drawFaults(g, path, y) {
    for (const fault of this.model.faults) {
      const everywhere = !fault.path.includes("/") && !this.model.nodes.has(fault.path);
      if (fault.path !== path && !everywhere)
        continue;
      const from = Math.max(this.axis.left, this.axis.x(fault.from));
      const to = fault.to === null ? this.axis.right : this.axis.x(fault.to);
      if (to < this.axis.left)
        continue;
      g.save();
      g.beginPath();
      g.rect(from, y + 1, Math.max(3, to - from), laneHeight - 3);
      g.clip();
      g.strokeStyle = this.axis.colors.fault;
      g.globalAlpha = 0.6;
      g.beginPath();
      for (let x = Math.floor(from / 7) * 7 - laneHeight; x < to; x += 7) {
        g.moveTo(x, y + laneHeight);
        g.lineTo(x + laneHeight, y);
      }
      g.stroke();
      g.restore();
    }
  }

  // From the lane of a cause to that of what came of it.
  drawCauses(g) {
    g.strokeStyle = this.axis.colors.soft;
    g.setLineDash([3, 2]);
    for (const { x, y, event } of this.marks) {
      const cause = this.causeElsewhere(event);
      const top = cause && this.places.get(cause.path);
      if (top === undefined || top === null)
        continue;
      g.beginPath();
      g.moveTo(this.axis.x(cause.at), top + laneHeight / 2);
      g.lineTo(x, y);
      g.stroke();
    }
    g.setLineDash([]);
  }

  causeElsewhere(event) {
    let cause = event;
    for (let i = 0; i < 8 && cause; ++i) {
      cause = this.model.bySeq.get(cause.cause);
      if (cause && cause.path !== event.path)
        return cause;
    }
    return null;
  }

  drawLabels(g, shown, first, last, top) {
    g.font = this.axis.font(12);
    for (let i = first; i < last; ++i) {
      const { node } = shown[i];
      g.fillStyle = node.path === this.tree.selected ? this.axis.colors.live : this.axis.colors.ink;
      g.fillText(this.axis.cut(g, node.id), 6, i * laneHeight - top + laneHeight / 2);
    }
  }

  point(e) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [e.clientX - box.left, e.clientY - box.top];
    let best = null;
    let distance = nearEnough;
    for (const mark of this.marks) {
      const d = Math.hypot(mark.x - x, mark.y - y);
      if (d <= distance)
        [best, distance] = [mark, d];
    }
    this.tip.hidden = !best;
    if (best)
      this.explainAt(best);
  }

  // Beside the mark, on the side where there is room.
  explainAt({ x, y, event }) {
    this.tip.textContent = this.explain(event);
    const panel = this.tip.parentElement.getBoundingClientRect();
    const box = this.canvas.getBoundingClientRect();
    const { width, height } = this.tip.getBoundingClientRect();
    const left = box.left - panel.left + x;
    const top = box.top - panel.top + y;
    this.tip.style.left = `${Math.max(4, Math.min(left + 10, panel.width - width - 4))}px`;
    this.tip.style.top = `${box.top + y > height + 70 ? top - height - 8 : top + 12}px`;
  }

  explain(event) {
    const because = this.causeElsewhere(event);
    return event.text + (because ? ` — because of: ${because.text}` : "");
  }

  // For people who do not see the canvas.
  tellInWords() {
    const from = this.model.now() - this.axis.span;
    const exits = [];
    for (const { node } of this.tree.shown) {
      const marks = this.model.lanes.get(node.path)?.marks ?? [];
      for (const event of marks)
        if (event.at >= from)
          exits.push(event);
    }
    const latest = exits.sort((a, b) => a.at - b.at).at(-1);
    setAttribute(this.canvas, "aria-label",
      `${this.tree.shown.length} lanes, ${exits.length} ends in the last ${this.axis.span / 1000} seconds`
      + (latest ? `; the latest: ${latest.text}` : ""));
  }
}
