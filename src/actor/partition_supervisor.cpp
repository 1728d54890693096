#include "coppice/actor/partition_supervisor.hpp"

#include "coppice/actor/supervisor.hpp"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

namespace coppice::actor {

using namespace supervision;

struct partition_supervisor::state {
  options how;
  std::mutex mutex;
  runtime_ptr rt;      // … of the last start
  std::string path;    // …
  std::size_t used{0}; // partitions in use

  start_result start(const start_args& args, std::shared_ptr<state> self);
  caf::actor find(const std::string& below);
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
  all_done(std::size_t count, pending<done> result,
           std::function<void()> finally)
      : left_(count), result_(std::move(result)), finally_(std::move(finally)) {
    // nop
  }

  void operator()(std::optional<refused> no) {
    std::unique_lock guard{mutex_};
    if (no && !no_)
      no_ = std::move(no);
    if (--left_ > 0)
      return;
    guard.unlock();
    finally_();
    if (no_)
      result_.set(*no_);
    else
      result_.set(done{});
  }

private:
  std::mutex mutex_;
  std::size_t left_;
  std::optional<refused> no_;
  pending<done> result_;
  std::function<void()> finally_;
};

template <class T>
void then_tell(pending<T> what, std::shared_ptr<all_done> whom) {
  what.then([whom](answer<T> result) {
    auto* no = std::get_if<refused>(&result);
    (*whom)(no == nullptr ? std::optional<refused>{} : *no);
  });
}

} // namespace

std::size_t partition_supervisor::default_partitions() {
  return std::max(1U, std::thread::hardware_concurrency());
}

std::optional<spec_error> partition_supervisor::validate(const options& what) {
  if (what.id.empty())
    return spec_error{"missing_id", "id", "a partition supervisor needs an id"};
  if (!what.child)
    return spec_error{"missing_child", "child",
                      "a partition supervisor needs to know how to make a "
                      "child"};
  if (what.partitions < 1)
    return spec_error{"invalid_partitions", "partitions",
                      "there must be at least one partition"};
  if (what.flags.strategy == strategy::simple_one_for_one)
    return spec_error{"invalid_strategy", "flags.strategy",
                      "partitions cannot be simple_one_for_one"};
  if (what.flags.auto_shutdown != auto_shutdown::never)
    return spec_error{"invalid_auto_shutdown", "flags.auto_shutdown",
                      "the auto_shutdown of partitions must be never"};
  return supervision::validate(what.flags);
}

partition_supervisor::partition_supervisor(options what)
    : state_(std::make_shared<state>()) {
  state_->how = std::move(what);
}

child_spec partition_supervisor::spec() const {
  return {{.id = state_->how.id, .type = child_type::supervisor},
          [self = state_](const start_args& args) {
            return self->start(args, self);
          }};
}

start_result partition_supervisor::state::start(const start_args& args,
                                                std::shared_ptr<state> self) {
  if (auto err = validate(how))
    return start_failed{exit_reason::abnormal(err->message)};
  supervisor_setup setup;
  setup.flags = how.flags;
  for (std::size_t i = 0; i < how.partitions; ++i) {
    setup.children.push_back(how.child(i));
    setup.children.back().spec.id = std::to_string(i);
  }
  auto result = start_supervisor(args, std::move(setup));
  std::lock_guard guard{self->mutex};
  rt = args.rt;
  path = args.path;
  used = how.partitions;
  return result;
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

pending<done> partition_supervisor::resize(std::size_t count) {
  pending<done> result;
  std::lock_guard guard{state_->mutex};
  auto supervisor = state_->find("");
  if (!supervisor) {
    result.set(refused{refusal::noproc});
    return result;
  }
  if (count > state_->how.partitions) {
    result.set(
      refused{refusal::invalid_spec,
              {},
              {},
              spec_error{"invalid_partitions", "count",
                         "there are " + std::to_string(state_->how.partitions)
                           + " partitions at most"}});
    return result;
  }
  auto before = state_->used;
  auto changes = std::max(before, count) - std::min(before, count);
  auto told
    = std::make_shared<all_done>(changes + 1, result, [state = state_, count] {
        std::lock_guard guard{state->mutex};
        state->used = count;
      });
  // Nobody is sent to a partition that is about to stop.
  state_->used = std::min(before, count);
  for (auto i = before; i > count; --i)
    then_tell(terminate_child(supervisor, std::to_string(i - 1)), told);
  for (auto i = before; i < count; ++i)
    then_tell(restart_child(supervisor, std::to_string(i)), told);
  then_tell(count_children(supervisor), told);
  return result;
}

} // namespace coppice::actor
