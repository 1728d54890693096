// SPDX-License-Identifier: BSD-3-Clause

#include "commands/end_actor.hpp"

#include "commands/answers.hpp"
#include "commands/live_tree.hpp"
#include "commands/remote.hpp"
#include "observe/printable.hpp"
#include "server/exit_code.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

namespace coppice::commands {

using namespace std::chrono_literals;

namespace {

constexpr auto end_limit = 3s;
constexpr auto look_again_after = 20ms;

// Which life of the actor at `path` is shown below `node`; nothing: none.
std::optional<std::uint64_t> incarnation_of(answer_part node,
                                            const std::string& path) {
  if (node.at("path").text() == path)
    return node.at("incarnation").number();
  for (auto& child : node.at("children").elements())
    if (auto found = incarnation_of(child, path))
      return found;
  return {};
}

// Whether the actor has ended although no answer came: the admin API may end
// with the actor, or be restarted.
bool has_ended(const admin::client& server, const std::string& path,
               std::optional<std::uint64_t> incarnation) {
  auto end = std::chrono::steady_clock::now() + end_limit;
  do {
    auto answer = server.get("/tree");
    if (!answer
        && answer.error().why == admin::request_error::code::unreachable)
      return true;
    if (answer) {
      auto root = json_of(*answer);
      if (incarnation_of(answer_part{root}, path) != incarnation)
        return true;
    }
    std::this_thread::sleep_for(look_again_after);
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

int tell_end(const std::string& path, const std::string& reason,
             const char* more) {
  std::cout << "killed " << observe::printable(path) << " ("
            << observe::printable(reason) << ")" << more << "\n";
  return done;
}

int send_signal(const admin::client& server, const std::string& path,
                const std::string& signal) {
  nlohmann::json body{{"path", path}, {"signal", signal}};
  auto answer = server.post("/kill", in_ascii(body));
  if (!answer)
    return report(answer.error());
  std::cout << "sent " << observe::printable(signal) << " to "
            << observe::printable(path) << "\n";
  return done;
}

} // namespace

int end_actor(const end_options& options) {
  auto path = actor_at(options, options.path);
  if (!path)
    return path.error();
  auto server = changing(options);
  if (!server)
    return report(server.error());
  if (!options.signal.empty())
    return send_signal(*server, *path, options.signal);
  auto before = server->get("/tree");
  if (!before)
    return report(before.error());
  auto root = json_of(*before);
  auto incarnation = incarnation_of(answer_part{root}, *path);
  nlohmann::json body{{"path", *path}, {"reason", options.reason}};
  auto answer = server->post("/kill", in_ascii(body));
  if (answer)
    return tell_end(*path, options.reason, "");
  if (cut_off(answer) && incarnation && has_ended(*server, *path, incarnation))
    return tell_end(*path, options.reason, "; it took the answer with it");
  return report(answer.error());
}

} // namespace coppice::commands
