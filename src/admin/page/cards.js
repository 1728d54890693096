// SPDX-License-Identifier: BSD-3-Clause
//
// A card for each story, the latest first, until it is dismissed. While a story is
// fresh, its actors are marked in the tree, since the story itself is over sooner
// than anybody sees it.

import { CutConnections } from "./cut.js";
import { rolesIn, tell } from "./stories.js";
import { element, setText } from "./words.js";

const mostCards = 20;
const freshFor = 10_000; // ms
const countAfter = 500; // ms without an event of the story

export class Cards {
  constructor(model, tree, onReplay) {
    this.model = model;
    this.tree = tree;
    this.onReplay = onReplay;
    this.list = document.getElementById("cards");
    this.none = document.getElementById("no-cards");
    this.dismissAll = document.getElementById("dismiss-all");
    this.cards = new Map(); // by story
    this.dismissed = new WeakSet();
    this.changed = new Set();
    this.fresh = new Set();
    this.cut = new CutConnections(model);
    this.dismissAll.addEventListener("click", () =>
      [...this.cards.keys()].forEach((story) => this.dismiss(story)));
    model.addEventListener("story", (e) => this.note(e.detail));
    model.addEventListener("forgotten", () => this.forget());
    // Which connection was the page's own is known a second later.
    model.addEventListener("own", () => {
      for (const story of this.cards.keys())
        if (model.now() - story.to < freshFor)
          this.count(story);
    });
    model.addEventListener("link", () => this.tellNumber());
  }

  note(story) {
    this.changed.add(story);
    if (this.model.now() - story.to < freshFor)
      this.fresh.add(story);
    clearTimeout(story.counting);
    story.counting = setTimeout(() => this.count(story), countAfter);
  }

  async count(story) {
    if (!story.shown || this.dismissed.has(story))
      return;
    try {
      story.cut = await this.cut.of(story);
      this.changed.add(story);
      this.model.tell("counted", story);
    } catch {
      // The server is gone or busy: the card says nothing of connections.
    }
  }

  forget() {
    for (const story of [...this.cards.keys()])
      this.dismiss(story);
    this.changed.clear();
    this.fresh.clear();
    this.tree.setMarks("story", new Map());
  }

  dismiss(story) {
    this.dismissed.add(story);
    this.cards.get(story)?.element.remove();
    this.cards.delete(story);
    this.fresh.delete(story);
    this.markFresh();
    this.tellNumber();
  }

  tellNumber() {
    this.none.hidden = this.cards.size > 0 || this.model.lostAt !== null;
    this.dismissAll.hidden = this.cards.size < 2;
  }

  // Once a frame, so that a storm costs one change of the page.
  draw() {
    const now = this.model.now();
    let stale = this.changed.size > 0;
    for (const story of this.fresh)
      if (now - story.to >= freshFor)
        stale = this.fresh.delete(story) || stale;
    if (!stale)
      return;
    const shown = [...this.changed].filter((each) => each.shown && !this.dismissed.has(each));
    this.changed.clear();
    for (const story of shown.sort((a, b) => a.seq - b.seq).slice(-mostCards))
      this.fill(this.cards.get(story) ?? this.add(story), story);
    for (const story of [...this.cards.keys()].slice(0, -mostCards))
      this.dismiss(story);
    this.markFresh();
    this.tellNumber();
  }

  markFresh() {
    const marks = new Map();
    for (const story of this.fresh)
      if (story.shown)
        for (const [path, mark] of rolesIn(story))
          marks.set(path, mark);
    this.tree.setMarks("story", marks);
  }

  add(story) {
    const card = { element: element("li", "card"), title: element("h3"), text: element("div") };
    card.element.dataset.seq = String(story.seq);
    const when = element("time", "", new Date(story.events[0].time).toLocaleTimeString());
    when.dateTime = story.events[0].time;
    const replay = element("button", "", "slow motion");
    const dismiss = element("button", "dismiss", "dismiss");
    replay.type = dismiss.type = "button";
    replay.addEventListener("click", () => this.onReplay(story));
    dismiss.addEventListener("click", () => {
      const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
      this.dismiss(story);
      if (next)
        next.querySelector(".dismiss").focus();
      else
        this.tree.focus(this.tree.selected);
    });
    const head = element("div", "card-head");
    head.append(card.title, when, replay, dismiss);
    card.element.append(head, card.text);
    this.list.prepend(card.element);
    this.cards.set(story, card);
    return card;
  }

  fill(card, story) {
    const { title, lines } = tell(story);
    card.element.dataset.severity = story.severity;
    setText(card.title, title);
    card.text.replaceChildren(...lines.map((line) => element("p", "", line)));
  }
}
