// SPDX-License-Identifier: BSD-3-Clause

#include "admin/predict_api.hpp"

#include "actor/directory.hpp"
#include "actor/forecast.hpp"
#include "admin/event_feed.hpp"
#include "admin/responses.hpp"
#include "journal/event_json.hpp"
#include "observe/path.hpp"

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
constexpr int most_restarts = 5; // of the sandbox

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
  int intensity = 2;
};

// A whole number from `least` to `most`, and nothing else.
bool read_number(const std::string& text, int least, int most, int& to) {
  auto read = parse_seq(text);
  if (!read || std::cmp_less(*read, least) || std::cmp_greater(*read, most))
    return false;
  to = static_cast<int>(*read);
  return true;
}

std::optional<toy> toy_of(const query_map& query) {
  toy result{text_at(query, "crash"),
             exit_reason::parse(text_at(query, "reason", "boom"))};
  auto kind = text_at(query, "restart", "permanent");
  auto known = false;
  for (auto each :
       {supervision::restart::permanent, supervision::restart::transient,
        supervision::restart::temporary})
    if (to_string(each) == kind) {
      result.restart = each;
      known = true;
    }
  if (!known
      || !read_number(text_at(query, "times", "1"), 1, most_crashes,
                      result.times)
      || !read_number(text_at(query, "intensity", "2"), 0, most_restarts,
                      result.intensity))
    return {};
  if (result.crash != "a" && result.crash != "b" && result.crash != "c")
    return {};
  return result;
}

// A supervisor on paper: its engine, and nothing that it commands.
class paper_supervisor {
public:
  paper_supervisor(flags how, std::vector<child_spec> children)
      : machine_(how, std::move(children)) {
    rehearse(machine_, begin{}, time_point{}, commands_);
  }

  /// What it decides when that child ends. Nothing if it does not run.
  std::optional<forecast> lose(const std::string& id,
                               const exit_reason& reason) {
    auto result = foresee(machine_, id, reason, time_point{});
    if (!result || result->what == forecast::outcome::not_running)
      return {};
    for (auto& [_, each] : machine_.children())
      if (each.spec().id == id) {
        rehearse(machine_, child_exited{each.instance, reason}, time_point{},
                 commands_);
        break;
      }
    return result;
  }

private:
  engine machine_;
  std::vector<command> commands_;
};

// `team` has the three children. Above it is `top`, which restarts it once.
json play(strategy how, const toy& what) {
  auto make_team = [&] {
    return paper_supervisor{
      {.strategy = how, .intensity = what.intensity, .period = 5s},
      {{.id = "a", .restart = what.restart},
       {.id = "b", .restart = what.restart},
       {.id = "c", .restart = what.restart}}};
  };
  paper_supervisor top{{.intensity = 1, .period = 5s}, {{.id = "team"}}};
  auto team = std::make_optional(make_team());
  json rounds = json::array();
  for (int i = 0; i < what.times && team; ++i) {
    auto next = team->lose(what.crash, what.reason);
    if (!next)
      break;
    auto& round = rounds.emplace_back(to_json(*next));
    if (!next->end)
      continue;
    auto above = top.lose("team", *next->end);
    if (above)
      round["above"] = to_json(*above);
    team.reset();
    if (above && above->what == forecast::outcome::restarts)
      team.emplace(make_team());
  }
  return {{"strategy", to_string(how)}, {"rounds", std::move(rounds)}};
}

} // namespace

response sandbox(const query_map& query) {
  auto what = toy_of(query);
  if (!what)
    return failure(400,
                   "send crash=a, b or c; reason=REASON, restart=permanent, "
                   "transient or temporary, times=1 to 9 and intensity=0 to 5 "
                   "are optional");
  json all = json::array();
  for (auto how :
       {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one})
    all.push_back(play(how, *what));
  return success({{"children", {"a", "b", "c"}},
                  {"crash", what->crash},
                  {"strategies", std::move(all)}});
}

} // namespace coppice::admin
