// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/structural.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/messages.hpp"
#include "coppice/actor/tree_root.hpp"

#include <utility>

namespace coppice::actor {

using supervision::child_type;
using supervision::exit_reason;

namespace {

template <class F>
struck with_pinned(runtime& rt, std::string_view path, F&& fn) {
  auto found = rt.directory.find(path);
  if (!found)
    return struck::nobody;
  auto* who = dynamic_cast<pinned_actor*>(
    caf::actor_cast<caf::abstract_actor*>(found->handle));
  if (who == nullptr)
    return struck::cannot;
  fn(*who);
  return struck::done;
}

struck tell_supervisor(runtime& rt, std::string_view path,
                       std::optional<exit_reason> burning) {
  auto found = rt.directory.find(path);
  if (!found)
    return struck::nobody;
  if (found->type != child_type::supervisor)
    return struck::cannot;
  deliver(found->handle, burn_message{std::move(burning)});
  return struck::done;
}

} // namespace

struck suspend(runtime& rt, std::string_view path) {
  return with_pinned(rt, path, [](pinned_actor& who) { who.suspend(); });
}

struck resume(runtime& rt, std::string_view path) {
  return with_pinned(rt, path,
                     [](pinned_actor& who) { who.resume_suspended(); });
}

struck flood(runtime& rt, std::string_view path, std::size_t count) {
  auto found = rt.directory.find(path);
  if (!found)
    return struck::nobody;
  for (std::size_t i = 0; i < count; ++i)
    deliver(found->handle, std::string{"flood"});
  return struck::done;
}

struck burn_budget(runtime& rt, std::string_view path) {
  return tell_supervisor(rt, path, exit_reason::abnormal("budget burnt"));
}

struck spare(runtime& rt, std::string_view path) {
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
