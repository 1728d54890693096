// SPDX-License-Identifier: BSD-3-Clause
//
// How many clients and bytes a second a listener takes. An empty field is no
// limit.

import { get, post } from "./server.js";
import { setText } from "./words.js";

const kinds = ["accept", "read"].flatMap((what) => ["", "_per_address"]
  .flatMap((whose) => ["rate", "burst"].map((part) => `${what}_${part}${whose}`)));

export function addRates(model) {
  const form = /** @type {HTMLFormElement} */ (document.getElementById("rates"));
  const [owner, kind] = form.querySelectorAll("select");
  const value = form.querySelector("input");
  const said = document.getElementById("rates-said");
  const place = () => `/listeners/${encodeURIComponent(owner.value)}`;

  const attempt = async (what) => {
    try {
      setText(said, await what());
    } catch (error) {
      setText(said, `✕ ${error.message}`);
    }
  };

  // What holds now, to be changed.
  const look = () => attempt(async () => {
    value.value = (await get(place())).limits[kind.value] ?? "";
    setText(document.getElementById("rates-unit"), kind.value.startsWith("read") ? "bytes" : "clients");
    return "";
  });

  kind.replaceChildren(...kinds.map((name) => new Option(name.replaceAll("_", " "), name)));
  kind.addEventListener("change", look);
  owner.addEventListener("change", look);
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    attempt(async () => {
      await post(`${place()}/limits`, { [kind.value]: value.value === "" ? null : Number(value.value) });
      return `✓ ${kind.value.replaceAll("_", " ")} is ${value.value || "off"} now`;
    });
  });

  let known = "";
  model.addEventListener("traffic", () => {
    const names = model.listeners.map(({ name }) => name);
    form.hidden = names.length === 0;
    owner.parentElement.hidden = names.length < 2;
    if (known === names + model.boot)
      return;
    known = names + model.boot;
    owner.replaceChildren(...names.map((name) => new Option(name)));
    if (names.length > 0)
      look();
  });
}
