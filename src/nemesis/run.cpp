// SPDX-License-Identifier: BSD-3-Clause

#include "nemesis/run.hpp"

#include <map>
#include <utility>

namespace coppice::nemesis {

std::string_view to_string(answer::kind value) {
  switch (value) {
  case answer::kind::done:
    return "done";
  case answer::kind::spared:
    return "spared";
  case answer::kind::missed:
    return "missed";
  case answer::kind::refused:
    return "refused";
  }
  return {};
}

run::run(clock& clock, striker& striker, observer observe)
    : clock_(clock), striker_(striker), observe_(std::move(observe)) {
  // nop
}

run_log run::play(const std::vector<moment>& moments,
                  std::chrono::milliseconds duration,
                  const std::function<void()>& before_healing) {
  run_log result;
  try {
    for (auto& each : moments) {
      result.interrupted = !clock_.wait_until(each.at);
      if (result.interrupted || !result.refused.empty())
        break;
      strike(each, result);
    }
    if (!result.interrupted && result.refused.empty())
      result.interrupted = !clock_.wait_until(duration);
    if (before_healing)
      before_healing();
  } catch (...) {
    heal(result);
    throw;
  }
  heal(result);
  return result;
}

void run::strike(const moment& what, run_log& into) {
  auto answer = striker_.strike(what);
  if (answer.what == answer::kind::refused)
    into.refused = describe(what) + ": " + answer.text;
  into.entries.push_back({clock_.now(), what, std::move(answer)});
  if (observe_)
    observe_(into.entries.back());
}

void run::heal(run_log& into) {
  into.healed = striker_.heal();
  into.healed_at = clock_.now();
}

std::vector<std::string> never_done(const run_log& log) {
  std::map<std::size_t, const entry*> missed;
  for (auto& each : log.entries)
    if (!each.moment.undo)
      missed.try_emplace(each.moment.step, &each);
  for (auto& each : log.entries)
    if (!each.moment.undo && each.answer.what != answer::kind::missed)
      missed.erase(each.moment.step);
  std::vector<std::string> result;
  for (auto& [step, entry] : missed)
    result.push_back(describe(entry->moment)
                     + " was never done: " + entry->answer.text);
  return result;
}

} // namespace coppice::nemesis
