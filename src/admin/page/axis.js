// SPDX-License-Identifier: BSD-3-Clause
//
// The time axis that lanes and traffic share, and how things are drawn on it.

const labelShare = 0.2;

export class Axis {
  constructor(model, chooser) {
    this.model = model;
    this.chooser = chooser;
    this.colors = {};
    this.readColors();
    matchMedia("(prefers-color-scheme: dark)")
      .addEventListener("change", () => this.readColors());
  }

  readColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["panel", "line", "ink", "soft", "live", "wait", "bad", "fault", "mark"])
      this.colors[name] = style.getPropertyValue(`--${name}`).trim();
  }

  get span() {
    return Number(this.chooser.value) * 1000;
  }

  // Once a frame, before anything is drawn.
  begin() {
    this.now = this.model.now();
    this.scale = (this.right - this.left) / this.span;
  }

  x(at) {
    return this.right - (this.now - at) * this.scale;
  }

  prepare(canvas, height) {
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.height = `${height}px`;
    }
    this.left = Math.round(Math.min(160, Math.max(84, width * labelShare)));
    this.right = width - 12;
    this.scale = (this.right - this.left) / this.span;
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.textBaseline = "middle";
    return { g, width };
  }

  font(size) {
    return `${size}px ui-monospace, "DejaVu Sans Mono", monospace`;
  }

  // The end of a name tells more than its beginning: acceptor:0, acceptor:1.
  cut(g, text) {
    const room = this.left - 12;
    if (g.measureText(text).width <= room)
      return text;
    while (text.length > 1 && g.measureText(`…${text}`).width > room)
      text = text.slice(1);
    return `…${text}`;
  }

  labels(g, y) {
    g.font = this.font(10);
    g.fillStyle = this.colors.soft;
    g.textAlign = "center";
    const step = this.span / 6;
    for (let age = step; age < this.span; age += step)
      g.fillText(this.span < 9e5 ? `−${age / 1000} s` : `−${age / 6e4} min`, this.x(this.now - age), y);
    g.textAlign = "right";
    g.fillText("now", this.right, y);
    g.textAlign = "left";
  }

  grid(g, height) {
    const step = this.span / 6;
    g.strokeStyle = this.colors.line;
    g.beginPath();
    for (let age = 0; age < this.span; age += step) {
      const x = Math.round(this.x(this.now - age)) + 0.5;
      g.moveTo(x, 0);
      g.lineTo(x, height);
    }
    g.moveTo(this.left + 0.5, 0);
    g.lineTo(this.left + 0.5, height);
    g.stroke();
  }
}
