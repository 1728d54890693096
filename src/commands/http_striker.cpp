// SPDX-License-Identifier: BSD-3-Clause

#include "commands/http_striker.hpp"

#include "admin/bounded_http.hpp"
#include "commands/answers.hpp"
#include "fault/names.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
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
// Longer than a server needs that is held up.
constexpr std::chrono::milliseconds lease_lasts = 10s;

std::optional<supervision::own_budget> own_budget_of(answer_part node) {
  auto own = node.find("own_budget");
  if (!own)
    return {};
  auto number = [&](const char* key) {
    return static_cast<std::int64_t>(own->at(key).number());
  };
  return supervision::own_budget{
    own->at("used").number(), number("intensity"),
    std::chrono::seconds{number("period_seconds")}};
}

void collect(answer_part node, std::vector<nemesis::target>& into) {
  auto number = [&](const char* key) {
    auto found = node.find(key);
    return found ? static_cast<std::int64_t>(found->number()) : 0;
  };
  into.push_back({.path = node.at("path").text(),
                  .worker = node.at("type").text() == "worker",
                  .running = node.at("state").text() == "running",
                  .incarnation = node.at("incarnation").number(),
                  .intensity = number("intensity"),
                  .period = std::chrono::seconds{number("period_seconds")},
                  .budget_used = number("budget_used"),
                  .own = own_budget_of(node)});
  for (auto& child : node.at("children").elements())
    collect(child, into);
}

// The result of a request. An actor that is missing is no mistake: it may be
// about to be started again.
nemesis::answer judge(const admin::answer& got, const std::string& done,
                      bool may_be_away = true) {
  if (got)
    return {kind::done, done};
  auto& error = got.error();
  switch (error.status) {
  case 400:
  case 401:
  case 403:
    return {kind::refused, error.message};
  case 404:
    return {may_be_away ? kind::missed : kind::refused, error.message};
  default:
    return {kind::missed, error.message};
  }
}

// The first listener that a pattern names.
std::string listener_in(answer_part all, const std::string& pattern) {
  for (auto& each : all.at("listeners").elements())
    if (auto name = each.at("name").text(); fault::matches(pattern, name))
      return name;
  return {};
}

// No two processes have the same.
std::string name_of_lease() {
  std::random_device chance;
  return "nemesis-" + std::to_string(::getpid()) + "-"
         + std::to_string(chance());
}

} // namespace

http_striker::http_striker(admin::client server, nemesis::clock& clock)
    : server_(std::move(server)), clock_(clock), lease_(name_of_lease()) {
  // nop
}

std::optional<std::vector<nemesis::target>> http_striker::look() const {
  auto answer = server_.get("/tree");
  if (!answer)
    return {};
  auto root = json_of(*answer);
  std::vector<nemesis::target> result;
  collect(answer_part{root}, result);
  return result;
}

// -- the lease ----------------------------------------------------------------

admin::answer http_striker::keep_lease() {
  kept_ = std::chrono::steady_clock::now();
  return server_.put("/leases/" + lease_,
                     in_ascii(json{{"ttl_ms", lease_lasts.count()}}));
}

void http_striker::keep_lease_if_due() {
  if (std::chrono::steady_clock::now() >= kept_ + lease_lasts / 5)
    (void)keep_lease(); // a server that does not answer gets it the next time
}

std::string http_striker::on_lease(const std::string& path) const {
  return path + "?lease=" + lease_;
}

// -- strikes ------------------------------------------------------------------

nemesis::answer http_striker::strike(const nemesis::moment& what) {
  keep_lease_if_due();
  if (what.undo)
    return undo(what);
  switch (what.what.fault) {
  case nemesis::fault_kind::arm:
    return judge(
      server_.put(on_lease("/faults/" + admin::in_url(what.what.target)),
                  in_ascii(json{{"term", what.what.detail}})),
      what.what.target, false);
  case nemesis::fault_kind::stall:
    return stall(what);
  case nemesis::fault_kind::toxic:
    return add_toxic(what);
  case nemesis::fault_kind::reload:
    return judge(server_.post("/reload", ""), "reload");
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
  return judge(server_.post("/actors/stall", in_ascii(body)),
               "reactor " + std::to_string(what.what.reactor));
}

nemesis::answer http_striker::strike_actor(const nemesis::moment& what) {
  auto actors = look();
  if (!actors)
    return {kind::missed, "the server did not show its tree"};
  auto victim = aim_.pick(what, *actors, clock_.now());
  if (!victim)
    return {victim.error().spared ? kind::spared : kind::missed,
            victim.error().why};
  auto result = judge(ask_for(what, *victim), *victim);
  if (result.what != kind::done)
    return result;
  struck_[{what.step, what.turn}] = *victim;
  if (what.what.fault == nemesis::fault_kind::suspend)
    suspended_.insert(*victim);
  return result;
}

admin::answer http_striker::ask_for(const nemesis::moment& what,
                                    const std::string& path) {
  json body{{"path", path}};
  auto fault = what.what.fault;
  if (fault == nemesis::fault_kind::kill
      || fault == nemesis::fault_kind::kill_random) {
    body["reason"] = what.what.detail.empty() ? "kill" : what.what.detail;
    return server_.post("/kill", in_ascii(body));
  }
  if (fault == nemesis::fault_kind::fail_starts
      || fault == nemesis::fault_kind::flood)
    body["count"] = what.what.count;
  return server_.post(on_lease("/actors/" + std::string{to_string(fault)}),
                      in_ascii(body));
}

nemesis::answer http_striker::add_toxic(const nemesis::moment& what) {
  auto listed = server_.get("/listeners");
  if (!listed)
    return {kind::missed, listed.error().message};
  auto all = json_of(*listed);
  auto listener = listener_in(answer_part{all}, what.what.target);
  if (listener.empty())
    return {kind::missed, "there is no listener " + what.what.target};
  auto toxic = json::parse(what.what.detail);
  if (!toxic.contains("name"))
    toxic["name"] = "nemesis_" + std::to_string(what.step);
  auto path = "/listeners/" + admin::in_url(listener) + "/toxics";
  auto result = judge(server_.post(on_lease(path), in_ascii(toxic)),
                      toxic["name"].get<std::string>(), false);
  if (result.what != kind::done)
    return result;
  path += "/" + admin::in_url(toxic["name"].get<std::string>());
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
    return judge(server_.remove("/faults/" + admin::in_url(point)), point);
  }
  auto result = judge(
    server_.post("/actors/resume", in_ascii(json{{"path", path}})), path);
  if (result.what == kind::done)
    suspended_.erase(path);
  return result;
}

// -- healing ------------------------------------------------------------------

expected<void, std::string> http_striker::heal() {
  auto limit = std::chrono::steady_clock::now() + healing_limit;
  for (;;) {
    auto healed = heal_once();
    if (healed || std::chrono::steady_clock::now() > limit)
      return healed;
    // A run that was interrupted heals all the same.
    clock_.wait_until(clock_.now() + between_looks);
  }
}

expected<void, std::string> http_striker::heal_once() {
  for (auto& path : suspended_)
    (void)server_.post("/actors/resume", in_ascii(json{{"path", path}}));
  if (auto cleared = server_.remove("/faults"); !cleared)
    return unexpected{"faults were not cleared: " + cleared.error().message};
  if (auto removed = remove_toxics(); !removed)
    return removed;
  auto well = all_well();
  if (well)
    (void)server_.remove("/leases/" + lease_); // nothing is left on it
  return well;
}

expected<void, std::string> http_striker::remove_toxics() {
  while (!toxics_.empty()) {
    auto removed = server_.remove(*toxics_.begin());
    if (!removed && removed.error().status != 404)
      return unexpected{*toxics_.begin()
                        + " was not removed: " + removed.error().message};
    toxics_.erase(toxics_.begin());
  }
  return {};
}

expected<void, std::string> http_striker::all_well() const {
  auto listed = server_.get("/faults");
  if (!listed)
    return unexpected<std::string>{"the server does not show its faults"};
  auto faults = json_of(*listed);
  for (auto& each : answer_part{faults}.at("points").elements())
    if (each.has("term"))
      return unexpected{each.at("name").text() + " is still armed"};
  auto actors = look();
  if (!actors)
    return unexpected<std::string>{"the server does not show its tree"};
  for (auto& each : *actors)
    if (!each.running)
      return unexpected{each.path + " does not run"};
  return {};
}

} // namespace coppice::commands
