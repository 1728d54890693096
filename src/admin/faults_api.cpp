// SPDX-License-Identifier: BSD-3-Clause

#include "admin/faults_api.hpp"

#include "actor/actor_faults.hpp"
#include "actor/directory.hpp"
#include "admin/responses.hpp"
#include "admin/tree_json.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

namespace coppice::admin {

using actor::fault_outcome;
using nlohmann::json;

namespace {

constexpr std::int64_t most_messages = 10'000'000;
constexpr std::int64_t most_starts = 1'000'000;
constexpr std::int64_t longest_stall_ms = 60'000;

json to_json(const fault::point_info& what) {
  json actions = json::array();
  for (auto each : fault::all_actions())
    if (!fault::first_unknown({{{.what = {.kind = each}}}}, what.actions))
      actions.push_back(to_string(each));
  return {{"name", what.name},
          {"description", what.description},
          {"where", what.where},
          {"actions", std::move(actions)},
          {"term", what.term.empty() ? json{} : json(what.term)},
          {"hits", what.hits},
          {"fires", what.fires},
          {"used_up", what.used_up}};
}

// The whole number at `key`, or nothing if there is none from `least` to
// `most`.
std::optional<std::int64_t> number(const json& body, const char* key,
                                   std::int64_t least, std::int64_t most) {
  auto i = body.find(key);
  if (i == body.end() || !i->is_number_integer() || *i < least || *i > most)
    return {};
  return i->get<std::int64_t>();
}

bool may_be_many(std::string_view fault) {
  return fault == "flood" || fault == "fail_starts";
}

} // namespace

bool is_exact(const request& req) {
  auto given = req.query.find("exact");
  return given != req.query.end() && given->second == "true";
}

faults_api::faults_api(actor::runtime_ptr rt, net::listener_set listeners,
                       bool allowed)
    : rt_(std::move(rt)),
      listeners_(std::move(listeners)),
      allowed_(allowed),
      chance_(rt_->faults.seed()) {
  // nop
}

std::vector<route> faults_api::routes() const {
  constexpr auto object = body_kind::object;
  auto strikes = [this](std::string what) {
    return [this, what = std::move(what)](const call& asked) {
      return strike(what, asked.body);
    };
  };
  return {
    {"GET", "/faults", permission::look, body_kind::none,
     "the seed and all fault points", [this](const call&) { return list(); }},
    {"GET", "/faults/{point...}", permission::look, body_kind::none,
     "one of them",
     [this](const call& asked) { return show(asked.names.front()); }},
    {"PUT", "/faults/{point...}", permission::fault, object,
     R"({"term": ...} arm it)",
     [this](const call& asked) { return arm(asked.names.front(), asked.body); },
     lease_effect::arms_points},
    // What undoes faults is always allowed.
    {"DELETE", "/faults/{point...}", permission::change, body_kind::none,
     "disarm it",
     [this](const call& asked) {
       return disarm(asked.names.front(), is_exact(asked.req));
     },
     lease_effect::disarms_points},
    {"DELETE", "/faults", permission::change, body_kind::none,
     "disarm all, resume all", [this](const call&) { return heal_all(); },
     lease_effect::disarms_all},
    {"POST", "/faults/seed", permission::fault, object,
     R"({"seed": ...} of what is random)",
     [this](const call& asked) { return reseed(asked.body); }},
    {"POST", "/actors/suspend", permission::fault, object,
     R"({"path": ...} pause an actor)", strikes("suspend"),
     lease_effect::suspends},
    {"POST", "/actors/resume", permission::fault, object,
     R"({"path": ...} let it go on)", strikes("resume"), lease_effect::resumes},
    {"POST", "/actors/kill_random", permission::fault, object,
     R"({"path": ...} one below it)", strikes("kill_random")},
    {"POST", "/actors/burn_budget", permission::fault, object,
     R"({"path": ...} of a supervisor)", strikes("burn_budget")},
    {"POST", "/actors/fail_starts", permission::fault, object,
     R"({"path": ..., "count": ...})", strikes("fail_starts"),
     lease_effect::arms_points},
    {"POST", "/actors/refuse_stop", permission::fault, object,
     R"({"path": ...} ignore the end)", strikes("refuse_stop"),
     lease_effect::arms_points},
    {"POST", "/actors/flood", permission::fault, object,
     R"({"path": ..., "count": ...})", strikes("flood")},
    {"POST", "/actors/stall", permission::fault, object,
     R"({"reactor": 0, "time_ms": ...})",
     [this](const call& asked) { return stall(asked.body); }},
  };
}

response faults_api::list() const {
  json all = json::array();
  for (auto& each : rt_->faults.list())
    all.push_back(to_json(each));
  return success({{"seed", rt_->faults.seed()},
                  {"allowed", allowed_},
                  {"suspended", suspended_actors(*rt_)},
                  {"points", std::move(all)}});
}

response faults_api::show(const std::string& name) const {
  for (auto& each : rt_->faults.list())
    if (name == each.name)
      return success(to_json(each));
  return failure(404, "there is no fault point \"" + name
                        + "\"; GET /faults lists them");
}

response faults_api::arm(const std::string& name, const json& body) const {
  auto text = body.find("term");
  if (body.size() != 1 || text == body.end() || !text->is_string())
    return failure(400, "send an object with the text \"term\", such as "
                        "\"10%delay(5ms)\"");
  auto term = fault::parse_term(text->get<std::string>());
  if (!term)
    return failure(400, to_string(term.error()));
  auto armed = rt_->faults.arm(name, *term);
  if (!armed)
    return failure(
      armed.error().why == fault::arm_error::code::unknown_point ? 404 : 400,
      to_string(armed.error()));
  auto canonical = to_string(*term);
  tell(observe::event_kind::fault_armed, name, canonical);
  return success({{"point", name}, {"term", canonical}, {"armed", *armed}});
}

response faults_api::reseed(const json& body) const {
  auto seed = body.find("seed");
  if (body.size() != 1 || seed == body.end() || !seed->is_number_unsigned())
    return failure(400, "send an object with the number \"seed\"");
  rt_->faults.reseed(*seed);
  std::lock_guard guard{mutex_};
  chance_.seed(*seed);
  return success({{"seed", *seed}});
}

response faults_api::disarm(const std::string& pattern, bool exact) const {
  auto disarmed
    = exact ? rt_->faults.disarm_one(pattern) : rt_->faults.disarm(pattern);
  if (disarmed > 0)
    tell(observe::event_kind::fault_cleared, pattern);
  return success({{"disarmed", disarmed}});
}

// Resumes suspended actors, too, and stops the burning of budgets.
response faults_api::heal_all() const {
  constexpr auto all = "*";
  auto disarmed = rt_->faults.disarm(all);
  std::unique_lock guard{mutex_};
  auto suspended = suspended_;
  auto burning = std::exchange(burning_, {});
  guard.unlock();
  for (auto& each : suspended)
    disarmed += suspend(each, false) ? 1 : 0;
  for (auto& each : burning)
    actor::spare(*rt_, each);
  if (disarmed > 0)
    tell(observe::event_kind::fault_cleared, all);
  return success({{"disarmed", disarmed}});
}

// -- by path ------------------------------------------------------------------

response faults_api::strike(const std::string& what, const json& body) const {
  auto path = body.find("path");
  if (path == body.end() || !path->is_string())
    return failure(400, "send an object with the text \"path\"");
  std::int64_t count = 1;
  if (may_be_many(what) && body.contains("count")) {
    auto most = what == "flood" ? most_messages : most_starts;
    auto given = number(body, "count", 1, most);
    if (!given)
      return failure(400, "\"count\" has to be a number from 1 to "
                            + std::to_string(most));
    count = *given;
  }
  return strike_actor(what, *path, static_cast<std::size_t>(count));
}

response faults_api::strike_actor(const std::string& what,
                                  const std::string& path,
                                  std::size_t count) const {
  if (what == "kill_random")
    return kill_random(path);
  if (what == "fail_starts")
    return arm_for("actor.start", path,
                   std::to_string(count) + "*throw(asked to fail)");
  if (what == "refuse_stop")
    return arm_for("actor.stop", path, "drop");
  auto result = fault_outcome::noproc;
  if (what == "suspend" || what == "resume") {
    if (suspend(path, what == "suspend"))
      result = fault_outcome::done;
    else if (rt_->directory.find(path))
      result = fault_outcome::unsupported;
  } else if (what == "burn_budget") {
    result = actor::burn_budget(*rt_, path);
    std::lock_guard guard{mutex_};
    if (result == fault_outcome::done)
      burning_.insert(path);
  } else if (what == "flood") {
    result = actor::flood(*rt_, path, count);
  }
  if (result == fault_outcome::noproc)
    return failure(404, "there is no actor at \"" + path + "\"");
  if (result == fault_outcome::unsupported)
    return failure(400,
                   "the fault " + what + " does not work on \"" + path + "\"");
  tell(what == "resume" ? observe::event_kind::fault_cleared
                        : observe::event_kind::fault_armed,
       path, what);
  return success({{"path", path}, {"fault", what}});
}

// Actors of the tree, and connections. Returns whether there is one that can
// be.
bool faults_api::suspend(const std::string& path, bool on) const {
  auto result = on ? actor::suspend(*rt_, path) : actor::resume(*rt_, path);
  auto hit = result == fault_outcome::done
             || std::ranges::any_of(listeners_.all(), [&](auto& each) {
                  return each->suspend_connection(path, on);
                });
  std::lock_guard guard{mutex_};
  if (on && hit)
    suspended_.insert(path);
  else
    suspended_.erase(path);
  return hit;
}

response faults_api::kill_random(const std::string& path) const {
  std::unique_lock guard{mutex_};
  auto chance = chance_();
  guard.unlock();
  auto victim = actor::kill_random(*rt_, path, chance, asked_here);
  if (!victim)
    return failure(404, "there is no worker below \"" + path + "\"");
  return success({{"path", *victim}, {"fault", "kill_random"}});
}

response faults_api::arm_for(const std::string& point, const std::string& path,
                             const std::string& term) const {
  if (!rt_->directory.find(path))
    return failure(404, "there is no actor at \"" + path + "\"");
  return arm(point + ":" + path, {{"term", term}});
}

response faults_api::stall(const json& body) const {
  auto reactor = number(body, "reactor", 0, 1023);
  auto length = number(body, "time_ms", 1, longest_stall_ms);
  if (!reactor || !length)
    return failure(400, "send an object with the numbers \"reactor\" and "
                        "\"time_ms\", at most "
                          + std::to_string(longest_stall_ms));
  auto stalled = std::ranges::any_of(listeners_.all(), [&](auto& each) {
    return each->stall(static_cast<std::size_t>(*reactor),
                       std::chrono::milliseconds{*length});
  });
  if (!stalled)
    return failure(404, "there is no reactor " + std::to_string(*reactor));
  auto path = "reactor:" + std::to_string(*reactor);
  tell(observe::event_kind::fault_armed, path,
       "stall, " + std::to_string(*length) + " ms");
  return success({{"path", path}, {"fault", "stall"}});
}

void faults_api::tell(observe::event_kind kind, std::string path,
                      std::string detail) const {
  rt_->events.publish(
    {.kind = kind, .path = std::move(path), .detail = std::move(detail)});
}

} // namespace coppice::admin
