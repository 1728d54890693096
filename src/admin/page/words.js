// SPDX-License-Identifier: BSD-3-Clause
//
// How things are called and written.

export const glyphs = {
  running: "●",
  starting: "◐",
  restarting: "↻",
  stopped: "○",
  given_up: "✕",
  unknown: "?",
};

// What is done to an actor and does not show in its state.
export function faultsOf(node) {
  const words = node.suspended ? ["suspended"] : [];
  for (const { point } of node.armed ?? [])
    words.push(armedWords[point] ?? `${point} is armed`);
  return words;
}

const armedWords = {
  "actor.start": "next start fails",
  "actor.stop": "refuses to stop",
};

export const parentOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

export const idOf = (path) => path.slice(path.lastIndexOf("/") + 1);

// A fault point may be that of one actor: NAME:PATH.
export const pathOfPoint = (name) => name.replace(/^[a-z]+(\.[a-z_]+)+:/, "");

export const listed = (ids) =>
  (ids.length > 6 ? `${ids.slice(0, 5).join(", ")} and ${ids.length - 5} more` : ids.join(", "));

export const counted = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

// A budget as dots, where it is small enough; `next` marks the last that is used.
export function dots(used, most, next = "●") {
  const full = Math.min(used, most);
  return most > 10 ? "" : `${"●".repeat(Math.max(0, full - 1))}${full > 0 ? next : ""}${"○".repeat(most - full)}`;
}

// Characters that turn the direction of what follows are shown as their number.
export const plain = (text) => text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
  (c) => `\\u${c.charCodeAt(0).toString(16)}`);

export const isClean = (reason) =>
  reason === "normal" || reason === "shutdown" || reason.startsWith("{shutdown,");

// For a shell.
export const quoted = (text) =>
  /^[\w:./@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

// For C++.
export const literal = (text) => JSON.stringify(text);

export function bytes(count) {
  if (count < 1000)
    return `${Math.round(count)} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let unit = -1;
  while (count >= 1000 && unit < units.length - 1) {
    count /= 1000;
    ++unit;
  }
  return `${count.toFixed(count < 10 ? 1 : 0)} ${units[unit]}`;
}

// A duration in words.
export function duration(ms) {
  if (ms < 0.9995)
    return `${Math.round(ms * 1000)} µs`;
  return ms < 999.5 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

// A long time in words, of which its largest unit is told.
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60)
    return `${seconds} s`;
  if (seconds < 3600)
    return `${Math.floor(seconds / 60)} min`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

// An element whose text is text, whatever is in it.
export function element(name, className = "", text = "") {
  const result = document.createElement(name);
  if (className)
    result.className = className;
  if (text)
    result.textContent = text;
  return result;
}

export function setText(node, text) {
  if (node.textContent !== text)
    node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value)
    node.setAttribute(name, value);
}
