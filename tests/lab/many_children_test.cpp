// SPDX-License-Identifier: BSD-3-Clause

#include "lab/engine_world.hpp"
#include "lab/scenario.hpp"
#include "supervision/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <vector>

namespace many_children_test {

using namespace coppice;
using namespace coppice::lab;

namespace {

scenario template_of(supervision::child_type type) {
  scenario plan;
  plan.name = "many";
  plan.top.id = "top";
  plan.top.flags.strategy = supervision::strategy::simple_one_for_one;
  child_def worker;
  worker.spec.id = "w";
  worker.spec.type = type;
  worker.spec.restart = supervision::restart::temporary;
  worker.starts.emplace_back();
  plan.top.children.push_back(worker);
  plan.steps.push_back({op::start});
  return plan;
}

step about(op what, std::size_t number) {
  step result{what};
  result.child = "x" + std::to_string(number);
  return result;
}

std::string last_counts(const std::vector<moment>& moments) {
  for (auto i = moments.rbegin(); i != moments.rend(); ++i)
    if (i->what["e"] == "reply" && i->what["op"] == "count_children")
      return i->what["res"];
  return {};
}

class ManyChildren : public testing::TestWithParam<supervision::child_type> {};

// Source: OTP supervisor_SUITE, count_children and count_children_supervisor.
TEST_P(ManyChildren, AreCountedUntilTheLastOneIsDead) {
  auto plan = template_of(GetParam());
  auto supervisors = GetParam() == supervision::child_type::supervisor;
  engine_world world{std::make_shared<const scenario>(plan)};
  world.play({op::start});
  auto counted = [&](int n) {
    world.play({op::count_children});
    auto text = std::to_string(n);
    EXPECT_EQ(last_counts(world.moments()),
              "[{specs,1},{active," + text + "},{supervisors,"
                + (supervisors ? text : "0") + "},{workers,"
                + (supervisors ? "0" : text) + "}]");
  };

  for (std::size_t i = 0; i < 1000; ++i)
    world.play(about(op::start_child, i));
  counted(1000);
  for (std::size_t i = 1000; i < 2000; ++i)
    world.play(about(op::start_child, i));
  counted(2000);
  for (std::size_t i = 0; i < 2000; ++i)
    world.play(about(op::kill, i));
  counted(0);
}

INSTANTIATE_TEST_SUITE_P(Types, ManyChildren,
                         testing::Values(supervision::child_type::worker,
                                         supervision::child_type::supervisor),
                         [](auto& param) {
                           return std::string{to_string(param.param)};
                         });

// -- cost ---------------------------------------------------------------------

// Hands `first` over, and lets start functions return and children end as the
// engine asks them to.
void drive(supervision::engine& machine, supervision::event first) {
  std::deque<supervision::event> events{std::move(first)};
  std::vector<supervision::command> commands;
  while (!events.empty()) {
    commands.clear();
    machine.handle(std::move(events.front()), {}, commands);
    events.pop_front();
    for (auto& cmd : commands)
      if (auto* start = std::get_if<supervision::start_instance>(&cmd))
        events.push_back(supervision::start_returned{start->instance, {}});
      else if (auto* sent = std::get_if<supervision::send_signal>(&cmd))
        events.push_back(supervision::child_exited{
          sent->instance, supervision::exit_reason::shutdown()});
  }
}

using seconds = std::chrono::duration<double>;

// The best of some runs: what else the machine does comes on top.
seconds time_of(void (*work)(std::size_t), std::size_t count) {
  auto best = seconds::max();
  for (auto i = 0; i < 3; ++i) {
    auto begin = std::chrono::steady_clock::now();
    work(count);
    best = std::min<seconds>(best, std::chrono::steady_clock::now() - begin);
  }
  return best;
}

void start_and_stop_static(std::size_t count) {
  std::vector<supervision::child_spec> specs(count);
  for (std::size_t i = 0; i < count; ++i)
    specs[i].id = std::to_string(i);
  supervision::engine machine{{}, specs};

  drive(machine, supervision::begin{});
  ASSERT_EQ(machine.children().rbegin()->second.state,
            supervision::child_state::running);
  drive(machine,
        supervision::parent_exited{supervision::exit_reason::shutdown()});
  ASSERT_TRUE(machine.ended());
}

void start_and_terminate_dynamic(std::size_t count) {
  supervision::flags settings;
  settings.strategy = supervision::strategy::simple_one_for_one;
  supervision::child_spec spec;
  spec.id = "w";
  spec.restart = supervision::restart::temporary;
  supervision::engine machine{settings, {spec}};
  drive(machine, supervision::begin{});

  for (std::size_t i = 0; i < count; ++i)
    drive(machine, supervision::request{1, supervision::start_dynamic_child{}});
  ASSERT_EQ(machine.children().size(), count);
  while (!machine.children().empty()) {
    auto oldest = machine.children().begin()->second.instance;
    drive(machine, supervision::request{
                     2, supervision::terminate_dynamic_child{oldest}});
  }
}

class Cost : public testing::TestWithParam<void (*)(std::size_t)> {};

// Source: OTP supervisor_SUITE, scale_start_stop_many_children and
// simple_one_for_one_scale_many_temporary_children. What is quadratic takes a
// hundred times as long for ten times as many.
TEST_P(Cost, OfTenTimesAsManyChildrenIsAboutTenTimesAsHigh) {
  auto few = time_of(GetParam(), 5'000);
  auto many = time_of(GetParam(), 50'000);

  RecordProperty("ratio", std::to_string(many / few));
  EXPECT_LT(many / few, 40) << few.count() << " s, " << many.count() << " s";
}

INSTANTIATE_TEST_SUITE_P(Kinds, Cost,
                         testing::Values(start_and_stop_static,
                                         start_and_terminate_dynamic),
                         [](auto& param) {
                           return param.index == 0 ? "Static" : "Dynamic";
                         });

} // namespace

} // namespace many_children_test
