#include "coppice/supervision/forecast.hpp"

#include "coppice/supervision/overloaded.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace coppice::supervision {

std::string_view to_string(step::kind value) {
  switch (value) {
  case step::kind::exited:
    return "exited";
  case step::kind::stopped:
    return "stopped";
  case step::kind::started:
    return "started";
  }
  return "unknown";
}

std::string_view to_string(forecast::outcome value) {
  switch (value) {
  case forecast::outcome::not_running:
    return "not_running";
  case forecast::outcome::busy:
    return "busy";
  case forecast::outcome::left_down:
    return "left_down";
  case forecast::outcome::restarts:
    return "restarts";
  case forecast::outcome::gives_up:
    return "gives_up";
  case forecast::outcome::ends:
    return "ends";
  }
  return "unknown";
}

namespace {

// Does what an engine commands, and notes it.
class willing_world {
public:
  explicit willing_world(const engine& machine) {
    for (auto& [key, c] : machine.children())
      ids_.emplace(key, c.spec().id);
  }

  void carry_out(const command& cmd) {
    std::visit(overloaded{
                 [this](const start_instance& x) {
                   note(step::kind::started, x.key);
                   answers.push_back(start_returned{x.instance, started{}});
                 },
                 [this](const send_signal& x) {
                   note(step::kind::stopped, x.key);
                   auto kill = x.what == signal::kill;
                   answers.push_back(
                     child_exited{x.instance, kill ? exit_reason::killed()
                                                   : exit_reason::shutdown()});
                 },
                 [this](const exit_noticed& x) {
                   // That of a child that was asked to end is no news.
                   if (x.key != 0 && asked_.count(x.key) == 0)
                     note(step::kind::exited, x.key);
                 },
                 [](const auto&) {
                   // nop: nothing has to be done about it
                 },
               },
               cmd);
  }

  std::vector<step> steps = {};
  std::deque<event> answers = {};

private:
  void note(step::kind what, child_key key) {
    if (what == step::kind::stopped)
      asked_.insert(key);
    steps.push_back({what, ids_.at(key)});
  }

  std::map<child_key, std::string> ids_;
  std::set<child_key> asked_;
};

} // namespace

std::vector<step> rehearse(engine& machine, event ev, time_point now,
                           std::vector<command>& commands) {
  willing_world world{machine};
  world.answers.push_back(std::move(ev));
  while (!world.answers.empty()) {
    auto next = std::move(world.answers.front());
    world.answers.pop_front();
    auto seen = commands.size();
    machine.handle(std::move(next), now, commands);
    for (; seen < commands.size(); ++seen)
      world.carry_out(commands[seen]);
  }
  return std::move(world.steps);
}

std::optional<forecast> foresee(engine machine, std::string_view id,
                                const exit_reason& reason, time_point now) {
  using outcome = forecast::outcome;
  auto& all = machine.children();
  auto found = std::find_if(all.begin(), all.end(), [&](auto& entry) {
    return entry.second.spec().id == id;
  });
  if (machine.dynamic() || found == all.end())
    return {};
  forecast result;
  result.restart = found->second.spec().restart;
  result.strategy = machine.settings().strategy;
  result.intensity = machine.window().intensity();
  result.period = machine.window().period();
  result.used = machine.window().used(now);
  if (!machine.idle()) {
    result.what = outcome::busy;
    return result;
  }
  if (found->second.state != child_state::running)
    return result;
  std::map<child_key, std::string> ids;
  for (auto& [key, c] : all)
    ids.emplace(key, c.spec().id);
  std::vector<command> commands;
  result.steps = rehearse(machine, child_exited{found->second.instance, reason},
                          now, commands);
  result.used = machine.window().used(now);
  result.what = outcome::left_down;
  for (auto& cmd : commands) {
    if (auto* decided = std::get_if<restart_decided>(&cmd)) {
      result.what = outcome::restarts;
      result.delay = decided->delay;
      for (auto key : decided->affected)
        result.affected.push_back(ids.at(key));
    } else if (auto* last = std::get_if<stopped>(&cmd)) {
      if (result.what != outcome::gives_up)
        result.what = outcome::ends;
      result.end = last->reason;
    } else if (auto* told = std::get_if<report>(&cmd);
               told != nullptr && told->context == report_context::shutdown) {
      result.what = outcome::gives_up;
    }
  }
  return result;
}

} // namespace coppice::supervision
