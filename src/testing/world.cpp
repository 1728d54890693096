// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/world.hpp"

#include "actor/messages.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/system.hpp"
#include "coppice/net/behavior_handler.hpp"
#include "testing/virtual_scheduler.hpp"

#include <caf/actor_registry.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <thread>

namespace coppice::testing {

using namespace std::chrono_literals;

// The clock that delayed messages and timeouts of CAF go by.
class caf_clock final : public actor::virtual_time::guest {
public:
  caf_clock(caf::actor_system& system, actor::virtual_time& time)
      : system_(system), time_(time) {
    time_.add(*this);
  }

  bool turn() override {
    auto due = next_timer();
    if (!due || *due > time_.now())
      return false;
    fire_caf_timers(system_);
    return true;
  }

  std::optional<supervision::time_point> next_timer() override {
    return next_caf_timer(system_);
  }

private:
  caf::actor_system& system_;
  actor::virtual_time& time_;
};

namespace {

// ExUnit's: it never gives up.
constexpr supervision::flags never_trips{.intensity = 1'000'000, .period = 1s};

// How long the kernel may take to bring what a test has just sent.
constexpr auto kernel_limit = 2ms;

std::unique_ptr<caf::actor_system> make_system(caf::actor_system_config& cfg,
                                               const world_settings& settings) {
  [[maybe_unused]] static const bool once = [] {
    actor::register_types();
    net::register_types();
    return true;
  }();
  actor::configure_scheduler(cfg, 2);
  if (settings.configure)
    settings.configure(cfg);
  if (settings.clock == clock_kind::virtual_time)
    return make_virtual_system(cfg);
  return std::make_unique<caf::actor_system>(cfg);
}

std::uint64_t seed_of(const world_settings& settings) {
  if (settings.seed)
    return *settings.seed;
  if (auto asked = seed_from_environment())
    return *asked;
  return std::random_device{}();
}

std::chrono::milliseconds patience_of(const world_settings& settings) {
  return settings.patience.value_or(
    settings.clock == clock_kind::virtual_time ? 1h : 20s);
}

} // namespace

std::optional<std::uint64_t> seed_from_environment() {
  const auto* value = std::getenv("COPPICE_TEST_SEED");
  if (value == nullptr)
    return {};
  std::string_view text{value};
  std::uint64_t result = 0;
  auto [end, error]
    = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size())
    throw std::invalid_argument{"COPPICE_TEST_SEED is no number: "
                                + std::string{text}};
  return result;
}

world::world(world_settings settings)
    : patience_(patience_of(settings)),
      seed_(seed_of(settings)),
      system_(make_system(config_, settings)),
      rt_(std::make_shared<actor::runtime>(
        *system_, fault::registry::settings{.seed = seed_})),
      events_(rt_->events, "test"),
      start_(std::chrono::steady_clock::now()) {
  if (settings.clock == clock_kind::virtual_time) {
    system_->await_actors_before_shutdown(false); // nothing would run them
    time_ = std::make_unique<actor::virtual_time>(
      *system_, settings.shuffled ? std::optional{seed_} : std::nullopt);
    run_on(*system_, time_.get());
    caf_clock_ = std::make_unique<caf_clock>(*system_, *time_);
    rt_->time = time_.get();
  }
  events_.on_pending([this] { changed_.notify_all(); });
  root_ = actor::tree_root::start(rt_, std::string{supervisor_path},
                                  never_trips, {})
            .value();
}

world::~world() {
  end();
  events_.on_pending({});
  let_strangers_go();
  if (time_) {
    time_->remove(*caf_clock_);
    run_on(*system_, nullptr);
  }
}

// -- the end ------------------------------------------------------------------

std::vector<std::string> world::end() {
  if (ended_)
    return {};
  ended_ = true;
  auto gone = [this] { return actor::has_ended(root_->handle()); };
  root_->stop(supervision::exit_reason::shutdown());
  if (run_until(gone, patience_))
    return {};
  std::vector<std::string> result;
  for (auto& path : root_->still_there())
    result.push_back(short_path(path));
  kill_all();
  (void)run_until(gone, patience_);
  return result;
}

void world::kill_all() {
  look();
  for (auto& [path, who] : history_.actors)
    if (auto found = rt_->actor_at(full_path(path)))
      actor::signal_kill(found);
  actor::signal_kill(root_->handle());
}

// Actors outside of the tree, and those that were given up. The actor system
// would wait for them for ever.
void world::let_strangers_go() {
  if (time_) {
    time_->run();
    return;
  }
  auto none = [this] { return system_->registry().running() == 0; };
  if (!run_until(none, patience_))
    system_->await_actors_before_shutdown(false);
}

// -- time ---------------------------------------------------------------------

std::chrono::nanoseconds world::now() const {
  return time_ ? time_->now().time_since_epoch()
               : std::chrono::steady_clock::now() - start_;
}

void world::settle() {
  if (!time_)
    throw std::logic_error{"only virtual time stands still: in real time, wait "
                           "for something by eventually() or run_until()"};
  do
    time_->run();
  while (time_->wait_outside(kernel_limit));
  collect();
}

void world::shuffle(std::uint64_t seed) {
  if (!time_)
    throw std::logic_error{"the schedule of real time cannot be chosen"};
  time_->shuffle(seed);
}

bool world::advance_to_next_timer() {
  settle();
  return step();
}

// Nothing comes from outside meanwhile: the test waits for this.
bool world::step() {
  auto due = time_->next_timer();
  if (!due)
    return false;
  time_->advance(std::max(*due - time_->now(), 0ns));
  collect();
  return true;
}

void world::advance(std::chrono::nanoseconds delay) {
  settle();
  auto until = time_->now() + delay;
  for (auto due = time_->next_timer(); due && *due <= until;
       due = time_->next_timer())
    step();
  time_->advance(until - time_->now());
}

bool world::run_until(const std::function<bool()>& holds,
                      std::chrono::nanoseconds limit) {
  if (!time_)
    return run_until_in_real_time(holds, limit);
  settle();
  auto until = time_->now() + limit;
  while (!holds()) {
    auto due = time_->next_timer();
    if (!due || *due > until)
      return false;
    step();
  }
  return true;
}

bool world::run_until_in_real_time(const std::function<bool()>& holds,
                                   std::chrono::nanoseconds limit) {
  constexpr auto between_questions = 2ms; // for what no event reports
  auto until = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::unique_lock guard{mutex_};
    changed_.wait_for(guard, between_questions);
  }
  return true;
}

// -- history ------------------------------------------------------------------

void world::collect() {
  for (auto& each : events_.take().events) {
    auto event = *each;
    auto at = time_ ? now() : event.time - start_;
    event.path = short_path(event.path);
    history_.events.push_back({at, std::move(event)});
  }
  history_.lost = events_.missed();
}

const event_history& world::history() {
  if (time_)
    settle();
  collect();
  look();
  return history_;
}

void world::look() {
  history_.actors.clear();
  auto view = rt_->tree.look(rt_->now());
  if (view)
    enter(*view);
}

void world::enter(const observe::node_view& node) {
  auto path = short_path(node.path);
  auto marked = marked_.find(path);
  history_.actors[path] = {
    .alive = rt_->actor_at(node.path) != nullptr,
    .state = node.state,
    .incarnation = node.incarnation,
    .at_mark = marked == marked_.end() ? 1 : marked->second,
    .supervisor = node.supervisor,
  };
  for (auto& child : node.children)
    enter(child);
}

void world::mark() {
  for (auto& [path, who] : history().actors)
    marked_[path] = who.incarnation;
}

void world::forget_history() {
  collect();
  history_.events.clear();
}

} // namespace coppice::testing
