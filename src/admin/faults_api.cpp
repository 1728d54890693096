#include "admin/faults_api.hpp"

#include "admin/responses.hpp"
#include "coppice/actor/structural.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

namespace coppice::admin {

using actor::struck;
using nlohmann::json;

namespace {

constexpr std::string_view faults_path = "/faults";
constexpr std::string_view actors_path = "/actors/";

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
          {"fires", what.fires}};
}

// The whole number at `key`, or nothing if there is none from 1 to `most`.
std::optional<std::int64_t> number(const json& body, const char* key,
                                   std::int64_t least, std::int64_t most) {
  auto i = body.find(key);
  if (i == body.end() || !i->is_number_integer() || *i < least || *i > most)
    return {};
  return i->get<std::int64_t>();
}

std::string name_in(const std::string& path) {
  return path.size() > faults_path.size() ? path.substr(faults_path.size() + 1)
                                          : "";
}

bool may_be_many(std::string_view fault) {
  return fault == "flood" || fault == "fail_starts";
}

} // namespace

faults_api::faults_api(actor::runtime_ptr rt,
                       const std::vector<net::listener_ptr>& listeners,
                       bool allowed)
    : rt_(std::move(rt)),
      listeners_(listeners),
      allowed_(allowed),
      chance_(rt_->faults.seed()) {
  // nop
}

bool faults_api::serves(std::string_view path) {
  return path == faults_path
         || (path.starts_with(faults_path) && path[faults_path.size()] == '/')
         || path.starts_with(actors_path);
}

response faults_api::look(const std::string& path) const {
  if (path.starts_with(actors_path))
    return failure(405, "use POST");
  auto name = name_in(path);
  json all = json::array();
  for (auto& each : rt_->faults.list()) {
    all.push_back(to_json(each));
    if (name == each.name)
      return success(all.back());
  }
  if (!name.empty())
    return failure(404, "there is no fault point \"" + name + "\"");
  return success({{"seed", rt_->faults.seed()},
                  {"allowed", allowed_},
                  {"points", std::move(all)}});
}

response faults_api::change(std::string_view method, const std::string& path,
                            const json& body) const {
  if (!allowed_)
    return failure(403, "no faults may be asked for: this server was started "
                        "without --allow-faults");
  if (path.starts_with(actors_path) && method == "POST")
    return strike(path.substr(actors_path.size()), body);
  if (path == "/faults/seed" && method == "POST")
    return reseed(body);
  if (path != faults_path && method == "PUT")
    return arm(name_in(path), body);
  return failure(405, "use PUT /faults/POINT or POST /faults/seed");
}

response faults_api::arm(const std::string& name, const json& body) const {
  auto text = body.find("term");
  if (body.size() != 1 || text == body.end() || !text->is_string())
    return failure(400, "send an object with the text \"term\", such as "
                        "\"10%delay(5ms)\"");
  auto term = fault::parse_term(text->get<std::string>());
  if (auto* wrong = std::get_if<fault::term_error>(&term))
    return failure(400, to_string(*wrong));
  if (auto error = rt_->faults.arm(name, std::get<fault::term>(term)))
    return failure(error->why == fault::arm_error::code::unknown_point ? 404
                                                                       : 400,
                   to_string(*error));
  auto canonical = to_string(std::get<fault::term>(term));
  tell(observe::event_kind::fault_armed, name, canonical);
  return success({{"point", name}, {"term", canonical}});
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

response faults_api::heal(const std::string& path) const {
  if (path.starts_with(actors_path))
    return failure(405, "use POST");
  auto name = name_in(path);
  auto pattern = name.empty() ? "*" : name;
  auto disarmed = rt_->faults.disarm(pattern);
  if (name.empty()) {
    std::unique_lock guard{mutex_};
    auto suspended = suspended_;
    auto burning = std::exchange(burning_, {});
    guard.unlock();
    for (auto& each : suspended)
      disarmed += suspend(each, false) ? 1 : 0;
    for (auto& each : burning)
      actor::spare(*rt_, each);
  }
  if (disarmed > 0)
    tell(observe::event_kind::fault_cleared, pattern);
  return success({{"disarmed", disarmed}});
}

// -- by path ------------------------------------------------------------------

response faults_api::strike(const std::string& what, const json& body) const {
  if (what == "stall")
    return stall(body);
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
  auto result = struck::nobody;
  if (what == "suspend" || what == "resume") {
    if (suspend(path, what == "suspend"))
      result = struck::done;
    else if (rt_->directory.find(path))
      result = struck::cannot;
  } else if (what == "burn_budget") {
    result = actor::burn_budget(*rt_, path);
    std::lock_guard guard{mutex_};
    if (result == struck::done)
      burning_.insert(path);
  } else if (what == "flood") {
    result = actor::flood(*rt_, path, count);
  } else {
    return nothing_at("/actors/" + what);
  }
  if (result == struck::nobody)
    return failure(404, "there is no actor at \"" + path + "\"");
  if (result == struck::cannot)
    return failure(400, what + " cannot be done to \"" + path + "\"");
  tell(what == "resume" ? observe::event_kind::fault_cleared
                        : observe::event_kind::fault_armed,
       path, what);
  return success({{"path", path}, {"fault", what}});
}

// Actors of the tree, and connections. Returns whether there is one that can
// be.
bool faults_api::suspend(const std::string& path, bool on) const {
  auto result = on ? actor::suspend(*rt_, path) : actor::resume(*rt_, path);
  auto hit = result == struck::done
             || std::ranges::any_of(listeners_, [&](auto& each) {
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
  if (listeners_.empty()
      || !listeners_.front()->stall(static_cast<std::size_t>(*reactor),
                                    std::chrono::milliseconds{*length}))
    return failure(404, "there is no reactor " + std::to_string(*reactor));
  auto who = "reactor:" + std::to_string(*reactor);
  tell(observe::event_kind::fault_armed, who,
       "stall, " + std::to_string(*length) + " ms");
  return success({{"path", who}, {"fault", "stall"}});
}

void faults_api::tell(observe::event_kind kind, std::string path,
                      std::string detail) const {
  rt_->events.publish(
    {.kind = kind, .path = std::move(path), .detail = std::move(detail)});
}

} // namespace coppice::admin
