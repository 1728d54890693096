// SPDX-License-Identifier: BSD-3-Clause
//
// What a bad network does to the clients: toxics, with Toxiproxy's names. Round
// trips and clients above show what comes of them.

import { get, post, remove } from "./server.js";
import { element, setText } from "./words.js";

// The attribute that each needs, its unit, and a value to begin with.
const types = {
  latency: ["latency", "ms", 200],
  bandwidth: ["rate", "kB/s", 10],
  slow_close: ["delay", "ms", 1000],
  timeout: ["timeout", "ms", 1000],
  reset_peer: ["timeout", "ms", 1000],
  slicer: ["average_size", "bytes", 10],
  limit_data: ["bytes", "bytes", 1000],
  limit_time: ["time", "ms", 5000],
  packet_loss: ["per_million", "of a million packets", 20000],
  corrupt: ["per_million", "of a million bytes", 1000],
  down: [],
};

export function addToxics(model) {
  const form = /** @type {HTMLFormElement} */ (document.getElementById("toxics"));
  const type = /** @type {HTMLSelectElement} */ (form.elements.namedItem("type"));
  const value = /** @type {HTMLInputElement} */ (form.elements.namedItem("value"));
  const shared = /** @type {HTMLInputElement} */ (form.elements.namedItem("shared"));
  const said = document.getElementById("toxics-said");
  const owner = /** @type {HTMLSelectElement} */ (form.elements.namedItem("listener"));
  const place = () => `/listeners/${encodeURIComponent(owner.value)}/toxics`;
  let shown = "";

  // Does that, and says why it could not be done.
  const attempt = async (what) => {
    try {
      await what();
      setText(said, "");
    } catch (error) {
      setText(said, `✕ ${error.message}`);
    }
    await look();
  };

  const row = ({ name, type: kind, stream, attributes }) => {
    const [attribute, unit] = types[kind] ?? [];
    const item = element("li", "", `☣ ${kind}${attribute ? ` ${attributes[attribute]} ${unit}` : ""}${attributes.shared ? " for all" : ""}, ${stream} `);
    const button = element("button", "", "remove");
    button.setAttribute("type", "button");
    button.setAttribute("aria-label", `remove the toxic ${name}`);
    button.addEventListener("click", () => attempt(() => remove(`${place()}/${encodeURIComponent(name)}`)));
    item.append(button);
    return item;
  };

  const look = async () => {
    try {
      const toxics = await get(place());
      if (shown === JSON.stringify(toxics))
        return;
      shown = JSON.stringify(toxics);
      document.getElementById("toxics-on").replaceChildren(...toxics.map(row));
    } catch (error) {
      setText(said, `? toxics: ${error.message}`);
    }
  };

  const choose = () => {
    const [attribute, unit, start] = types[type.value];
    value.disabled = !attribute;
    shared.parentElement.hidden = type.value !== "bandwidth";
    value.value = String(start ?? "");
    setText(document.getElementById("toxics-unit"), attribute ? `${attribute}, ${unit}` : "no value");
  };

  type.replaceChildren(...Object.keys(types).map((name) => new Option(name)));
  type.addEventListener("change", choose);
  choose();
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const [attribute] = types[type.value];
    attempt(() => post(place(), {
      type: type.value, attributes: {
        ...attribute && { [attribute]: Number(value.value) },
        ...type.value === "bandwidth" && shared.checked && { shared: 1 },
      },
    }));
  });

  owner.addEventListener("change", look);

  // There is nothing to choose from one.
  let known = "";
  model.addEventListener("traffic", () => {
    const names = model.listeners.map(({ name }) => name);
    form.querySelector("fieldset").disabled = !model.allowFaults;
    form.hidden = names.length === 0;
    owner.parentElement.hidden = names.length < 2;
    if (known === names + model.boot)
      return;
    known = names + model.boot;
    const chosen = owner.value;
    owner.replaceChildren(...names.map((name) => new Option(name)));
    if (names.includes(chosen))
      owner.value = chosen;
    if (names.length > 0)
      look();
  });
  model.addEventListener("event", ({ detail: { kind, path } }) => {
    if (kind.startsWith("fault_") && path === model.listeners.find(({ name }) => name === owner.value)?.path)
      look();
  });
}
