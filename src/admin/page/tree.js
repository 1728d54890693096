// SPDX-License-Identifier: BSD-3-Clause
//
// The tree as rows, one for each actor that is not folded away. A row is made
// once for its path, and changed in place.

import { Strip } from "./strip.js";
import { element, faultsOf, glyphs, idOf, parentOf, setAttribute, setText } from "./words.js";

const foldAbove = 50;

// What rows can be marked with; the first that has any marks is shown.
const layers = ["would", "replay", "story"];

// Of a row and of one that is folded into it, the mark that says more is shown.
const ranks = ["", "asked", "again", "along", "decided", "would", "died", "gave-up"];

export class Tree {
  constructor(model, host, onSelect) {
    this.model = model;
    this.host = host;
    this.onSelect = onSelect;
    this.rows = new Map(); // by path
    this.shown = []; // nodes, as they are shown
    this.chosen = new Map(); // whether it is folded, where somebody said so
    this.selected = null;
    this.marks = new Map(layers.map((layer) => [layer, new Map()]));
    model.addEventListener("tree", () => this.update());
    model.addEventListener("link", () => this.update());
    model.addEventListener("event", () => { this.stale = true; });
    host.addEventListener("click", (e) => this.onClick(e));
    host.addEventListener("focusin", (e) => {
      const row = e.target.closest(".row");
      if (row)
        this.select(row.dataset.path);
    });
  }

  folded(node) {
    return this.chosen.get(node.path) ?? node.children.length > foldAbove;
  }

  fold(path, on) {
    this.chosen.set(path, on);
    this.update();
  }

  update() {
    this.shown = [];
    const collect = (node, level, place) => {
      this.shown.push({ node, level, place });
      if (!this.folded(node))
        node.children.forEach((child, i) => collect(child, level + 1, i + 1));
    };
    if (this.model.root)
      collect(this.model.root, 1, 0);
    const wanted = new Set(this.shown.map(({ node }) => node.path));
    for (const [path, row] of this.rows)
      if (!wanted.has(path)) {
        row.element.remove();
        this.rows.delete(path);
      }
    let before = this.host.firstChild;
    for (const each of this.shown) {
      const row = this.rowOf(each.node.path);
      if (row.element === before)
        before = before.nextSibling;
      else
        this.host.insertBefore(row.element, before);
      this.fill(row, each);
    }
    if (!wanted.has(this.selected) && this.shown.length > 0)
      this.select(this.shown[0].node.path);
    this.showMarks();
    this.stale = false;
  }

  // Marks rows, by path: a role and words. A row that is folded away marks the
  // nearest that is shown.
  setMarks(layer, marks) {
    this.marks.set(layer, marks);
    this.showMarks();
    if (layer === "replay")
      this.host.querySelector(".row.now")?.scrollIntoView({ block: "nearest" });
  }

  showMarks() {
    const layer = layers.find((each) => this.marks.get(each).size > 0);
    const marks = this.marks.get(layer) ?? new Map();
    const wanted = new Map();
    for (const [path, mark] of marks) {
      let shown = path;
      while (shown && !this.rows.has(shown))
        shown = parentOf(shown);
      const rank = (each) => (each?.now ? ranks.length : ranks.indexOf(each?.role ?? ""));
      if (shown && rank(mark) > rank(wanted.get(shown)))
        wanted.set(shown, shown === path ? mark : { ...mark, text: `${idOf(path)}: ${mark.text}` });
    }
    for (const [path, row] of this.rows) {
      const mark = wanted.get(path);
      if (mark) {
        row.element.dataset.role = mark.role;
        row.element.dataset.layer = layer;
      } else {
        delete row.element.dataset.role;
        delete row.element.dataset.layer;
      }
      row.element.classList.toggle("now", Boolean(mark?.now));
      setText(row.mark, mark?.text ?? "");
      row.mark.title = mark?.text ?? "";
    }
  }

  rowOf(path) {
    let row = this.rows.get(path);
    if (row)
      return row;
    row = { element: element("div", "row"), strip: null };
    for (const part of ["fold", "glyph", "state", "order", "id", "mark", "about", "incarnation"])
      row[part] = element("span", part);
    row.host = element("span", "strip");
    row.text = element("span");
    row.about.append(row.incarnation, row.text);
    const name = element("span", "name");
    name.append(row.fold, row.glyph, row.state, row.order, row.id, row.mark);
    row.element.append(name, row.about, row.host);
    row.element.dataset.path = path;
    row.element.setAttribute("role", "treeitem");
    row.element.tabIndex = -1;
    this.rows.set(path, row);
    return row;
  }

  fill(row, { node, level, place }) {
    const state = this.model.stateOf(node);
    const hasChildren = node.children.length > 0;
    const folded = hasChildren && this.folded(node);
    row.element.dataset.state = state;
    row.element.classList.toggle("faulty", faultsOf(node).length > 0);
    setAttribute(row.element, "aria-level", String(level));
    if (hasChildren)
      setAttribute(row.element, "aria-expanded", String(!folded));
    else
      row.element.removeAttribute("aria-expanded");
    row.element.style.setProperty("--level", String(level - 1));
    setText(row.fold, hasChildren ? (folded ? "▸" : "▾") : "");
    row.fold.setAttribute("aria-hidden", "true");
    setText(row.glyph, glyphs[state] ?? "?");
    setText(row.state, state.replace("_", " ")); // for ears, which get no glyph
    row.glyph.setAttribute("aria-hidden", "true");
    setText(row.order, place ? String(place) : "");
    setText(row.id, node.id);
    row.id.title = node.path;
    setText(row.incarnation, `#${node.incarnation} `);
    setText(row.text, this.describe(node, state, folded));
    const isSelected = node.path === this.selected;
    setAttribute(row.element, "aria-selected", String(isSelected));
    row.element.tabIndex = isSelected ? 0 : -1;
    if (node.strategy) {
      row.strip ??= new Strip(row.host, node.path);
      row.strip.update(node);
    }
  }

  describe(node, state, folded) {
    const words = faultsOf(node);
    if (state !== "running")
      words.push(state.replace("_", " "));
    if (node.strategy)
      words.push(node.strategy);
    else if (node.restart !== "permanent")
      words.push(node.restart ?? "");
    if (node.connections !== undefined)
      words.push(`${this.model.connectionsOf(node)} conn.`);
    if (node.members !== undefined)
      words.push(`${node.members} members`);
    if (folded) {
      const up = node.children.filter((child) => child.state === "running").length;
      words.push(`${up} of ${node.children.length} up, folded`);
    }
    return words.filter(Boolean).join(" · ");
  }

  select(path) {
    if (this.selected === path)
      return;
    const mark = (which, on) => {
      const row = this.rows.get(which);
      if (row) {
        setAttribute(row.element, "aria-selected", String(on));
        row.element.tabIndex = on ? 0 : -1;
      }
    };
    mark(this.selected, false);
    this.selected = path;
    mark(path, true);
    this.onSelect(path);
  }

  focus(path) {
    this.rows.get(path)?.element.focus();
  }

  onClick(e) {
    const row = e.target.closest(".row");
    if (!row)
      return;
    row.focus();
    const node = this.model.nodes.get(row.dataset.path);
    if (e.target.classList.contains("fold") && node?.children.length > 0)
      this.fold(node.path, !this.folded(node));
  }

  // Every frame: what moves.
  draw() {
    if (this.stale)
      this.update();
    for (const row of this.rows.values())
      row.strip?.draw(this.model);
  }
}
