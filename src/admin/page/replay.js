// SPDX-License-Identifier: BSD-3-Clause
//
// A story again, one event at a time, in the tree. What is live stays visible:
// the marks of the story are beside it.

import { markOf } from "./stories.js";
import { duration, idOf, setText } from "./words.js";

const stepEvery = 1200; // ms

export class Replay {
  constructor(model, tree) {
    this.tree = tree;
    this.story = null;
    this.box = document.getElementById("replay");
    this.caption = document.getElementById("replay-caption");
    this.slider = /** @type {HTMLInputElement} */ (document.getElementById("replay-step"));
    this.buttons = Object.fromEntries(["back", "play", "forward", "close"].map((id) =>
      [id, /** @type {HTMLButtonElement} */ (document.getElementById(`replay-${id}`))]));
    this.slider.addEventListener("input", () => this.stop(Number(this.slider.value)));
    this.buttons.back.addEventListener("click", () => this.stop(this.at - 1));
    this.buttons.forward.addEventListener("click", () => this.stop(this.at + 1));
    this.buttons.play.addEventListener("click", () => (this.timer ? this.stop(this.at) : this.play()));
    this.buttons.close.addEventListener("click", () => this.close());
    model.addEventListener("forgotten", () => this.close());
    this.box.addEventListener("keydown", (e) => {
      if (e.key === "Escape")
        this.close();
    });
  }

  open(story) {
    this.story = story;
    this.events = [...story.events].sort((a, b) => a.seq - b.seq);
    this.slider.max = String(this.events.length);
    this.box.hidden = false;
    document.getElementById("tree-panel").scrollIntoView({ block: "start" });
    this.buttons.play.focus({ preventScroll: true });
    this.show(1);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches)
      this.play();
  }

  close() {
    this.pause();
    if (this.box.contains(document.activeElement))
      this.tree.focus(this.tree.selected);
    this.story = null;
    this.box.hidden = true;
    this.tree.setMarks("replay", new Map());
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    setText(this.buttons.play, "▶ play");
  }

  stop(at) {
    this.pause();
    this.show(at);
  }

  play() {
    if (this.at >= this.events.length)
      this.show(1);
    setText(this.buttons.play, "❚❚ pause");
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      this.show(this.at + 1);
      if (this.at >= this.events.length)
        this.pause();
    }, stepEvery);
  }

  // What the first `at` events did.
  show(at) {
    this.at = Math.min(Math.max(at, 1), this.events.length);
    this.slider.value = String(this.at);
    const marks = new Map();
    for (const event of this.events.slice(0, this.at)) {
      const mark = markOf(event);
      marks.delete(mark.path); // so that the latest is the last
      marks.set(mark.path, mark);
    }
    const last = [...marks.values()].at(-1);
    if (last)
      last.now = true;
    this.tree.setMarks("replay", marks);
    const event = this.events[this.at - 1];
    const { path, text } = markOf(event);
    const more = this.story.left > 0 && this.at === this.events.length
      ? ` ${this.story.left} more events are not kept here.` : "";
    setText(this.caption, `${this.at} of ${this.events.length}, +${duration(event.at - this.story.from)}: ${idOf(path)} ${text}${more}`);
    this.caption.dataset.seq = String(event.seq);
    this.buttons.back.disabled = this.at <= 1;
    this.buttons.forward.disabled = this.at >= this.events.length;
  }
}
