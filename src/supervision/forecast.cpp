// SPDX-License-Identifier: BSD-3-Clause

#include "supervision/forecast.hpp"

#include "supervision/overloaded.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <variant>

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
  case forecast::outcome::killed:
    return "killed";
  case forecast::outcome::waits:
    return "waits";
  case forecast::outcome::endures:
    return "endures";
  }
  return "unknown";
}

namespace {

// A budget that lasts longer is not burnt to its end.
constexpr int most_failures = 1'000;

// Does what an engine commands, but for what it is told not to, and notes it.
class world {
public:
  explicit world(const engine& machine) {
    for (auto& [key, c] : machine.children())
      ids_.emplace(key, c.spec().id);
  }

  // Until nothing is left to be answered.
  void play(engine& machine, event ev, time_point now,
            std::vector<command>& commands) {
    answers_.push_back(std::move(ev));
    while (!answers_.empty()) {
      auto next = std::move(answers_.front());
      answers_.pop_front();
      auto seen = commands.size();
      machine.handle(std::move(next), now, commands);
      for (; seen < commands.size(); ++seen)
        carry_out(commands[seen]);
    }
  }

  // Lets the wait of the next restart pass that was put off, if there is one.
  bool skip_wait(engine& machine, time_point& now,
                 std::vector<command>& commands) {
    if (put_off_.empty())
      return false;
    auto next = put_off_.front();
    put_off_.pop_front();
    now += next.delay;
    play(machine, timer_fired{next.generation}, now, commands);
    return true;
  }

  std::vector<step> steps = {};
  child_key fails_start = 0;           // the next time
  child_key refuses_stop = 0;          // unless it is killed
  std::optional<arm_timer> timer = {}; // the latest

private:
  void carry_out(const command& cmd) {
    std::visit(
      overloaded{
        [this](const start_instance& x) {
          if (x.key == fails_start) {
            fails_start = 0;
            answers_.push_back(start_returned{
              x.instance,
              start_failed{exit_reason::abnormal("asked to fail")}});
            return;
          }
          note(step::kind::started, x.key);
          answers_.push_back(start_returned{x.instance, started{}});
        },
        [this](const retry_later& x) { answers_.push_back(retry_due{x.key}); },
        [this](const restart_decided& x) {
          decided_to_wait_ = x.delay.count() > 0;
        },
        [this](const arm_timer& x) {
          if (std::exchange(decided_to_wait_, false))
            put_off_.push_back(x);
          timer = x;
        },
        [this](const send_signal& x) {
          auto kill = x.what == signal::kill;
          if (x.key == refuses_stop && !kill)
            return;
          note(step::kind::stopped, x.key);
          answers_.push_back(
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

  void note(step::kind what, child_key key) {
    if (what == step::kind::stopped)
      asked_.insert(key);
    steps.push_back({what, ids_.at(key)});
  }

  std::map<child_key, std::string> ids_;
  std::set<child_key> asked_;
  std::deque<event> answers_;
  bool decided_to_wait_ = false; // the timer that comes next is that wait
  std::deque<arm_timer> put_off_;
};

} // namespace

std::vector<step> rehearse(engine& machine, event ev, time_point now,
                           std::vector<command>& commands) {
  world willing{machine};
  willing.play(machine, std::move(ev), now, commands);
  return std::move(willing.steps);
}

namespace {

using outcome = forecast::outcome;

std::map<child_key, std::string> ids_of(const engine& machine) {
  std::map<child_key, std::string> result;
  for (auto& [key, c] : machine.children())
    result.emplace(key, c.spec().id);
  return result;
}

// What is known beforehand.
forecast begin_forecast(const engine& machine, time_point now) {
  forecast result;
  result.strategy = machine.settings().strategy;
  result.intensity = machine.window().intensity();
  result.period = machine.window().period();
  result.used = machine.window().used(now);
  if (!machine.idle())
    result.what = outcome::busy;
  return result;
}

// What `commands`, the answer to the end of a child, come to.
void conclude(forecast& result, const engine& machine,
              const std::map<child_key, std::string>& ids,
              const std::vector<command>& commands, time_point now) {
  result.used = machine.window().used(now);
  result.what = outcome::left_down;
  for (auto& cmd : commands) {
    if (auto* decided = std::get_if<restart_decided>(&cmd)) {
      result.what = outcome::restarts;
      result.delay = decided->delay;
      result.own = decided->own;
      result.affected.clear();
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
}

forecast foresee_burning(engine machine, time_point now) {
  auto result = begin_forecast(machine, now);
  if (result.what == outcome::busy)
    return result;
  auto ids = ids_of(machine);
  std::vector<command> commands;
  world willing{machine};
  auto& all = machine.children();
  // Each restart is counted: it ends when the budget does, or the children.
  for (int i = 0; !machine.ended(); ++i) {
    if (i == most_failures) {
      result.what = outcome::endures;
      return result;
    }
    auto next = std::find_if(all.begin(), all.end(), [](auto& entry) {
      return entry.second.state == child_state::running;
    });
    // The last commands say what it comes to.
    commands.clear();
    if (next != all.end())
      willing.play(machine,
                   child_exited{next->second.instance,
                                exit_reason::abnormal("budget burnt")},
                   now, commands);
    else if (!willing.skip_wait(machine, now, commands))
      break;
    willing.steps.clear();
  }
  conclude(result, machine, ids, commands, now);
  result.affected.clear();
  return result;
}

void foresee_refusal(forecast& result, engine machine, child_key key,
                     const std::string& id, time_point now) {
  std::vector<command> commands;
  world unwilling{machine};
  unwilling.refuses_stop = key;
  unwilling.play(machine, request{1, terminate_child{id}}, now, commands);
  result.what = outcome::killed;
  if (!machine.idle() && unwilling.timer) {
    result.wait = unwilling.timer->delay;
    unwilling.play(machine, timer_fired{unwilling.timer->generation},
                   now + result.wait, commands);
  }
  if (!machine.idle())
    result.what = outcome::waits;
  result.steps = std::move(unwilling.steps);
}

} // namespace

std::optional<forecast> foresee(engine machine, std::string_view id,
                                const exit_reason& reason, time_point now) {
  return foresee(std::move(machine),
                 {incident::kind::ends, std::string{id}, reason}, now);
}

std::optional<forecast> foresee(engine machine, const incident& what,
                                time_point now) {
  if (machine.dynamic())
    return {};
  if (what.what == incident::kind::burns)
    return foresee_burning(std::move(machine), now);
  auto& all = machine.children();
  auto found = std::find_if(all.begin(), all.end(), [&](auto& entry) {
    return entry.second.spec().id == what.id;
  });
  if (found == all.end())
    return {};
  auto [key, child] = *found;
  auto result = begin_forecast(machine, now);
  result.restart = child.spec().restart;
  if (auto* own = machine.own_window(key))
    result.own = own_budget_of(*own, now);
  if (result.what == outcome::busy || child.state != child_state::running)
    return result;
  if (what.what == incident::kind::refuses_stop) {
    foresee_refusal(result, std::move(machine), key, what.id, now);
    return result;
  }
  auto reason = what.reason;
  if (what.what == incident::kind::hangs) {
    auto limit = child.spec().progress_within;
    if (!limit) {
      result.what = outcome::waits;
      return result;
    }
    result.wait = *limit;
    reason = exit_reason::abnormal("no progress within "
                                   + std::to_string(limit->count()) + " ms");
  }
  auto ids = ids_of(machine);
  std::vector<command> commands;
  world willing{machine};
  if (what.what == incident::kind::fails_start)
    willing.fails_start = key;
  now += result.wait;
  willing.play(machine, child_exited{child.instance, reason}, now, commands);
  while (willing.fails_start == key
         && willing.skip_wait(machine, now, commands)) {
    // nop: its start comes after the wait
  }
  conclude(result, machine, ids, commands, now);
  result.steps = std::move(willing.steps);
  return result;
}

} // namespace coppice::supervision
