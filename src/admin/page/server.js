// SPDX-License-Identifier: BSD-3-Clause
//
// Requests to the server, beside the stream.

let token = "";

export const setToken = (value) => { token = value; };

async function ask(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok)
    throw new Error(body.error ?? `the server answered ${answer.status}`);
  return body;
}

export const get = (path, query) =>
  ask(`${path}?${new URLSearchParams(query)}`);

const headers = () => ({
  "Content-Type": "application/json",
  ...(token ? { Authorization: `Bearer ${token}` } : {}),
});

export const post = (path, body) =>
  ask(path, { method: "POST", headers: headers(), body: JSON.stringify(body) });

export const remove = (path) =>
  ask(path, { method: "DELETE", headers: headers() });
