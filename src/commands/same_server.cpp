// SPDX-License-Identifier: BSD-3-Clause

#include "commands/same_server.hpp"

#include "commands/answers.hpp"
#include "coppice/observe/peer_address.hpp"
#include "net/peer.hpp"
#include "net/socket.hpp"

#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>

namespace coppice::commands {

using namespace std::chrono_literals;

namespace {

// How long a server may take to accept a connection.
constexpr auto accept_limit = 3s;
constexpr auto look_again_after = 50ms;

bool shows_peer(answer_part node, const std::string& peer) {
  if (auto shown = node.find("peer"); shown && shown->text() == peer)
    return true;
  for (auto& child : node.at("children").elements())
    if (shows_peer(child, peer))
      return true;
  return false;
}

// This end of a connection, as the other end shows it.
std::string name_of_this_end(int fd) {
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length);
  return to_string(net::to_peer(local));
}

} // namespace

sameness compare_servers(const admin::client& admin,
                         const nemesis::server_address& where) {
  auto connection = nemesis::connect_to(where);
  if (!connection)
    return sameness::no_server;
  auto peer = name_of_this_end(connection.fd());
  auto end = std::chrono::steady_clock::now() + accept_limit;
  do {
    auto answer = admin.get("/tree?connections=true");
    if (!answer)
      return sameness::no_admin;
    auto root = json_of(*answer);
    if (shows_peer(answer_part{root}, peer))
      return sameness::same;
    std::this_thread::sleep_for(look_again_after);
  } while (std::chrono::steady_clock::now() < end);
  return sameness::other;
}

} // namespace coppice::commands
