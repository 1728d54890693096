// SPDX-License-Identifier: BSD-3-Clause

#include "admin/health.hpp"

#include "actor/directory.hpp"
#include "actor/forecast.hpp"
#include "admin/responses.hpp"
#include "coppice/expected.hpp"
#include "coppice/net/reactor.hpp"
#include "net/event_loop.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <set>
#include <utility>

namespace coppice::admin {

using namespace std::chrono_literals;

namespace {

// `2.5 s`
std::string seconds_text(std::chrono::nanoseconds length) {
  auto tenths
    = std::chrono::duration_cast<std::chrono::milliseconds>(length) / 100ms;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

void add_supervisors(const observe::node_view& node,
                     std::vector<std::string>& to) {
  if (node.type == supervision::child_type::supervisor
      && node.state == observe::node_state::running)
    to.push_back(node.path);
  for (auto& child : node.children)
    add_supervisors(child, to);
}

// Whether a listener takes more clients; else why not.
expected<void, std::string> takes_clients(const net::listener& of) {
  auto name = "listener:" + of.config().name;
  switch (of.state()) {
  case net::listener_state::down:
    return unexpected{name + " is down: its port is closed"};
  case net::listener_state::suspended:
    return unexpected{name + " is suspended"};
  case net::listener_state::draining:
    return unexpected{name + " is draining"};
  case net::listener_state::listening:
    break;
  }
  if (of.leaving())
    return unexpected{name + " is draining soon"};
  if (of.sockets() == 0)
    return unexpected{name + " has no open port"};
  auto limit = of.limits().max_connections;
  auto active = of.active();
  if (limit && active >= static_cast<std::int64_t>(*limit))
    return unexpected{name + " is full: " + std::to_string(active) + " of "
                      + std::to_string(*limit) + " connections"};
  return {};
}

} // namespace

health::health(actor::runtime_ptr rt, net::listener_set listeners)
    : rt_(std::move(rt)), listeners_(std::move(listeners)) {
  // nop
}

// Any question does: a supervisor answers it behind what it has to do already,
// and also while it waits for a child.
void health::look() {
  auto now = clock::now();
  std::vector<std::string> supervisors;
  if (auto root = rt_->tree.look(now))
    add_supervisors(*root, supervisors);
  std::map<std::string, question> asked;
  std::lock_guard guard{mutex_};
  for (auto& path : supervisors) {
    auto found = rt_->directory.find(path);
    if (!found)
      continue;
    auto address = found->handle.address();
    auto before = questions_.find(path);
    if (before != questions_.end() && before->second.asked == address
        && !before->second.answer.get_within(0ms)) {
      asked.emplace(path, before->second); // it still owes that answer
      continue;
    }
    if (auto answer = actor::foresee(*rt_, path, {}))
      asked.emplace(path, question{address, now, *answer});
  }
  questions_ = std::move(asked);
}

std::vector<std::string> health::why_not_alive() const {
  auto now = clock::now();
  std::vector<std::string> result;
  std::set<unsigned> seen; // listeners may share reactors
  for (auto& listener : listeners_.all())
    for (auto& each : listener->reactors())
      if (auto busy = each->loop().busy_for();
          busy > patience && seen.insert(each->index()).second)
        result.push_back("reactor:" + std::to_string(each->index())
                         + " has not turned for " + seconds_text(busy));
  std::lock_guard guard{mutex_};
  for (auto& [path, each] : questions_)
    if (now - each.at > patience && !each.answer.get_within(0ms))
      result.push_back("the supervisor " + path + " has not answered for "
                       + seconds_text(now - each.at));
  return result;
}

std::vector<std::string> health::why_not_ready() const {
  std::vector<std::string> result;
  if (!rt_->tree.look(clock::now()))
    result.push_back("there is no tree yet");
  for (auto& each : listeners_.all())
    if (auto takes = takes_clients(*each); !takes)
      result.push_back(std::move(takes.error()));
  return result;
}

response health_answer(const request& req, const char* name,
                       const std::vector<std::string>& why_not) {
  auto good = why_not.empty();
  std::string text = good ? name : std::string{"not "} + name;
  std::string lines = text + "\n";
  for (auto& each : why_not)
    lines += each + "\n";
  response result{good ? 200 : 503, std::move(lines),
                  "text/plain; charset=utf-8"};
  if (req.accept.find("application/json") != std::string::npos) {
    nlohmann::json body{{name, good}, {"reasons", why_not}};
    if (!good) {
      for (auto& each : why_not)
        text += (&each == &why_not.front() ? ": " : "; ") + each;
      body["error"] = text;
    }
    result.body = written(body);
    result.content_type = "application/json";
  }
  result.headers.emplace("Cache-Control", "no-store");
  return result;
}

} // namespace coppice::admin
