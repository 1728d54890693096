// SPDX-License-Identifier: BSD-3-Clause
//
// The one stream that feeds the page. The browser reconnects by itself, and
// says which event it has seen last.

export function connect(model, link) {
  const source = new EventSource("/events/stream?since=0&canary=true");
  const say = (state, text) => {
    link.dataset.state = state;
    link.textContent = text;
  };
  source.addEventListener("open", () => say("live", "live"));
  source.addEventListener("error", () => {
    say("lost", "✕ connection lost, trying again");
    // An answer such as 503 ends an EventSource for good.
    if (source.readyState === EventSource.CLOSED)
      setTimeout(() => connect(model, link), 2000);
  });
  source.addEventListener("hello", (e) => model.greet(JSON.parse(e.data)));
  source.addEventListener("tree", (e) => model.setTree(JSON.parse(e.data)));
  source.addEventListener("traffic", (e) => model.addSample(JSON.parse(e.data)));
  source.addEventListener("message", (e) => model.add(JSON.parse(e.data)));
}
