// SPDX-License-Identifier: BSD-3-Clause
//
// The one stream that feeds the page. The browser reconnects by itself, and
// says which event it has seen last.

const lately = 10_000; // ms: longer than a drain may take by default

// Nobody knows what the server is now: the page says what it heard last; that the
// server was to end, if it heard so.
function lossInWords(model) {
  const isEnd = ({ path, kind, at }) => at > model.now() - lately
    && (kind === "draining" || path === model.root?.path);
  const last = model.events.findLast(isEnd) ?? model.events.at(-1);
  return "✕ the server does not answer; what you see is how it was. "
    + (last ? `Last heard: ${last.text}. ` : "") + "Trying again";
}

export function connect(model, link) {
  const source = new EventSource("/events/stream?since=0&canary=true");
  const say = (state, text) => {
    link.dataset.state = state;
    link.textContent = text;
  };
  source.addEventListener("open", () => say("live", "live"));
  source.addEventListener("error", () => {
    model.lose();
    say("lost", lossInWords(model));
    // An answer such as 503 ends an EventSource for good.
    if (source.readyState === EventSource.CLOSED)
      setTimeout(() => connect(model, link), 2000);
  });
  source.addEventListener("hello", (e) => model.greet(JSON.parse(e.data)));
  source.addEventListener("tree", (e) => model.setTree(JSON.parse(e.data)));
  source.addEventListener("traffic", (e) => model.addSample(JSON.parse(e.data)));
  source.addEventListener("message", (e) => model.add(JSON.parse(e.data)));
}
