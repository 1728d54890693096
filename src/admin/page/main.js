// SPDX-License-Identifier: BSD-3-Clause
//
// Wires the parts together, and draws them when there is something new to see.

import { addArmed } from "./armed.js";
import { Axis } from "./axis.js";
import { Cards } from "./cards.js";
import { Health } from "./health.js";
import { Inspector } from "./inspector.js";
import { addKeys } from "./keyboard.js";
import { addLab } from "./lab.js";
import { Lanes } from "./lanes.js";
import { Log } from "./log.js";
import { Model } from "./model.js";
import { addRates } from "./rates.js";
import { Replay } from "./replay.js";
import { addSandbox } from "./sandbox.js";
import { setToken } from "./server.js";
import { connect } from "./stream.js";
import { addTour } from "./tour.js";
import { addToxics } from "./toxics.js";
import { Traffic } from "./traffic.js";
import { Tree } from "./tree.js";

const model = new Model();
const inspector = new Inspector(model, (marks) => tree.setMarks("would", marks));
const tree = new Tree(model, document.getElementById("tree"), (path) => inspector.show(path));
const replay = new Replay(model, tree);
const cards = new Cards(model, tree, (story) => replay.open(story));
const axis = new Axis(model, document.getElementById("span"));
const lanes = new Lanes(model, tree, axis);
const traffic = new Traffic(model, axis);
const log = new Log(model);

new Health(model, document.getElementById("health"));
addArmed(model);
addKeys(tree);
addTour(addSandbox());
addLab();
addRates(model);
addToxics(model);
const token = /** @type {HTMLInputElement} */ (document.getElementById("token"));
token.addEventListener("input", () => setToken(token.value));
connect(model, document.getElementById("link"));

// Drawn at once when something happens, often for some seconds after that, and once
// a second while nothing does: a page that is left open shall cost next to nothing.
const often = 80; // ms
const seldom = 1000; // ms
const busyFor = 3000; // ms after the last event
let scheduled = false;
function schedule() {
  if (scheduled)
    return;
  scheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  scheduled = false;
  axis.begin();
  tree.draw();
  cards.draw();
  lanes.draw();
  traffic.draw();
  log.draw();
}

let busyUntil = 0;
let timer = 0;
function keepDrawing() {
  schedule();
  clearTimeout(timer);
  timer = setTimeout(keepDrawing, performance.now() < busyUntil ? often : seldom);
}
model.addEventListener("event", () => {
  busyUntil = performance.now() + busyFor;
  keepDrawing();
});
for (const what of ["tree", "hello", "link", "forgotten", "counted"])
  model.addEventListener(what, schedule);
for (const what of ["scroll", "resize", "click", "keydown", "input", "focusin"])
  addEventListener(what, schedule, { capture: true, passive: true });
keepDrawing();
