// SPDX-License-Identifier: BSD-3-Clause
//
// How many faults are armed, wherever they are, and how to undo them.

import { get, remove } from "./server.js";
import { counted, setText } from "./words.js";

const lookAfter = 100;
const kinds = new Set(["fault_armed", "fault_fired", "fault_cleared"]);

export function addArmed(model) {
  const bar = document.getElementById("armed");
  const text = bar.querySelector("span");
  const button = bar.querySelector("button");
  let waiting = null;
  const look = async () => {
    waiting = null;
    try {
      const { points, suspended } = await get("/faults", {});
      const armed = points.filter((each) => each.term && !each.used_up).length;
      bar.hidden = armed + suspended.length === 0;
      setText(text, [armed > 0 ? `${counted(armed, "fault")} armed` : "",
        suspended.length > 0 ? `${suspended.length} suspended` : ""].filter(Boolean).join(", "));
    } catch (error) {
      bar.hidden = false;
      setText(text, `? faults: ${error.message}`);
    }
  };
  const lookSoon = () => {
    if (waiting === null)
      waiting = setTimeout(look, lookAfter);
  };
  model.addEventListener("hello", lookSoon);
  // An actor that ends is not suspended any more.
  model.addEventListener("tree", () => { if (!bar.hidden) lookSoon(); });
  model.addEventListener("event", (e) => { if (kinds.has(e.detail.kind)) lookSoon(); });
  button.addEventListener("click", async () => {
    try {
      await remove("/faults");
    } catch (error) {
      setText(text, `✕ ${error.message}`);
    }
  });
}
