// SPDX-License-Identifier: BSD-3-Clause
//
// The keys of a tree, as everywhere else.

import { parentOf } from "./words.js";

export function addKeys(tree) {
  tree.host.addEventListener("keydown", (e) => {
    if (e.altKey || e.ctrlKey || e.metaKey)
      return;
    const at = tree.shown.findIndex(({ node }) => node.path === tree.selected);
    const node = tree.shown[at]?.node;
    if (!node)
      return;
    const go = (index) => {
      const to = tree.shown[Math.min(Math.max(index, 0), tree.shown.length - 1)];
      tree.focus(to.node.path);
    };
    const inner = node.children.length > 0;
    const keys = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      Home: () => go(0),
      End: () => go(tree.shown.length - 1),
      ArrowRight: () => {
        if (inner && tree.folded(node))
          tree.fold(node.path, false);
        else if (inner)
          go(at + 1);
      },
      ArrowLeft: () => {
        if (inner && !tree.folded(node))
          tree.fold(node.path, true);
        else if (parentOf(node.path))
          tree.focus(parentOf(node.path));
      },
      Enter: () => /** @type {HTMLButtonElement} */ (
        document.querySelector("#actions button:not(:disabled)"))?.focus(),
    };
    if (!keys[e.key])
      return;
    e.preventDefault();
    keys[e.key]();
  });
}
