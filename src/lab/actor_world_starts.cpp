// SPDX-License-Identifier: BSD-3-Clause

#include "lab/actor_world_impl.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "lab/lab_worker.hpp"
#include "lab/validity.hpp"

#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace coppice::lab {

using namespace supervision;

void actor_world::impl::start_top() {
  std::shared_ptr<const supervisor_def> def{plan_, &plan_->top};
  auto name = chronicle_.next(def->id);
  note(event::start_begin("$parent", name));
  auto refuse = [&](const std::string& res) {
    note(event::start("$parent", name, res));
    note(event::reply("$driver", "start", res));
  };
  if (auto checked = check(*def); !checked) {
    refuse("{error," + checked.error() + "}");
    return;
  }
  if (def->init_ignores) {
    refuse("ignore");
    return;
  }
  actor::supervisor_setup setup;
  setup.path = def->id;
  auto handle = start_supervisor(def, name, "$parent", {}, std::move(setup));
  by_name_[name.id][name.n] = {handle, true};
  top_reason_.reset();
  actor::when_ended(handle, [this, id = handle->id()](const caf::error& err) {
    if (supervisors_.at(id).record.up)
      top_reason_ = actor::to_reason(err);
  });
}

caf::actor actor_world::impl::start_supervisor(
  std::shared_ptr<const supervisor_def> def, label name, std::string parent,
  std::string info, actor::supervisor_setup setup) {
  setup.flags = def->flags;
  setup.children = children_of(def);
  auto handle = system_.spawn<actor::supervisor>(rt_, std::move(setup));
  supervisors_.emplace(
    handle->id(), supervisor_part{supervisor_record{name, std::move(def)},
                                  std::move(parent), std::move(info), handle});
  return handle;
}

// -- start functions ----------------------------------------------------------

std::vector<actor::child_spec> actor_world::impl::children_of(
  const std::shared_ptr<const supervisor_def>& def) {
  std::vector<actor::child_spec> result;
  for (auto& child : def->children)
    result.push_back(make_spec({def, &child}));
  return result;
}

actor::child_spec
actor_world::impl::make_spec(std::shared_ptr<const child_def> def) {
  return {def->spec,
          [this](const actor::start_args& args) { return start_child(args); }};
}

actor::start_result
actor_world::impl::start_child(const actor::start_args& args) {
  // A process that was killed would not have come so far.
  if (part_of(args.supervisor).killed)
    return ignored{};
  auto& record = part_of(args.supervisor).record;
  auto what = chronicle_.begin(record, *starting_);
  if (what.what.def->nested)
    note(event::start_begin(record.name.id, what.name));
  for (auto& next : what.plan().during) {
    perform(*this, next, true);
    time_.run(); // the others, while this one is at work
  }
  if (part_of(args.supervisor).killed)
    return ignored{};
  if (!runs(what.plan()))
    return start_fails(args, what);
  if (what.what.def->nested)
    return start_nested(args, what);
  return start_worker(args, what);
}

actor::start_result
actor_world::impl::start_worker(const actor::start_args& args,
                                const attempt& what) {
  auto& sup = part_of(args.supervisor);
  auto child = system_.spawn<lab_worker>(time_, what.what.def);
  by_name_[what.name.id][what.name.n] = {child, false};
  sup.record.instances.emplace(args.instance, what.name);
  sup.children.emplace(args.instance, child);
  note(event::start(sup.record.name.id, what.name, answer_of(what.plan())));
  return actor::running{std::move(child), what.plan().term};
}

actor::start_result
actor_world::impl::start_nested(const actor::start_args& args,
                                const attempt& what) {
  auto& sup = part_of(args.supervisor);
  auto& def = what.what.def->nested;
  if (def->init_ignores) {
    note(event::start(sup.record.name.id, what.name, "ignore"));
    return ignored{};
  }
  if (auto checked = check(*def); !checked) {
    note(event::start(sup.record.name.id, what.name,
                      "{error," + checked.error() + "}"));
    return start_failed{exit_reason::parse(checked.error())};
  }
  actor::supervisor_setup setup;
  setup.path = args.path;
  setup.parent = args.supervisor.address();
  setup.initialized = [args, info = what.plan().term](start_outcome outcome) {
    if (auto* good = std::get_if<started>(&outcome))
      good->info = info;
    acknowledge_start(args, std::move(outcome));
  };
  auto child = start_supervisor(def, what.name, sup.record.name.id,
                                what.plan().term, std::move(setup));
  by_name_[what.name.id][what.name.n] = {child, true};
  sup.record.instances.emplace(args.instance, what.name);
  sup.children.emplace(args.instance, child);
  return actor::starting{std::move(child)};
}

actor::start_result
actor_world::impl::start_fails(const actor::start_args& args,
                               const attempt& what) {
  auto& sup = part_of(args.supervisor);
  auto& plan = what.plan();
  note(event::start(sup.record.name.id, what.name, answer_of(plan)));
  auto thrown = plan.what == start_plan::result::thrown;
  if (ignores(plan) && thrown)
    throw ignored{};
  if (ignores(plan))
    return ignored{};
  auto reason = failure_of(plan);
  // A child that came into being and said no: its end is noticed, too.
  if (plan.what == start_plan::result::init_exit) {
    sup.record.strangers.push_back(what.name);
    actor::signal_trapped_exit(args.supervisor, reason, nullptr);
  }
  if (plan.what == start_plan::result::raise)
    throw std::runtime_error{to_string(reason)};
  if (thrown)
    throw start_failed{reason};
  return start_failed{reason};
}

} // namespace coppice::lab
