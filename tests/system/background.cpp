// SPDX-License-Identifier: BSD-3-Clause

#include "background.hpp"

#include "server_fixture.hpp"

#include <cerrno>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace coppice_test {

numbered_stream::numbered_stream(const server_process& server) {
  tcp_client client(server.host(), server.port());
  done_ = std::async(
    std::launch::async,
    [this, moved = std::move(client)]() mutable { run(std::move(moved)); });
}

numbered_stream::~numbered_stream() {
  finish();
}

void numbered_stream::run(tcp_client client) {
  constexpr int lines_a_block = 500;
  while (!stop_) {
    const std::string block = numbered_lines(checked_, lines_a_block);
    if (client.echo(block) != block)
      throw std::runtime_error("bytes changed after line "
                               + std::to_string(checked_));
    checked_ += lines_a_block;
  }
  if (client.exchange("", true).end != ending::eof)
    throw std::runtime_error("no EOF at the end of the stream");
}

std::string numbered_stream::finish() {
  stop_ = true;
  if (!done_.valid())
    return {};
  try {
    done_.get();
    return {};
  } catch (const std::exception& problem) {
    return problem.what();
  }
}

connecting_crowd::connecting_crowd(const server_process& server)
    : done_(std::async(std::launch::async,
                       [this, host = server.host(), port = server.port()] {
                         return run(host, port);
                       })) {}

connecting_crowd::~connecting_crowd() {
  if (done_.valid())
    finish();
}

connecting_crowd::tally connecting_crowd::run(const std::string& host,
                                              std::uint16_t port) {
  tally result;
  while (!stop_) {
    try {
      tcp_client client(host, port);
      connected_ = ++result.connected;
      try {
        if (client.echo("me too\n") == "me too\n")
          ++result.served;
      } catch (const std::runtime_error&) {
        // Connected, then lost with its acceptor: not what is counted here.
      }
      // A reset leaves no TIME_WAIT behind, so ports do not run out.
      client.reset();
    } catch (const std::system_error& problem) {
      if (problem.code().value() == ECONNREFUSED)
        ++result.refused;
      else
        ++result.failed;
    }
  }
  return result;
}

connecting_crowd::tally connecting_crowd::finish() {
  stop_ = true;
  return done_.get();
}

} // namespace coppice_test
