// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/program_group.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/partition_supervisor.hpp"
#include "coppice/process/program.hpp"
#include "server/exit_code.hpp"
#include "server/programs/signal_names.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace coppice::programs {

using supervision::exit_reason;

namespace {

constexpr int exit_of_signal = 128;
constexpr std::chrono::seconds longest_moment{1};
constexpr auto number_of_copy = "COPPICE_COPY";
// Who has it may change the tree, which programs in it need not.
constexpr std::string_view token_variable = "COPPICE_ADMIN_TOKEN";

// All but the token, as soon as there is one.
std::optional<std::vector<std::string>> inherited_by_default() {
  std::vector<std::string> names;
  auto has_token = false;
  for (auto** each = environ; each != nullptr && *each != nullptr; ++each) {
    std::string_view variable{*each};
    auto name = variable.substr(0, variable.find('='));
    has_token = has_token || name == token_variable;
    if (name != token_variable)
      names.emplace_back(name);
  }
  if (!has_token)
    return {};
  return names;
}

caf::actor actor_in(const actor::start_result& what) {
  if (auto* up = std::get_if<actor::running>(&what))
    return up->child;
  if (auto* begun = std::get_if<actor::starting>(&what))
    return begun->child;
  return {};
}

// Starts a child only once somebody has asked for it, and from then on as any
// other. A new supervisor starts all of its children; that is no request.
class switched {
public:
  bool starts(const actor::start_args& args) {
    auto fresh = std::exchange(supervisor_, args.supervisor->id())
                 != args.supervisor->id();
    on_ = on_ || (args.asked && !fresh);
    return on_;
  }

private:
  caf::actor_id supervisor_ = 0;
  bool on_ = false;
};

} // namespace

struct program_group::state {
  explicit state(const tree& what) : plan(what) {
    // nop
  }

  actor::child_spec child_of(const std::shared_ptr<state>& self,
                             const child& what, const std::string& path) const;
  actor::child_spec program_of(const std::shared_ptr<state>& self,
                               const child& what, const std::string& path,
                               std::optional<std::size_t> copy) const;
  std::vector<actor::child_spec> children_of(const std::shared_ptr<state>& self,
                                             const std::vector<child>& all,
                                             const std::string& above) const;
  void watch(const std::shared_ptr<state>& self, const std::string& path,
             const actor::start_args& args, const caf::actor& who);

  const tree plan;
  mutable std::mutex mutex;
  bool killing = false;                    // guarded by mutex
  std::map<std::string, caf::actor> alive; // guarded by mutex, by full path
  // Of the program that the exit code is taken from:
  int chosen_alive = 0;                         // guarded by mutex
  std::optional<exit_reason> end_of_chosen_one; // guarded by mutex
  std::condition_variable chosen_ended;
};

std::vector<actor::child_spec>
program_group::state::children_of(const std::shared_ptr<state>& self,
                                  const std::vector<child>& all,
                                  const std::string& above) const {
  std::vector<actor::child_spec> result;
  for (auto& each : all)
    result.push_back(child_of(self, each, above + each.spec.id));
  return result;
}

actor::child_spec
program_group::state::child_of(const std::shared_ptr<state>& self,
                               const child& what,
                               const std::string& path) const {
  if (what.program && what.copies == 0)
    return program_of(self, what, path, {});
  if (what.program) {
    actor::partition_supervisor copies{
      {.id = what.spec.id,
       .child =
         [self, what, path](std::size_t number) {
           return self->program_of(self, what, path, number);
         },
       .partitions = what.copies}};
    return copies.spec();
  }
  auto result = actor::supervisor_child(
    what.spec.id, what.flags, children_of(self, what.children, path + "/"));
  result.spec = what.spec;
  return result;
}

actor::child_spec
program_group::state::program_of(const std::shared_ptr<state>& self,
                                 const child& what, const std::string& path,
                                 std::optional<std::size_t> copy) const {
  auto program = *what.program;
  if (copy)
    program.environment[number_of_copy] = std::to_string(*copy);
  if (!program.inherit_environment)
    program.inherit_environment = inherited_by_default();
  auto result = process::process_child(what.spec, std::move(program));
  auto gate = what.disabled ? std::make_shared<switched>() : nullptr;
  result.start = [self, path, gate, start = std::move(result.start)](
                   const actor::start_args& args) -> actor::start_result {
    if (gate && !gate->starts(args))
      return supervision::ignored{};
    {
      std::lock_guard guard{self->mutex};
      if (self->killing)
        return supervision::start_failed{exit_reason::shutdown()};
    }
    auto begun = start(args);
    if (auto who = actor_in(begun))
      self->watch(self, path, args, who);
    return begun;
  };
  return result;
}

void program_group::state::watch(const std::shared_ptr<state>& self,
                                 const std::string& path,
                                 const actor::start_args& args,
                                 const caf::actor& who) {
  caf::actor before; // it may end when it is let go of: without the mutex
  std::unique_lock guard{mutex};
  before = std::exchange(alive[args.path], who);
  if (path == plan.exit_code_from)
    ++chosen_alive;
  auto too_late = killing;
  guard.unlock();
  if (too_late)
    actor::signal_kill(who);
  actor::when_ended(
    who, [self, path, full = args.path, id = who->id()](const caf::error& why) {
      caf::actor gone; // as above
      std::lock_guard held{self->mutex};
      if (auto i = self->alive.find(full);
          i != self->alive.end() && i->second->id() == id) {
        gone = std::move(i->second);
        self->alive.erase(i);
      }
      if (path == self->plan.exit_code_from) {
        self->end_of_chosen_one = actor::to_reason(why);
        --self->chosen_alive;
        self->chosen_ended.notify_all();
      }
    });
}

program_group::program_group(const tree& what)
    : state_(std::make_shared<state>(what)) {
  // nop
}

actor::child_spec program_group::spec() const {
  auto& plan = state_->plan;
  auto result = actor::supervisor_child(
    plan.name, plan.flags, state_->children_of(state_, plan.children, ""));
  result.spec.restart = supervision::restart::transient;
  result.spec.significant = true;
  return result;
}

void program_group::kill() {
  std::unique_lock guard{state_->mutex};
  state_->killing = true;
  auto all = state_->alive;
  guard.unlock();
  for (auto& [path, who] : all)
    actor::signal_kill(who);
}

int program_group::exit_code() const {
  std::unique_lock guard{state_->mutex};
  // Its supervisor may have heard of its end a moment before this has.
  state_->chosen_ended.wait_for(guard, longest_moment,
                                [this] { return state_->chosen_alive == 0; });
  auto& seen = state_->end_of_chosen_one;
  return seen ? exit_code_of(*seen) : done;
}

int exit_code_of(const exit_reason& reason) {
  switch (reason.what()) {
  case exit_reason::kind::normal:
    return done;
  case exit_reason::kind::killed:
    return exit_of_signal + SIGKILL;
  case exit_reason::kind::shutdown:
  case exit_reason::kind::abnormal:
    break;
  }
  std::string_view text = reason.detail();
  constexpr std::string_view own = "exit ";
  if (text.empty())
    return done;
  if (text.starts_with("killed")) // perhaps out of memory
    return exit_of_signal + SIGKILL;
  if (auto number = signal_number(text.substr(0, text.find(','))))
    return exit_of_signal + *number;
  auto code = 0;
  if (text.starts_with(own)
      && std::from_chars(text.data() + own.size(), text.data() + text.size(),
                         code)
             .ec
           == std::errc{})
    return code;
  return failed;
}

} // namespace coppice::programs
