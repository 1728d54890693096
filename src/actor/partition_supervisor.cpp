// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/partition_supervisor.hpp"

#include "actor/directory.hpp"
#include "actor/supervisor.hpp"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace coppice::actor {

using namespace supervision;

struct partition_supervisor::state {
  options how;
  std::mutex mutex;
  // Of the last start:
  runtime_ptr rt;
  std::string path;
  std::vector<child_spec> partitions = {};
  std::size_t used = 0;     // those that keys are sent to
  std::uint64_t change = 0; // the number of the last start or resize

  start_result start(const start_args& args);
  caf::actor find(const std::string& below);
  void resized(std::uint64_t number, std::size_t count, bool good);
};

namespace {

// FNV-1a: spreads well enough, and everywhere in the same way.
std::uint64_t hash(std::string_view key) {
  std::uint64_t result = 0xcbf29ce484222325;
  for (unsigned char c : key)
    result = (result ^ c) * 0x100000001b3;
  return result;
}

// The answer when the last of several requests is answered.
class all_done {
public:
  all_done(std::size_t count, std::size_t before, pending<std::size_t> result,
           std::function<void(bool)> on_end)
      : left_(count),
        before_(before),
        result_(std::move(result)),
        on_end_(std::move(on_end)) {
    // nop
  }

  void operator()(expected<void, refused> one) {
    std::unique_lock guard{mutex_};
    if (!one && all_)
      all_ = std::move(one);
    if (--left_ > 0)
      return;
    guard.unlock();
    on_end_(all_.has_value());
    result_.set(all_.map([this] { return before_; }));
  }

private:
  std::mutex mutex_;
  std::size_t left_;
  std::size_t before_;
  expected<void, refused> all_;
  pending<std::size_t> result_;
  std::function<void(bool)> on_end_;
};

// Whether a partition is as it should be all the same: gone, or there already.
bool harmless(refusal why) {
  return why == refusal::not_found || why == refusal::already_started
         || why == refusal::running || why == refusal::restarting;
}

template <class T>
expected<void, refused> without_harmless(answer<T> result) {
  if (result || harmless(result.error().why))
    return {};
  return unexpected{std::move(result.error())};
}

template <class T>
void then_tell(pending<T> what, const std::shared_ptr<all_done>& all) {
  what.then(
    [all](answer<T> result) { (*all)(without_harmless(std::move(result))); });
}

// One that is known but down is started again: somebody stopped it meanwhile,
// or it ended, or its start function had declined.
void then_tell_of_start(pending<child_ref> what, caf::actor supervisor,
                        std::string id, const std::shared_ptr<all_done>& all) {
  what.then([=, supervisor = std::move(supervisor),
             id = std::move(id)](answer<child_ref> result) {
    auto down = !result && result.error().why == refusal::already_present;
    if (down)
      then_tell(restart_child(supervisor, id), all);
    else
      (*all)(without_harmless(std::move(result)));
  });
}

} // namespace

std::size_t partition_supervisor::default_partitions() {
  return std::max(1U, std::thread::hardware_concurrency());
}

expected<void, spec_error> partition_supervisor::validate(const options& what) {
  if (what.id.empty())
    return unexpected{
      spec_error{"missing_id", "id", "a partition supervisor needs an id"}};
  if (!what.child)
    return unexpected{
      spec_error{"missing_child", "child",
                 "a partition supervisor needs to know how to make a "
                 "child"}};
  if (what.partitions < 1)
    return unexpected{spec_error{"invalid_partitions", "partitions",
                                 "there must be at least one partition"}};
  if (what.flags.strategy == strategy::simple_one_for_one)
    return unexpected{spec_error{"invalid_strategy", "flags.strategy",
                                 "partitions cannot be simple_one_for_one"}};
  if (what.flags.auto_shutdown != auto_shutdown::never)
    return unexpected{
      spec_error{"invalid_auto_shutdown", "flags.auto_shutdown",
                 "the auto_shutdown of partitions must be never"}};
  return supervision::validate(what.flags);
}

partition_supervisor::partition_supervisor(options what)
    : state_(std::make_shared<state>()) {
  state_->how = std::move(what);
}

child_spec partition_supervisor::spec() const {
  return {{.id = state_->how.id, .type = child_type::supervisor},
          [self = state_](const start_args& args) { return self->start(args); },
          validate(state_->how)};
}

start_result partition_supervisor::state::start(const start_args& args) {
  supervisor_setup setup;
  setup.flags = how.flags;
  for (std::size_t i = 0; i < how.partitions; ++i) {
    setup.children.push_back(how.child(i));
    setup.children.back().spec.id = std::to_string(i);
  }
  auto specs = setup.children;
  auto result = start_supervisor(args, std::move(setup));
  std::lock_guard guard{mutex};
  ++change;
  rt = args.rt;
  path = args.path;
  partitions = std::move(specs);
  used = std::holds_alternative<starting>(result) ? how.partitions : 0;
  return result;
}

// What became of an earlier start is of no interest any more, nor is a size
// that somebody has changed since. If not all of them started, those that did
// go again: no key would lead to them.
void partition_supervisor::state::resized(std::uint64_t number,
                                          std::size_t count, bool good) {
  caf::actor supervisor; // it may end when it is let go of: without the mutex
  std::lock_guard guard{mutex};
  if (change != number)
    return;
  if (good)
    used = count;
  else if ((supervisor = find("")))
    for (; count > used; --count)
      remove_child(supervisor, std::to_string(count - 1));
}

caf::actor partition_supervisor::state::find(const std::string& below) {
  if (!rt)
    return {};
  auto found = rt->directory.find(path + below);
  return found ? std::move(found->handle) : caf::actor{};
}

std::size_t partition_supervisor::partitions() const {
  std::lock_guard guard{state_->mutex};
  return state_->used;
}

caf::actor partition_supervisor::route(std::int64_t key) const {
  auto size = static_cast<std::uint64_t>(key);
  if (key < 0)
    size = 0 - size;
  std::lock_guard guard{state_->mutex};
  if (state_->used == 0)
    return {};
  return state_->find("/" + std::to_string(size % state_->used));
}

caf::actor partition_supervisor::route(std::string_view key) const {
  return route(static_cast<std::int64_t>(hash(key) >> 1));
}

pending<std::size_t> partition_supervisor::resize(std::size_t count) {
  pending<std::size_t> result;
  std::unique_lock guard{state_->mutex};
  auto supervisor = state_->find("");
  if (!supervisor) {
    result.set(unexpected{refused{refusal::noproc}});
    return result;
  }
  if (count > state_->how.partitions) {
    result.set(unexpected{
      refused{refusal::invalid_spec,
              {},
              {},
              spec_error{"invalid_partitions", "count",
                         "there are " + std::to_string(state_->how.partitions)
                           + " partitions at most"}}});
    return result;
  }
  auto before = state_->used;
  // Nobody is sent to a partition that is about to stop.
  state_->used = std::min(before, count);
  // All beyond, and all that keys are not sent to yet, whatever an earlier call
  // has done or is still doing.
  std::vector<pending<done>> stops;
  std::vector<pending<child_ref>> starts;
  for (auto i = state_->how.partitions; i > count; --i)
    stops.push_back(remove_child(supervisor, std::to_string(i - 1)));
  auto first_start = state_->used;
  for (auto i = first_start; i < count; ++i)
    starts.push_back(start_child(supervisor, state_->partitions[i]));
  auto last = count_children(supervisor);
  auto told = std::make_shared<all_done>(
    stops.size() + starts.size() + 1, before, result,
    [state = state_, count, number = ++state_->change](bool good) {
      state->resized(number, count, good);
    });
  // Answers may be there already, and need the lock.
  guard.unlock();
  for (auto& stop : stops)
    then_tell(stop, told);
  for (std::size_t i = 0; i < starts.size(); ++i)
    then_tell_of_start(starts[i], supervisor, std::to_string(first_start + i),
                       told);
  then_tell(last, told);
  return result;
}

} // namespace coppice::actor
