// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/request.hpp"

#include "actor/messages.hpp"
#include "actor/supervisor.hpp"
#include "actor/ticket.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"

#include <functional>
#include <utility>

namespace coppice::actor {

using namespace supervision;

namespace {

template <class T>
pending<T> ask(const caf::actor& supervisor, ticket::body what) {
  pending<T> result;
  auto fn = [result](reply value) mutable {
    if (auto* no = std::get_if<refused>(&value))
      result.set(unexpected{std::move(*no)});
    else
      result.set(std::get<T>(std::move(value)));
  };
  deliver(supervisor, request_message{std::make_shared<ticket>(std::move(what),
                                                               std::move(fn))});
  return result;
}

// Calls a function when it is time, unless it is killed before.
class alarm_clock final : public caf::event_based_actor {
public:
  alarm_clock(caf::actor_config& cfg, std::chrono::milliseconds delay,
              std::function<void()> ring)
      : caf::event_based_actor(cfg), delay_(delay), ring_(std::move(ring)) {
    // nop
  }

  const char* name() const override {
    return "coppice.alarm_clock";
  }

  caf::behavior make_behavior() override {
    send_after(*this, delay_, timer_message{0});
    return {[this](timer_message&) {
      ring_();
      quit();
    }};
  }

private:
  std::chrono::milliseconds delay_;
  std::function<void()> ring_;
};

// Null in virtual time, where an alarm that comes too late costs nothing.
caf::actor set_alarm(const caf::actor& supervisor,
                     std::chrono::milliseconds delay,
                     std::function<void()> ring) {
  auto* who = caf::actor_cast<caf::abstract_actor*>(supervisor);
  auto* known = dynamic_cast<const actor::supervisor*>(who);
  if (known == nullptr || known->time() == nullptr)
    return who->home_system().spawn<alarm_clock, caf::hidden>(delay,
                                                              std::move(ring));
  known->time()->after(delay, std::move(ring));
  return {};
}

} // namespace

std::string to_string(const refused& what) {
  std::string result{supervision::to_string(what.why)};
  if (what.reason)
    result += ": " + to_string(*what.reason);
  if (what.spec)
    result += ": " + what.spec->message;
  return result;
}

pending<child_ref> start_child(const caf::actor& supervisor, child_spec spec) {
  return ask<child_ref>(supervisor, ticket::start_spec{std::move(spec)});
}

pending<child_ref> start_child(const caf::actor& supervisor,
                               std::any arguments) {
  return ask<child_ref>(supervisor, ticket::start_with{std::move(arguments)});
}

pending<done> terminate_child(const caf::actor& supervisor,
                              std::string_view id) {
  return ask<done>(supervisor, supervision::terminate_child{std::string{id}});
}

pending<done> terminate_child(const caf::actor& supervisor,
                              const caf::actor& child) {
  return ask<done>(supervisor, ticket::terminate{child});
}

pending<child_ref> restart_child(const caf::actor& supervisor,
                                 std::string_view id) {
  return ask<child_ref>(supervisor,
                        supervision::restart_child{std::string{id}});
}

pending<done> delete_child(const caf::actor& supervisor, std::string_view id) {
  return ask<done>(supervisor, supervision::delete_child{std::string{id}});
}

pending<done> remove_child(const caf::actor& supervisor, std::string_view id) {
  return ask<done>(supervisor,
                   supervision::terminate_child{std::string{id}, true});
}

pending<std::vector<child_info>> which_children(const caf::actor& supervisor) {
  return ask<std::vector<child_info>>(supervisor,
                                      supervision::which_children{});
}

pending<child_info> which_child(const caf::actor& supervisor,
                                std::string_view id) {
  return ask<child_info>(supervisor, supervision::which_child{std::string{id}});
}

pending<child_info> which_child(const caf::actor& supervisor,
                                const caf::actor& child) {
  return ask<child_info>(supervisor, ticket::which{child});
}

pending<child_counts> count_children(const caf::actor& supervisor) {
  return ask<child_counts>(supervisor, supervision::count_children{});
}

pending<supervision::child_spec> get_childspec(const caf::actor& supervisor,
                                               std::string_view id) {
  return ask<supervision::child_spec>(
    supervisor, supervision::get_childspec{std::string{id}});
}

pending<supervision::child_spec> get_childspec(const caf::actor& supervisor,
                                               const caf::actor& child) {
  return ask<supervision::child_spec>(supervisor, ticket::spec_of{child});
}

pending<done> stop(const caf::actor& supervisor, exit_reason reason,
                   std::optional<std::chrono::milliseconds> limit) {
  pending<done> result;
  if (has_ended(supervisor)) {
    result.set(unexpected{refused{refusal::noproc}});
    return result;
  }
  caf::actor alarm;
  if (limit && limit->count() > 0)
    alarm = set_alarm(supervisor, *limit, [result]() mutable {
      result.set(unexpected{refused{refusal::timeout}});
    });
  // If the supervisor has ended meanwhile, this is called at once.
  when_ended(
    supervisor, [result, reason, alarm](const caf::error& err) mutable {
      auto actual = to_reason(err);
      if (actual == reason)
        result.set(done{});
      else
        result.set(unexpected{refused{refusal::ended, {}, std::move(actual)}});
      if (alarm)
        signal_kill(alarm);
    });
  if (limit && limit->count() <= 0)
    result.set(unexpected{refused{refusal::timeout}});
  deliver(supervisor, stop_message{std::move(reason)});
  return result;
}

} // namespace coppice::actor
