// SPDX-License-Identifier: BSD-3-Clause

#include "commands/http_striker.hpp"

#include "fault/names.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <utility>

namespace coppice::commands {

using namespace std::chrono_literals;
using nemesis::answer;
using nemesis::fault_kind;
using nemesis::moment;
using nlohmann::json;
using kind = nemesis::answer::kind;

namespace {

constexpr auto healing_limit = 15s;
constexpr auto between_looks = 50ms;

void collect(const json& node, std::vector<nemesis::target>& into) {
  into.push_back(
    {.path = node.at("path"),
     .worker = node.at("type") == "worker",
     .running = node.at("state") == "running",
     .incarnation = node.at("incarnation"),
     .intensity = node.value("intensity", std::int64_t{0}),
     .period = std::chrono::seconds{node.value("period_seconds", 0)},
     .budget_used = node.value("budget_used", std::int64_t{0})});
  for (auto& child : node.at("children"))
    collect(child, into);
}

// The result of a request. An actor that is missing is no mistake: it may be
// about to be started again.
nemesis::answer judge(const admin::answer& got, const std::string& done,
                      bool may_be_away = true) {
  switch (got.status) {
  case 200:
    return {kind::done, done};
  case 400:
  case 401:
  case 403:
    return {kind::refused, got.error};
  case 404:
    return {may_be_away ? kind::missed : kind::refused, got.error};
  default:
    return {kind::missed, got.error};
  }
}

std::string point_of(const nemesis::moment& what, const std::string& path) {
  if (what.what.fault == nemesis::fault_kind::fail_starts)
    return "actor.start:" + path;
  if (what.what.fault == nemesis::fault_kind::refuse_stop)
    return "actor.stop:" + path;
  return what.what.target;
}

// The first listener that a pattern names.
std::string listener_in(const json& all, const std::string& pattern) {
  if (!all.is_object() || !all.contains("listeners"))
    return {};
  for (auto& each : all["listeners"])
    if (auto name = each.value("name", ""); fault::matches(pattern, name))
      return name;
  return {};
}

} // namespace

http_striker::http_striker(admin::client server, nemesis::clock& clock)
    : server_(std::move(server)), clock_(clock) {
  // nop
}

std::optional<std::vector<nemesis::target>> http_striker::look() const {
  auto answer = server_.get("/tree");
  if (answer.status != 200)
    return {};
  try {
    std::vector<nemesis::target> result;
    collect(json::parse(answer.body), result);
    return result;
  } catch (const json::exception&) {
    return {};
  }
}

// -- strikes ------------------------------------------------------------------

nemesis::answer http_striker::strike(const nemesis::moment& what) {
  if (what.undo)
    return undo(what);
  switch (what.what.fault) {
  case nemesis::fault_kind::arm:
    return judge(server_.put("/faults/" + what.what.target,
                             json{{"term", what.what.detail}}.dump()),
                 what.what.target, false);
  case nemesis::fault_kind::stall:
    return stall(what);
  case nemesis::fault_kind::toxic:
    return add_toxic(what);
  case nemesis::fault_kind::kill:
  case nemesis::fault_kind::kill_random:
  case nemesis::fault_kind::burn_budget:
  case nemesis::fault_kind::fail_starts:
  case nemesis::fault_kind::refuse_stop:
  case nemesis::fault_kind::suspend:
  case nemesis::fault_kind::flood:
    return strike_actor(what);
  }
  return {};
}

nemesis::answer http_striker::stall(const nemesis::moment& what) {
  json body{{"reactor", what.what.reactor},
            {"time_ms", what.what.time.count()}};
  return judge(server_.post("/actors/stall", body.dump()),
               "reactor " + std::to_string(what.what.reactor));
}

nemesis::answer http_striker::strike_actor(const nemesis::moment& what) {
  auto actors = look();
  if (!actors)
    return {kind::missed, "the server did not show its tree"};
  auto victim = aim_.pick(what, *actors, clock_.now());
  if (victim.path.empty())
    return {victim.spared ? kind::spared : kind::missed, victim.why};
  auto result = judge(ask_for(what, victim.path), victim.path);
  if (result.what != kind::done)
    return result;
  struck_[{what.step, what.turn}] = victim.path;
  if (what.what.fault == nemesis::fault_kind::suspend)
    suspended_.insert(victim.path);
  return result;
}

admin::answer http_striker::ask_for(const nemesis::moment& what,
                                    const std::string& path) {
  json body{{"path", path}};
  auto fault = what.what.fault;
  if (fault == nemesis::fault_kind::kill
      || fault == nemesis::fault_kind::kill_random) {
    body["reason"] = what.what.detail.empty() ? "kill" : what.what.detail;
    return server_.post("/kill", body.dump());
  }
  if (fault == nemesis::fault_kind::fail_starts
      || fault == nemesis::fault_kind::flood)
    body["count"] = what.what.count;
  return server_.post("/actors/" + std::string{to_string(fault)}, body.dump());
}

nemesis::answer http_striker::add_toxic(const nemesis::moment& what) {
  auto all = json::parse(server_.get("/listeners").body, nullptr, false);
  auto listener = listener_in(all, what.what.target);
  if (listener.empty())
    return {kind::missed, "there is no listener " + what.what.target};
  auto toxic = json::parse(what.what.detail);
  if (!toxic.contains("name"))
    toxic["name"] = "nemesis_" + std::to_string(what.step);
  auto path = "/listeners/" + listener + "/toxics";
  auto result = judge(server_.post(path, toxic.dump()),
                      toxic["name"].get<std::string>(), false);
  if (result.what != kind::done)
    return result;
  path += "/" + toxic["name"].get<std::string>();
  struck_[{what.step, what.turn}] = path;
  toxics_.insert(path);
  return result;
}

nemesis::answer http_striker::undo(const nemesis::moment& what) {
  auto found = struck_.find({what.step, what.turn});
  auto path = found == struck_.end() ? "" : found->second;
  if (what.what.fault != nemesis::fault_kind::arm && path.empty())
    return {kind::missed, "it was not done"};
  struck_.erase({what.step, what.turn});
  if (what.what.fault == nemesis::fault_kind::toxic)
    return judge(server_.remove(path), path);
  if (what.what.fault != nemesis::fault_kind::suspend) {
    auto point = point_of(what, path);
    return judge(server_.remove("/faults/" + point), point);
  }
  auto result
    = judge(server_.post("/actors/resume", json{{"path", path}}.dump()), path);
  if (result.what == kind::done)
    suspended_.erase(path);
  return result;
}

// -- healing ------------------------------------------------------------------

std::string http_striker::heal() {
  auto limit = std::chrono::steady_clock::now() + healing_limit;
  for (;;) {
    auto wrong = heal_once();
    if (wrong.empty() || std::chrono::steady_clock::now() > limit)
      return wrong;
    // A run that was interrupted heals all the same.
    clock_.wait_until(clock_.now() + between_looks);
  }
}

std::string http_striker::heal_once() {
  for (auto& path : suspended_)
    server_.post("/actors/resume", json{{"path", path}}.dump());
  if (auto cleared = server_.remove("/faults"); cleared.status != 200)
    return "faults were not cleared: " + cleared.error;
  if (auto wrong = remove_toxics(); !wrong.empty())
    return wrong;
  return what_is_wrong();
}

std::string http_striker::remove_toxics() {
  while (!toxics_.empty()) {
    auto removed = server_.remove(*toxics_.begin());
    if (removed.status != 200 && removed.status != 404)
      return *toxics_.begin() + " was not removed: " + removed.error;
    toxics_.erase(toxics_.begin());
  }
  return {};
}

std::string http_striker::what_is_wrong() const {
  auto faults = json::parse(server_.get("/faults").body, nullptr, false);
  if (!faults.is_object() || !faults.contains("points"))
    return "the server does not show its faults";
  for (auto& each : faults["points"])
    if (!each.value("term", json{}).is_null())
      return each.value("name", "") + " is still armed";
  auto actors = look();
  if (!actors)
    return "the server does not show its tree";
  for (auto& each : *actors)
    if (!each.running)
      return each.path + " does not run";
  return {};
}

} // namespace coppice::commands
