// SPDX-License-Identifier: BSD-3-Clause
//
// An echo server on Node. Prints the port that it listens on.
'use strict';
const net = require('net');

const server = net.createServer({noDelay: true}, (peer) => {
  peer.on('error', () => peer.destroy());
  peer.pipe(peer);
});
server.listen({port: 0, host: '127.0.0.1', backlog: 4096},
              () => console.log(server.address().port));
