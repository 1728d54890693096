// SPDX-License-Identifier: BSD-3-Clause
//
// Five cards for somebody who knows nothing of supervision. Each asks, has the
// sandbox play, and says then what the engine did.

import { dots, setText } from "./words.js";

const seenKey = "coppice.tour";

const world = ({ strategies }, wanted) => strategies.find(({ strategy }) => strategy === wanted).rounds;

const others = ({ children }, ids) => children.filter((id) => !ids.includes(id)).join(" and ");

const cards = [
  {
    title: "A child fails", strategy: "one_for_one", settings: {},
    asks: "A supervisor starts its children, and starts them again when they fail. Here team is the supervisor of a, b and c. Now b fails. What becomes of a and c?",
    fact: (answer) => {
      const [{ affected }] = world(answer, "one_for_one");
      return `one_for_one: only ${affected.join(", ")} started again. ${others(answer, affected)} kept running.`;
    },
  },
  {
    title: "All for one", strategy: "one_for_all", settings: {},
    asks: "Some children cannot work without each other. For them there is one_for_all. b fails again. What becomes of a and c now?",
    fact: (answer) => {
      const [{ affected, steps }] = world(answer, "one_for_all");
      const stopped = steps.filter(({ what }) => what === "stopped").map(({ id }) => id);
      return `one_for_all: ${stopped.join(" and ")} were stopped, too, and ${affected.join(", ")} started again, in this order. rest_for_one lies between: only what was started after b goes along.`;
    },
  },
  {
    title: "A budget", strategy: "one_for_one", settings: { times: "2" },
    asks: "What fails again and again is not helped by one more restart. So each supervisor has a budget: here 2 restarts within 5 s. b fails twice. What is left?",
    fact: (answer) => {
      const { budget_used: used, intensity, period_seconds: period } = world(answer, "one_for_one").at(-1);
      return `${used} of ${intensity} restarts are used, ${intensity - used} left. Each comes back ${period} s after it was used.`;
    },
  },
  {
    title: "One failure too many", strategy: "one_for_one", settings: { times: "3" },
    asks: "b fails a third time within these 5 s. What can team do, and what does top, the supervisor above it?",
    fact: (answer) => {
      const { ends_with: end, above } = world(answer, "one_for_one").at(-1);
      return `team had no restart left: it gave up, and ended with ${end}. For top it is a child that failed, like any other: top restarted ${above.affected.join(", ")} (${above.budget_used} of ${above.intensity} of its own restarts used). The new team has a full budget again, and all its children are new.`;
    },
  },
  {
    title: "Up to the top", strategy: "one_for_one", settings: { times: "6" },
    asks: "team uses up its new budget as well, before top has its restart back. And now?",
    fact: (answer) => {
      const { above } = world(answer, "one_for_one").at(-1);
      return `${above.outcome === "gives_up" ? "top had no restart left, either, and gave up" : "top restarted it"}. Above the top there is nobody: a coppice server ends then, with exit code 4, so that Docker or systemd can start it again. On a server, the clients of what ends lose their connections; each story says how many. Now try it: choose an acceptor in the tree, and press crash.`;
    },
  },
];

function remember(value) {
  try {
    if (value)
      localStorage.setItem(seenKey, value);
    return localStorage.getItem(seenKey);
  } catch {
    return value ?? null; // a browser may forbid it
  }
}

export function addTour(sandbox) {
  const box = document.getElementById("tour");
  const [title, text, fact] = ["title", "text", "fact"].map((id) => document.getElementById(`tour-${id}`));
  const [show, next, end] = ["show", "next", "end"].map((id) =>
    /** @type {HTMLButtonElement} */ (document.getElementById(`tour-${id}`)));
  const take = document.getElementById("take-tour");
  const place = document.getElementById("tour-dots");
  let at = 0;

  const call = () => setText(take, remember() ? "tour" : "New here? Take the tour");
  const open = (card) => {
    at = card;
    box.hidden = false;
    setText(title, `${at + 1} of ${cards.length}: ${cards[at].title}`);
    setText(text, cards[at].asks);
    setText(fact, "");
    next.disabled = true;
    next.hidden = at + 1 === cards.length;
    show.disabled = false;
    setText(place, dots(at + 1, cards.length));
    show.focus({ preventScroll: true });
  };
  const close = () => {
    box.hidden = true;
    sandbox.highlight(null);
    remember("seen");
    call();
  };

  take.addEventListener("click", () => {
    open(0);
    box.scrollIntoView({ block: "start" });
  });
  show.addEventListener("click", async () => {
    const card = at;
    show.disabled = true;
    setText(fact, "");
    const answer = await sandbox.play(cards[card].settings, cards[card].strategy);
    if (card !== at || box.hidden)
      return;
    show.disabled = false;
    if (!answer)
      return;
    setText(fact, cards[card].fact(answer));
    next.disabled = false;
    (next.hidden ? end : next).focus({ preventScroll: true });
  });
  next.addEventListener("click", () => open(at + 1));
  end.addEventListener("click", () => {
    close();
    take.focus({ preventScroll: true });
  });
  call();
}
