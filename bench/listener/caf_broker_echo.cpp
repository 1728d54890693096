// SPDX-License-Identifier: BSD-3-Clause
//
/// An echo server on the brokers of CAF 0.17, an actor for each connection:
/// what one would write on CAF without coppice. Prints the port that it listens
/// on.

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <iostream>

namespace {

using namespace caf;
using namespace caf::io;

constexpr std::size_t read_bytes = 16 * 1024;

behavior echo(broker* self, connection_handle peer) {
  self->configure_read(peer, receive_policy::at_most(read_bytes));
  return {
    [=](const new_data_msg& msg) {
      self->write(msg.handle, msg.buf.size(), msg.buf.data());
      self->flush(msg.handle);
    },
    [=](const connection_closed_msg&) { self->quit(); },
  };
}

behavior server(broker* self) {
  auto door = self->add_tcp_doorman(0, "127.0.0.1");
  if (!door) {
    std::cerr << "caf-echo: cannot listen" << std::endl;
    self->quit(exit_reason::user_shutdown);
    return {};
  }
  std::cout << door->second << std::endl;
  return {
    [=](const new_connection_msg& msg) { self->fork(echo, msg.handle); },
  };
}

void caf_main(actor_system& system) {
  system.middleman().spawn_broker(server);
}

} // namespace

CAF_MAIN(io::middleman)
