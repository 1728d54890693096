// SPDX-License-Identifier: BSD-3-Clause

// Programs in the testing kit: nothing is executed there.

#include "coppice/process/program.hpp"
#include "coppice/testing/matchers.hpp"
#include "coppice/testing/supervised_test.hpp"
#include "process/process_child.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace process_virtual_time_test {

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;
using process::readiness;

namespace {

process::program any_program() {
  process::program result;
  result.command = {"/no/such/program"};
  return result;
}

using Programs = supervised_test;

TEST_F(Programs, AreUpAtOnceAndObeyInVirtualTime) {
  start_supervised(process::process_child({.id = "web"}, any_program()));
  EXPECT_THAT(history(), started("web"));

  kill("web");
  EXPECT_THAT(history(), exited("web", supervision::exit_reason::killed()));
  EXPECT_THAT(history(), restarted("web"));

  stop_supervised("web");
  EXPECT_THAT(history(), stopped("web"));
  EXPECT_EQ(now(), 0s);
}

// A machine whose programs do what a test wants.
class scripted final : public process::machine {
public:
  class program final : public process::handle {
  public:
    explicit program(std::shared_ptr<process::observer> observer)
        : to(std::move(observer)) {
      // nop
    }

    void stop() override {
      calls.emplace_back("stop");
    }

    void kill(int first) override {
      calls.push_back("kill " + std::to_string(first));
    }

    void signal(int number) override {
      calls.push_back("signal " + std::to_string(number));
    }

    void exit() {
      to->ended({});
    }

    std::shared_ptr<process::observer> to;
    std::vector<std::string> calls;
  };

  std::shared_ptr<process::handle>
  start(process::order, std::shared_ptr<process::observer> to) override {
    to->started(7);
    to->ready();
    all.push_back(std::make_shared<program>(std::move(to)));
    return all.back();
  }

  std::vector<std::shared_ptr<program>> all;
};

using ScriptedPrograms = supervised_test;

TEST_F(ScriptedPrograms, AreKilledWhenTheirTimeIsOverAndGivenUpAfterTheGrace) {
  auto machine = std::make_shared<scripted>();
  start_supervised(actor::supervisor_child(
    "n", {.intensity = 10, .kill_grace = 3s},
    {process::process_child_on(
      machine, {.id = "a", .shutdown = supervision::shutdown::within(7s)},
      any_program())}));

  actor::terminate_child(actor_at("n"), "a");
  settle();
  EXPECT_THAT(machine->all[0]->calls, ::testing::ElementsAre("stop"));

  advance(7s);
  EXPECT_THAT(machine->all[0]->calls, ::testing::ElementsAre("stop", "kill 0"));
  EXPECT_THAT(history(), ::testing::Not(stopped("n/a")));

  advance(3s);
  EXPECT_THAT(history(), unkillable("n/a"));
  machine->all[0]->exit();
}

} // namespace

} // namespace process_virtual_time_test
