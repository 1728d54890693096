// SPDX-License-Identifier: BSD-3-Clause

#include "actor/supervisor.hpp"

#include "actor/messages.hpp"
#include "supervision/overloaded.hpp"

#include <utility>

namespace coppice::actor {

using namespace supervision;

namespace {

// No specification has it: stands for what is no child.
constexpr auto no_id = "";

} // namespace

void supervisor::on_request(std::shared_ptr<ticket> what) {
  if (auto* added = std::get_if<ticket::start_spec>(&what->what))
    if (auto checked = validate(added->spec); !checked) {
      what->answer(
        actor::refused{refusal::invalid_spec, {}, {}, checked.error()});
      return;
    }
  auto& asked = tickets_[++last_request_];
  asked = std::move(what);
  feed(supervision::request{last_request_, body_of(*asked)});
}

// Source: OTP supervisor, for what is asked by handle.
request_body supervisor::body_of(const ticket& what) const {
  return std::visit(overloaded{
                      [](const request_body& x) { return x; },
                      [](const ticket::start_spec& x) -> request_body {
                        return supervision::start_child{x.spec.spec};
                      },
                      [](const ticket::start_with&) -> request_body {
                        return start_dynamic_child{};
                      },
                      [this](const ticket::terminate& x) -> request_body {
                        if (!engine_.dynamic())
                          return supervision::terminate_child{no_id};
                        return terminate_dynamic_child{instance_of(x.child),
                                                       !has_ended(x.child)};
                      },
                      [this](const ticket::which& x) -> request_body {
                        return which_dynamic_child{instance_of(x.child)};
                      },
                      [this](const ticket::spec_of& x) -> request_body {
                        auto simple = engine_.settings().strategy
                                      == strategy::simple_one_for_one;
                        auto own
                          = instance_of(x.child) != 0 || has_ended(x.child);
                        return supervision::get_childspec{
                          simple && own ? recipes_.at(1).id : no_id};
                      },
                    },
                    what.what);
}

// A child keeps its old handle as its name until its restart has succeeded.
void supervisor::bind(child_key key, instance_id instance) {
  auto& who = recipes_.at(key);
  instances_.erase(who.actor);
  who.actor = handle_of(instance)->id();
  instances_.emplace(who.actor, instance);
}

instance_id supervisor::instance_of(const caf::actor& handle) const {
  auto i = instances_.find(handle ? handle->id() : caf::invalid_actor_id);
  return i == instances_.end() ? 0 : i->second;
}

actor::child_info supervisor::info_on(supervision::child_info& what) const {
  return {std::move(what.id), what.state, handle_of(what.instance), what.type};
}

void supervisor::run(send_reply& cmd) {
  auto asked = tickets_.extract(cmd.id).mapped();
  auto told = asked->answer(std::visit(
    overloaded{
      [](supervision::done& x) -> reply { return x; },
      [this](supervision::child_ref& x) -> reply {
        return actor::child_ref{handle_of(x.instance), std::move(x.info)};
      },
      [this](supervision::refused& x) -> reply {
        return actor::refused{x.why, handle_of(x.instance), std::move(x.reason),
                              std::move(x.spec)};
      },
      [this](std::vector<supervision::child_info>& x) -> reply {
        std::vector<actor::child_info> result;
        result.reserve(x.size());
        for (auto& info : x)
          result.push_back(info_on(info));
        return result;
      },
      [this](supervision::child_info& x) -> reply { return info_on(x); },
      [](child_counts& x) -> reply { return x; },
      [](supervision::child_spec& x) -> reply { return std::move(x); },
    },
    cmd.body));
  if (!told)
    publish(observe::event_kind::notice, path_, {},
            "a callback for an answer of this supervisor threw");
}

} // namespace coppice::actor
