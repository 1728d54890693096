// SPDX-License-Identifier: BSD-3-Clause
// A client of TLS for tests/edge/tls_clients_test.py, which says how it is used.
"use strict";

const fs = require("fs");
const tls = require("tls");

const [port, authority, version, name, alpn, cert, key, count] =
  process.argv.slice(2);

function connect(session) {
  return new Promise((resolve) => {
    let later = session;
    let echo = "";
    const socket = tls.connect({
      host: "127.0.0.1",
      port: Number(port),
      ca: fs.readFileSync(authority),
      servername: name,
      minVersion: "TLSv" + version,
      maxVersion: "TLSv" + version,
      session,
      ...(alpn ? { ALPNProtocols: alpn.split(",") } : {}),
      ...(cert ? { cert: fs.readFileSync(cert), key: fs.readFileSync(key) } : {}),
    });
    const said = { echo };
    socket.on("session", (data) => { later = data; });
    socket.on("secureConnect", () => {
      said.version = socket.getProtocol().replace("TLSv", "");
      said.alpn = socket.alpnProtocol || "";
      said.resumed = socket.isSessionReused();
      socket.write("hello\nstop\n");
    });
    socket.on("data", (data) => { said.echo += data; });
    socket.on("error", (error) => resolve([{ error: String(error) }]));
    socket.on("end", () => { socket.end(); resolve([said, later]); });
  });
}

(async () => {
  let session;
  for (let i = 0; i < Number(count); ++i) {
    const [said, later] = await connect(session);
    session = later;
    console.log(JSON.stringify(said));
  }
})();
