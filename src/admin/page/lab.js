// SPDX-License-Identifier: BSD-3-Clause
//
// The scenarios of the laboratory, step by step: the rules, a question, and what
// came of it. All of it is what the server's engines said; nothing is decided here.

import { get } from "./server.js";
import { counted, dots, element, glyphs, setText } from "./words.js";

const tones = { plain: "", good: "●", decision: "↻", bad: "✕" };

const strategies = ["one_for_one", "one_for_all", "rest_for_one"];

// A supervisor and those below it, as nested lists.
function drawn(node) {
  const item = element("li", "", `${glyphs[node.state] ?? "?"} ${node.id} #${node.incarnation}`);
  item.dataset.state = node.state;
  if (node.strategy)
    item.append(` · ${node.strategy} · ${dots(node.budget_used, node.intensity)} ${node.budget_used} of ${node.intensity} restarts in ${node.period_seconds} s used`);
  else if (node.last_exit)
    item.append(` · last end: ${node.last_exit}`);
  if (node.children.length > 0) {
    const list = element("ul");
    list.append(...node.children.map(drawn));
    item.append(list);
  }
  return item;
}

export async function addLab() {
  const part = (/** @type {string} */ id) => document.getElementById(`lab-${id}`);
  const form = /** @type {HTMLFormElement} */ (part("form"));
  const field = (/** @type {string} */ name) => /** @type {HTMLSelectElement} */ (form.elements.namedItem(name));
  const back = /** @type {HTMLButtonElement} */ (part("back"));
  const look = /** @type {HTMLButtonElement} */ (part("look"));
  let played = null;
  let at = 0;
  let open = false; // whether its answer is shown
  let verdicts = []; // by step: whether the guess was right; null if there was none

  const fill = (name, values, chosen) => {
    field(name).replaceChildren(...values.map((value) => new Option(String(value), String(value), false, value === chosen)));
  };

  const fillFlags = () => {
    const { strategy, intensity } = played.supervisors.find(({ id }) => id === field("supervisor").value);
    const fixed = !strategies.includes(strategy);
    fill("strategy", fixed ? [strategy] : strategies, strategy);
    field("strategy").disabled = fixed;
    fill("intensity", [...new Set([0, 1, 2, 3, 5, 10, intensity])].sort((a, b) => a - b), intensity);
  };

  const ticked = () => [...part("choices").querySelectorAll("input:checked")]
    .map((each) => /** @type {HTMLInputElement} */ (each).value);

  // With no box ticked, nothing was guessed.
  const judge = ({ started_again: started, to_be_named: named }) => {
    const all = ticked();
    const guess = all.filter((id) => id !== "");
    return all.length === 0 ? null
      : guess.every((id) => started.includes(id)) && named.every((id) => guess.includes(id))
        && (all.length === guess.length || guess.length === 0);
  };

  const choice = (id) => {
    const label = element("label");
    const box = element("input");
    box.setAttribute("type", "checkbox");
    box.setAttribute("value", id);
    label.append(box, ` ${id || "none"}`);
    return label;
  };

  const show = () => {
    const step = played.steps[at];
    const last = at + 1 === played.steps.length;
    setText(part("step"), `Step ${at + 1} of ${played.steps.length}: ${step.step}`);
    part("rules").replaceChildren(...step.rules.map((rule) => element("li", "", rule)));
    setText(part("question"), step.question);
    part("choices").replaceChildren(...(step.choices.length > 0 && !open ? [...new Set(step.choices), ""].map(choice) : []));
    part("told").replaceChildren(...(open ? step.told : []).map(({ at_ms: ms, tone, text }) => {
      const line = element("li", "", `${ms} ms ${tones[tone]} ${text}`);
      line.dataset.tone = tone;
      return line;
    }));
    if (open && step.told.length === 0)
      part("told").append(element("li", "", "nothing happens"));
    const { tree } = played.steps[open ? at : at - 1] ?? {};
    part("tree").replaceChildren(...(tree ? [drawn(tree)] : []));
    const names = step.started_again.length > 0 ? `Started again: ${step.started_again.join(", ")}.` : "Nobody was started again.";
    const verdict = open ? verdicts[at] ?? null : null;
    const right = verdicts.filter((each) => each === true).length;
    const guessed = verdicts.filter((each) => each !== null && each !== undefined).length;
    setText(part("verdict"), [
      verdict === null ? "" : `${verdict ? "✓ Right." : "✕ Not so."} ${names}`,
      open && last ? `${played.ending} ${guessed > 0 ? `You were right ${right} of ${counted(guessed, "time")}.` : ""}` : "",
    ].filter(Boolean).join(" "));
    back.disabled = at === 0 && !open;
    look.disabled = open && last;
    setText(look, open ? "Next step" : "Look what happens");
  };

  const play = async (settings) => {
    try {
      played = await get(`/lab/${field("scenario").value}`, settings);
    } catch (error) {
      setText(part("verdict"), `✕ ${error.message}`);
      return;
    }
    at = 0;
    open = false;
    verdicts = [];
    part("play").hidden = false;
    setText(part("about"), played.about);
    show();
  };

  const choose = async () => {
    await play({});
    fill("supervisor", played.supervisors.map(({ id }) => id), played.supervisors[0].id);
    fillFlags();
  };

  field("scenario").addEventListener("change", choose);
  field("supervisor").addEventListener("change", fillFlags);
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    play(new FormData(form));
  });
  look.addEventListener("click", () => {
    if (open)
      ++at;
    else
      verdicts[at] = judge(played.steps[at]);
    open = !open;
    show();
  });
  back.addEventListener("click", () => {
    if (!open)
      --at;
    open = !open;
    show();
  });

  try {
    // A server of somebody else has no laboratory, and says so.
    const index = await fetch("/", { headers: { Accept: "text/plain" } });
    if (!(await index.text()).includes("/lab/"))
      return;
    const { scenarios } = await get("/lab");
    field("scenario").replaceChildren(...scenarios.map(({ name, about }) => {
      const option = new Option(name.replace(/^\d+_/, ""), name);
      option.title = about;
      return option;
    }));
    await choose();
    document.getElementById("lab").hidden = false;
  } catch {
    // The server is gone; the page says so elsewhere.
  }
}
