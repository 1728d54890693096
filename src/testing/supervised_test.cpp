// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/supervised_test.hpp"

#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <variant>

namespace coppice::testing {

namespace {

void apply(const spec_overrides& from, supervision::child_spec& to) {
  auto set = [](auto& value, auto& field) {
    if (value)
      field = *value;
  };
  set(from.id, to.id);
  set(from.restart, to.restart);
  set(from.shutdown, to.shutdown);
  set(from.backoff, to.backoff);
  set(from.ready_within, to.ready_within);
  set(from.progress_within, to.progress_within);
}

std::string why_not(const std::string& id, const actor::refused& refusal) {
  auto text = "start_supervised: " + id + ": " + to_string(refusal);
  if (refusal.why == supervision::refusal::already_started
      || refusal.why == supervision::refusal::already_present)
    text += "; there is a child of this id: give this one another, or call "
            "stop_supervised(\""
            + id + "\") before";
  return text;
}

} // namespace

supervised_test::supervised_test(world_settings settings)
    : settings_(std::move(settings)) {
  renew(settings_);
}

supervised_test::~supervised_test() = default;

void supervised_test::renew(world_settings settings) {
  programs_.clear();
  world_.reset();
  world_ = std::make_unique<world>(std::move(settings));
  chance_.seed(world_->seed());
}

void supervised_test::TearDown() {
  end();
  if (HasFailure())
    std::cout << "To repeat this with the same chances: COPPICE_TEST_SEED="
              << world_->seed() << std::endl;
}

void supervised_test::end() {
  stop_all_supervised();
  for (auto& missing : faults().unmet())
    ADD_FAILURE() << "armed, but never declared: " << to_string(missing);
  faults().disarm();
}

// -- children -----------------------------------------------------------------

caf::actor supervised_test::start_supervised(actor::child_spec child,
                                             const spec_overrides& overrides) {
  auto id = overrides.id.value_or(child.spec.id);
  auto result = try_start_supervised(std::move(child), overrides);
  if (!result)
    throw std::runtime_error{why_not(id, result.error())};
  return result->child;
}

actor::answer<actor::child_ref>
supervised_test::try_start_supervised(actor::child_spec child,
                                      const spec_overrides& overrides) {
  apply(overrides, child.spec);
  auto id = child.spec.id;
  auto answer = world_->wait_for(
    actor::start_child(world_->supervisor(), std::move(child)));
  if (!answer)
    throw std::runtime_error{"start_supervised: " + id
                             + ": it is not up, and nothing more happens"};
  return std::move(*answer);
}

void supervised_test::stop_supervised(std::string_view id) {
  auto stopped
    = world_->wait_for(actor::terminate_child(world_->supervisor(), id));
  if (!stopped)
    throw std::runtime_error{"stop_supervised: " + std::string{id}
                             + ": it does not end"};
  if (!*stopped)
    complain_of(id);
  // A temporary child has gone with its specification.
  (void)world_->wait_for(actor::delete_child(world_->supervisor(), id));
}

void supervised_test::stop_all_supervised() {
  for (auto i = programs_.rbegin(); i != programs_.rend(); ++i)
    (*i)();
  for (auto& path : world_->end())
    ADD_FAILURE() << path << " did not end when it was asked to; killed";
}

// -- servers ------------------------------------------------------------------

tcp_client supervised_test::connect(const net::endpoint& where) {
  if (rt()->time == nullptr)
    return tcp_client{where};
  return tcp_client{where, [this] { settle(); }};
}

// -- time ---------------------------------------------------------------------

void supervised_test::settle() {
  world_->settle();
}

void supervised_test::advance(std::chrono::nanoseconds delay) {
  world_->advance(delay);
}

bool supervised_test::advance_to_next_timer() {
  return world_->advance_to_next_timer();
}

bool supervised_test::run_until(const std::function<bool()>& holds,
                                std::chrono::nanoseconds limit) {
  return world_->run_until(holds, limit);
}

::testing::AssertionResult
supervised_test::eventually(::testing::Matcher<const event_history&> what,
                            std::optional<std::chrono::nanoseconds> limit) {
  auto holds = [&] { return what.Matches(history()); };
  if (world_->run_until(holds, limit.value_or(world_->patience())))
    return ::testing::AssertionSuccess();
  ::testing::StringMatchResultListener listener;
  auto& all = history();
  what.MatchAndExplain(all, &listener);
  auto result = ::testing::AssertionFailure();
  result << "not in time\nExpected: "
         << ::testing::DescribeMatcher<const event_history&>(what)
         << "\n  Actual: " << ::testing::PrintToString(all) << ", "
         << listener.str();
  return result;
}

std::chrono::nanoseconds supervised_test::now() const {
  return world_->now();
}

// -- schedules ----------------------------------------------------------------

void supervised_test::schedule_seed(std::uint64_t seed) {
  world_->shuffle(seed);
}

void supervised_test::for_each_schedule(std::size_t n,
                                        const std::function<void()>& body) {
  auto asked = seed_from_environment();
  std::mt19937_64 seeds{world_->seed()};
  for (std::size_t i = 0; i < (asked ? 1 : n) && !HasFailure(); ++i) {
    auto settings = settings_;
    settings.seed = asked ? *asked : seeds();
    settings.shuffled = true;
    renew(settings);
    ::testing::ScopedTrace trace{__FILE__, __LINE__,
                                 "schedule " + std::to_string(i + 1) + " of "
                                   + std::to_string(n) + "; COPPICE_TEST_SEED="
                                   + std::to_string(world_->seed())
                                   + " repeats it"};
    body();
    end();
  }
}

// -- looking ------------------------------------------------------------------

const event_history& supervised_test::history() {
  return world_->history();
}

void supervised_test::mark() {
  world_->mark();
}

void supervised_test::forget_history() {
  world_->forget_history();
}

// -- real time ----------------------------------------------------------------

namespace {

world_settings in_real_time(world_settings settings) {
  settings.clock = clock_kind::real_time;
  return settings;
}

} // namespace

real_time_supervised_test::real_time_supervised_test(world_settings settings)
    : supervised_test(in_real_time(std::move(settings))) {
  // nop
}

} // namespace coppice::testing
