// SPDX-License-Identifier: BSD-3-Clause

#include "admin/predict_api.hpp"

#include "actor/directory.hpp"
#include "actor/forecast.hpp"
#include "admin/responses.hpp"
#include "journal/event_json.hpp"
#include "observe/path.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace coppice::admin {

using namespace std::chrono_literals;
using namespace supervision;
using nlohmann::json;

namespace {

using query_map = std::map<std::string, std::string>;

constexpr auto patience = 1s;
constexpr int most_crashes = 9;

std::string text_at(const query_map& query, const std::string& key,
                    std::string otherwise = {}) {
  auto i = query.find(key);
  return i == query.end() ? std::move(otherwise) : i->second;
}

// A request says "kill"; the reason of the exit is then `killed`.
exit_reason reason_at(const query_map& query) {
  auto text = text_at(query, "reason", "kill");
  return text == "kill" ? exit_reason::killed() : exit_reason::parse(text);
}

json to_json(const std::vector<step>& steps) {
  json result = json::array();
  for (auto& each : steps)
    result.push_back({{"what", to_string(each.what)}, {"id", each.id}});
  return result;
}

json to_json(const forecast& what) {
  json result{
    {"outcome", to_string(what.what)},
    {"restart", to_string(what.restart)},
    {"strategy", to_string(what.strategy)},
    {"affected", what.affected},
    {"steps", to_json(what.steps)},
    {"budget_used", what.used},
    {"intensity", what.intensity},
    {"period_seconds", what.period.count()},
  };
  if (what.own)
    result["own_budget"] = journal::to_json(*what.own);
  if (what.delay.count() > 0)
    result["delay_ms"] = what.delay.count();
  if (what.wait.count() > 0)
    result["wait_ms"] = what.wait.count();
  if (what.end)
    result["ends_with"] = to_string(*what.end);
  return result;
}

// The names are those of POST /actors/NAME.
std::optional<incident::kind> incident_from(std::string_view action) {
  using kind = incident::kind;
  if (action.empty())
    return kind::ends;
  if (action == "suspend")
    return kind::hangs;
  if (action == "fail_starts")
    return kind::fails_start;
  if (action == "refuse_stop")
    return kind::refuses_stop;
  if (action == "burn_budget")
    return kind::burns;
  return {};
}

} // namespace

response predict(const actor::runtime& rt, const query_map& query) {
  std::string path = text_at(query, "path");
  if (path.empty())
    return failure(400, "name an actor: ?path=PATH, and &reason=REASON unless "
                        "it is a kill");
  auto kind = incident_from(text_at(query, "action"));
  if (!kind)
    return failure(400, "\"action\" is suspend, fail_starts, refuse_stop or "
                        "burn_budget");
  auto found = rt.directory.find(path);
  if (!found)
    return failure(404, "there is no actor at \"" + path + "\"");
  if (*kind == incident::kind::burns
      && found->type != supervision::child_type::supervisor)
    return failure(409, "\"" + path + "\" has no restart budget");
  // Each round: which actor ends, and which supervisor decides.
  std::string_view ending = path;
  incident what{*kind, {}, reason_at(query)};
  json decisions = json::array();
  auto ends_all = false;
  for (auto burns = *kind == incident::kind::burns;; burns = false) {
    std::string supervisor{burns ? ending : observe::parent_of(ending)};
    ends_all = supervisor.empty() && what.what == incident::kind::ends;
    if (!burns)
      what.id = ending.substr(supervisor.empty() ? 0 : supervisor.size() + 1);
    auto answer = actor::foresee(rt, supervisor, what);
    if (!answer)
      break;
    auto forecast = answer->get_within(patience);
    if (!forecast)
      return failure(504, supervisor + " did not answer within a second");
    if (!*forecast)
      break;
    auto& decision = decisions.emplace_back(to_json(**forecast));
    decision["supervisor"] = supervisor;
    if (!burns)
      decision["child"] = ending;
    if (!(*forecast)->end)
      break;
    what = {incident::kind::ends, {}, *(*forecast)->end};
    ending = burns ? ending : observe::parent_of(ending);
  }
  // There is no supervisor above the root.
  if (decisions.empty() && !observe::parent_of(path).empty())
    return failure(409,
                   "no supervisor that can be asked is above \"" + path + "\"");
  return success({{"path", path},
                  {"reason", to_string(reason_at(query))},
                  {"decisions", std::move(decisions)},
                  {"ends_all", ends_all}});
}

// -- the sandbox --------------------------------------------------------------

namespace {

struct toy {
  std::string crash;
  exit_reason reason;
  supervision::restart restart = supervision::restart::permanent;
  int times = 1;
};

std::optional<toy> toy_of(const query_map& query) {
  toy result{text_at(query, "crash"),
             exit_reason::parse(text_at(query, "reason", "boom"))};
  auto kind = text_at(query, "restart", "permanent");
  auto times = text_at(query, "times", "1");
  auto end = times.data() + times.size();
  auto known = false;
  for (auto each :
       {supervision::restart::permanent, supervision::restart::transient,
        supervision::restart::temporary})
    if (to_string(each) == kind) {
      result.restart = each;
      known = true;
    }
  auto read = std::from_chars(times.data(), end, result.times);
  if (!known || read.ec != std::errc{} || read.ptr != end || result.times < 1
      || result.times > most_crashes)
    return {};
  if (result.crash != "a" && result.crash != "b" && result.crash != "c")
    return {};
  return result;
}

json play(strategy how, const toy& what) {
  engine machine{flags{.strategy = how, .intensity = 2, .period = 5s},
                 {{.id = "a", .restart = what.restart},
                  {.id = "b", .restart = what.restart},
                  {.id = "c", .restart = what.restart}}};
  std::vector<command> commands;
  rehearse(machine, begin{}, time_point{}, commands);
  json rounds = json::array();
  for (int i = 0; i < what.times; ++i) {
    auto next = foresee(machine, what.crash, what.reason, time_point{});
    if (!next || next->what == forecast::outcome::not_running)
      break;
    rounds.push_back(to_json(*next));
    for (auto& [_, c] : machine.children())
      if (c.spec().id == what.crash) {
        rehearse(machine, child_exited{c.instance, what.reason}, time_point{},
                 commands);
        break;
      }
    if (machine.ended())
      break;
  }
  return {{"strategy", to_string(how)}, {"rounds", std::move(rounds)}};
}

} // namespace

response sandbox(const query_map& query) {
  auto what = toy_of(query);
  if (!what)
    return failure(400,
                   "send crash=a, b or c; reason=REASON, restart=permanent,"
                   " transient or temporary, and times=1 to 9 are optional");
  json all = json::array();
  for (auto how :
       {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one})
    all.push_back(play(how, *what));
  return success({{"children", {"a", "b", "c"}},
                  {"crash", what->crash},
                  {"strategies", std::move(all)}});
}

} // namespace coppice::admin
