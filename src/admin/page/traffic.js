// What clients notice: connections, and bytes a second, below the lanes.

import { bytes, setAttribute } from "./words.js";

const rowHeight = 46;
const labelHeight = 16;

export class Traffic {
  constructor(model, axis) {
    this.model = model;
    this.axis = axis;
    this.canvas = document.getElementById("traffic-canvas");
    this.above = document.getElementById("lanes");
  }

  draw() {
    // As wide as the lanes, whose scroll bar takes some of the room.
    this.canvas.style.width = `${this.above.clientWidth + 2}px`;
    const { g, width } = this.axis.prepare(this.canvas, 2 * rowHeight + labelHeight);
    this.axis.grid(g, width, 2 * rowHeight);
    this.axis.labels(g, 2 * rowHeight + labelHeight / 2);
    const samples = this.model.samples;
    const connections = samples.map(({ at, active }) => ({ at, value: active }));
    const rates = [];
    for (let i = 1; i < samples.length; ++i) {
      const [a, b] = [samples[i - 1], samples[i]];
      const seconds = (b.at - a.at) / 1000;
      // Counters begin anew with the process.
      if (seconds > 0 && b.in >= a.in)
        rates.push({ at: b.at, value: (b.in - a.in + b.out - a.out) / seconds });
    }
    const active = connections.at(-1)?.value ?? 0;
    const rate = rates.at(-1)?.value ?? 0;
    this.drawRow(g, 0, "clients", String(active), connections, true);
    this.drawRow(g, rowHeight, "in + out", `${bytes(rate)}/s`, rates, false);
    setAttribute(this.canvas, "aria-label",
      `${active} connections, ${bytes(rate)} a second in and out`);
  }

  drawRow(g, y, name, value, points, steps) {
    const { colors } = this.axis;
    const seen = points.filter(({ at }, i) =>
      this.axis.x(points[i + 1]?.at ?? at) >= this.axis.left);
    const most = Math.max(1, ...seen.map((p) => p.value));
    const at = (p) => y + rowHeight - 5 - (p.value / most) * (rowHeight - 14);
    g.font = this.axis.font(12);
    g.fillStyle = colors.ink;
    g.fillText(name, 6, y + 14);
    g.fillStyle = colors.soft;
    g.fillText(this.axis.cut(g, value), 6, y + 31);
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
}
