// SPDX-License-Identifier: BSD-3-Clause

#include "actor/actor_faults.hpp"

#include "actor/directory.hpp"
#include "actor/messages.hpp"
#include "actor/pinned_actor.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/tree_root.hpp"

#include <utility>

namespace coppice::actor {

using supervision::child_type;
using supervision::exit_reason;

namespace {

template <class F>
fault_outcome with_pinned(runtime& rt, std::string_view path, F&& fn) {
  auto found = rt.directory.find(path);
  if (!found)
    return fault_outcome::noproc;
  auto* who = dynamic_cast<pinned_actor*>(
    caf::actor_cast<caf::abstract_actor*>(found->handle));
  if (who == nullptr)
    return fault_outcome::unsupported;
  fn(*who);
  return fault_outcome::done;
}

fault_outcome tell_supervisor(runtime& rt, std::string_view path,
                              std::optional<exit_reason> burning) {
  auto found = rt.directory.find(path);
  if (!found)
    return fault_outcome::noproc;
  if (found->type != child_type::supervisor)
    return fault_outcome::unsupported;
  deliver(found->handle, burn_message{std::move(burning)});
  return fault_outcome::done;
}

} // namespace

fault_outcome suspend(runtime& rt, std::string_view path) {
  return with_pinned(rt, path, [](pinned_actor& who) { who.suspend(); });
}

fault_outcome resume(runtime& rt, std::string_view path) {
  return with_pinned(rt, path,
                     [](pinned_actor& who) { who.resume_suspended(); });
}

bool is_suspended(runtime& rt, std::string_view path) {
  bool result = false;
  with_pinned(rt, path, [&](pinned_actor& who) { result = who.suspended(); });
  return result;
}

fault_outcome flood(runtime& rt, std::string_view path, std::size_t count) {
  auto found = rt.directory.find(path);
  if (!found)
    return fault_outcome::noproc;
  for (std::size_t i = 0; i < count; ++i)
    deliver(found->handle, std::string{"flood"});
  return fault_outcome::done;
}

fault_outcome burn_budget(runtime& rt, std::string_view path) {
  return tell_supervisor(rt, path, exit_reason::abnormal("budget burnt"));
}

fault_outcome spare(runtime& rt, std::string_view path) {
  return tell_supervisor(rt, path, {});
}

std::optional<std::string> kill_random(runtime& rt, std::string_view path,
                                       std::uint64_t chance,
                                       std::string_view on_behalf) {
  auto all = rt.directory.workers_below(path);
  if (all.empty())
    return {};
  auto& victim = all[chance % all.size()];
  crash(rt, victim, {}, on_behalf);
  return victim;
}

} // namespace coppice::actor
