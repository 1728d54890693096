#include "coppice/lab/nemesis_run.hpp"

#include <map>
#include <utility>

namespace coppice::lab {

std::string_view to_string(nemesis_answer::kind value) {
  switch (value) {
  case nemesis_answer::kind::done:
    return "done";
  case nemesis_answer::kind::spared:
    return "spared";
  case nemesis_answer::kind::missed:
    return "missed";
  case nemesis_answer::kind::refused:
    return "refused";
  }
  return {};
}

nemesis_run::nemesis_run(nemesis_clock& clock, nemesis_striker& striker,
                         observer told)
    : clock_(clock), striker_(striker), told_(std::move(told)) {
  // nop
}

nemesis_log nemesis_run::play(const std::vector<nemesis_moment>& moments,
                              std::chrono::milliseconds duration,
                              const std::function<void()>& before_healing) {
  nemesis_log result;
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

void nemesis_run::strike(const nemesis_moment& what, nemesis_log& into) {
  auto answer = striker_.strike(what);
  if (answer.what == nemesis_answer::kind::refused)
    into.refused = describe(what) + ": " + answer.text;
  into.entries.push_back({clock_.now(), what, std::move(answer)});
  if (told_)
    told_(into.entries.back());
}

void nemesis_run::heal(nemesis_log& into) {
  into.not_healed = striker_.heal();
  into.healed_at = clock_.now();
}

std::vector<std::string> never_done(const nemesis_log& log) {
  std::map<std::size_t, const nemesis_entry*> missed;
  for (auto& each : log.entries)
    if (!each.moment.undo)
      missed.try_emplace(each.moment.step, &each);
  for (auto& each : log.entries)
    if (!each.moment.undo && each.answer.what != nemesis_answer::kind::missed)
      missed.erase(each.moment.step);
  std::vector<std::string> result;
  for (auto& [step, entry] : missed)
    result.push_back(describe(entry->moment)
                     + " was never done: " + entry->answer.text);
  return result;
}

} // namespace coppice::lab
