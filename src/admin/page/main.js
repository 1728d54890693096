// SPDX-License-Identifier: BSD-3-Clause
//
// Wires the parts together, and draws them once a frame.

import { Axis } from "./axis.js";
import { Inspector } from "./inspector.js";
import { addKeys } from "./keyboard.js";
import { Lanes } from "./lanes.js";
import { Log } from "./log.js";
import { Model } from "./model.js";
import { addSandbox } from "./sandbox.js";
import { setToken } from "./server.js";
import { connect } from "./stream.js";
import { Traffic } from "./traffic.js";
import { Tree } from "./tree.js";

const model = new Model();
const inspector = new Inspector(model);
const tree = new Tree(model, document.getElementById("tree"), (path) => inspector.show(path));
const axis = new Axis(model, document.getElementById("span"));
const lanes = new Lanes(model, tree, axis);
const traffic = new Traffic(model, axis);
const log = new Log(model);

addKeys(tree);
addSandbox();
const token = /** @type {HTMLInputElement} */ (document.getElementById("token"));
token.addEventListener("input", () => setToken(token.value));
connect(model, document.getElementById("link"));

function frame() {
  axis.begin();
  tree.draw();
  lanes.draw();
  traffic.draw();
  log.draw();
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
