// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

#include <variant>

namespace requests_test {

namespace {

using lines = std::vector<std::string>;

const start_outcome nope = start_failed{exit_reason::abnormal("nope")};

// A supervisor with `a` in each state that a child can be in.
struct RequestTo : testing::Test {
  harness running() {
    harness sup{with(strategy::one_for_one), {child("a"), child("z")}};
    sup.begin();
    return sup;
  }

  harness undefined() {
    auto sup = running();
    sup.ask(terminate_child{"a"});
    sup.take();
    return sup;
  }

  // Answers `body` while `a` is restarting.
  reply restarting(request_body body) {
    auto sup = running();
    sup.starts["a"] = {nope};
    sup.meanwhile["a"] = {request{99, std::move(body)}};
    sup.crash("a#1");
    return sup.answer(99);
  }

  refusal why(const reply& what) {
    return std::get<refused>(what).why;
  }
};

TEST_F(RequestTo, StartChildNamesTheRunningInstance) {
  auto sup = running();

  auto answer = sup.answer_to<refused>(start_child{child("a")});

  EXPECT_EQ(answer.why, refusal::already_started);
  EXPECT_EQ(answer.instance, sup.instances["a#1"]);
}

TEST_F(RequestTo, StartChildFindsAChildThatIsDownPresent) {
  EXPECT_EQ(undefined().refusal_of(start_child{child("a")}),
            refusal::already_present);
  EXPECT_EQ(why(restarting(start_child{child("a")})), refusal::already_present);
}

TEST_F(RequestTo, StartChildAppends) {
  auto sup = running();

  auto answer = sup.answer_to<child_ref>(start_child{child("b")});

  EXPECT_EQ(answer.instance, sup.instances["b#1"]);
  EXPECT_EQ(sup.children(), (lines{"a#1", "z#1", "b#1"}));
}

TEST_F(RequestTo, StartChildHandsInformationThrough) {
  auto sup = running();
  sup.starts["b"] = {started{"extra"}};

  EXPECT_EQ(sup.answer_to<child_ref>(start_child{child("b")}).info, "extra");
}

TEST_F(RequestTo, StartChildThatFailsLeavesNothingAndReportsNothing) {
  auto sup = running();
  sup.starts["b"] = {nope};

  auto answer = sup.answer_to<refused>(start_child{child("b")});

  EXPECT_EQ(answer.why, refusal::start_failed);
  EXPECT_EQ(answer.reason, exit_reason::abnormal("nope"));
  EXPECT_EQ(sup.take(), (lines{"start b#1", "reply"}));
  EXPECT_EQ(sup.children(), (lines{"a#1", "z#1"}));
}

TEST_F(RequestTo, StartChildThatIgnoresKeepsTheSpecificationUnlessTemporary) {
  auto sup = running();
  sup.starts = {{"b", {ignored{}}}, {"t", {ignored{}}}};

  auto kept = sup.answer_to<child_ref>(start_child{child("b")});
  auto gone
    = sup.answer_to<child_ref>(start_child{child("t", restart::temporary)});

  EXPECT_EQ(kept.instance, 0u);
  EXPECT_EQ(gone.instance, 0u);
  EXPECT_EQ(sup.children(), (lines{"a#1", "z#1", "b undefined"}));
}

TEST_F(RequestTo, RestartChildStartsOnlyWhatIsDown) {
  auto down = undefined();

  EXPECT_EQ(running().refusal_of(restart_child{"a"}), refusal::running);
  EXPECT_EQ(why(restarting(restart_child{"a"})), refusal::restarting);
  EXPECT_EQ(running().refusal_of(restart_child{"x"}), refusal::not_found);
  EXPECT_EQ(down.answer_to<child_ref>(restart_child{"a"}).instance,
            down.instances["a#2"]);
}

TEST_F(RequestTo, RestartChildThatFailsLeavesTheChildDown) {
  auto sup = undefined();
  sup.starts["a"] = {nope};

  EXPECT_EQ(sup.refusal_of(restart_child{"a"}), refusal::start_failed);

  EXPECT_EQ(sup.take(), (lines{"start a#2", "reply"}));
  EXPECT_EQ(sup.children(), (lines{"a undefined", "z#1"}));
}

TEST_F(RequestTo, RestartChildThatIgnoresIsASuccessWithoutAnInstance) {
  auto sup = undefined();
  sup.starts["a"] = {ignored{}};

  EXPECT_EQ(sup.answer_to<child_ref>(restart_child{"a"}).instance, 0u);
  EXPECT_EQ(sup.children(), (lines{"a undefined", "z#1"}));
}

TEST_F(RequestTo, TerminateChildSucceedsInEveryState) {
  auto up = running();
  auto down = undefined();

  EXPECT_TRUE(
    std::holds_alternative<done>(up.answer(up.ask(terminate_child{"a"}))));
  EXPECT_TRUE(
    std::holds_alternative<done>(down.answer(down.ask(terminate_child{"a"}))));
  EXPECT_TRUE(std::holds_alternative<done>(restarting(terminate_child{"a"})));
  EXPECT_EQ(up.refusal_of(terminate_child{"x"}), refusal::not_found);
}

TEST_F(RequestTo, TerminateChildRemovesATemporaryOne) {
  auto sup = running();
  sup.ask(start_child{child("t", restart::temporary)});

  sup.ask(terminate_child{"t"});

  EXPECT_EQ(sup.refusal_of(terminate_child{"t"}), refusal::not_found);
}

TEST_F(RequestTo, DeleteChildRemovesOnlyWhatIsDown) {
  auto down = undefined();

  EXPECT_EQ(running().refusal_of(delete_child{"a"}), refusal::running);
  EXPECT_EQ(why(restarting(delete_child{"a"})), refusal::restarting);
  EXPECT_EQ(running().refusal_of(delete_child{"x"}), refusal::not_found);
  EXPECT_TRUE(
    std::holds_alternative<done>(down.answer(down.ask(delete_child{"a"}))));
  EXPECT_EQ(down.children(), lines{"z#1"});
  EXPECT_EQ(down.forgotten, lines{"a"});
}

TEST_F(RequestTo, ADeletedChildComesBackAtTheEnd) {
  auto sup = undefined();
  sup.ask(delete_child{"a"});

  sup.ask(start_child{child("a")});

  EXPECT_EQ(sup.children(), (lines{"z#1", "a#2"}));
}

TEST_F(RequestTo, GetChildspecAnswersInEveryState) {
  auto id_in = [](const reply& what) { return std::get<child_spec>(what).id; };
  auto up = running();
  auto down = undefined();

  EXPECT_EQ(id_in(up.answer(up.ask(get_childspec{"a"}))), "a");
  EXPECT_EQ(id_in(down.answer(down.ask(get_childspec{"a"}))), "a");
  EXPECT_EQ(id_in(restarting(get_childspec{"a"})), "a");
  EXPECT_EQ(up.refusal_of(get_childspec{"x"}), refusal::not_found);
}

TEST_F(RequestTo, WhichChildrenListsTheNewestFirst) {
  auto sup = undefined();
  auto list = sup.answer_to<std::vector<child_info>>(which_children{});

  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].id, "z");
  EXPECT_EQ(list[0].instance, sup.instances["z#1"]);
  EXPECT_EQ(list[1].id, "a");
  EXPECT_EQ(list[1].state, child_state::undefined);
  EXPECT_EQ(list[1].instance, 0u);
}

TEST_F(RequestTo, CountChildrenCountsStoppedOnesButNotAsActive) {
  auto sup = undefined();
  auto nested = child("s");
  nested.type = child_type::supervisor;
  sup.ask(start_child{nested});

  auto counts = sup.answer_to<child_counts>(count_children{});

  EXPECT_EQ(counts.specs, 3u);
  EXPECT_EQ(counts.active, 2u);
  EXPECT_EQ(counts.supervisors, 1u);
  EXPECT_EQ(counts.workers, 2u);
}

TEST_F(RequestTo, CountChildrenDoesNotCountTheDeadWhoseExitStillWaits) {
  auto sup = running();
  sup.meanwhile["b"]
    = {request{99, count_children{}},
       child_exited{sup.instances["z#1"], exit_reason::normal()}};

  sup.ask(start_child{child("b")});

  EXPECT_EQ(std::get<child_counts>(sup.answer(99)).active, 2u);
}

TEST_F(RequestTo, StartChildWithABadSpecificationNamesTheField) {
  auto bad = child("b");
  bad.significant = true;
  auto sup = running();

  auto answer = sup.answer_to<refused>(start_child{bad});

  EXPECT_EQ(answer.why, refusal::invalid_spec);
  EXPECT_EQ(answer.spec->field, "significant");
}

TEST_F(RequestTo, WhichChildHasTheLineOfWhichChildren) {
  auto up = running();
  auto info = up.answer_to<child_info>(which_child{"a"});
  EXPECT_EQ(info.id, "a");
  EXPECT_EQ(info.state, child_state::running);
  EXPECT_EQ(info.instance, up.instances["a#1"]);
  EXPECT_EQ(info.type, child_type::worker);

  auto down = undefined().answer_to<child_info>(which_child{"a"});
  EXPECT_EQ(down.state, child_state::undefined);
  EXPECT_EQ(down.instance, 0u);

  auto between = std::get<child_info>(restarting(which_child{"a"}));
  EXPECT_EQ(between.state, child_state::restarting);
  EXPECT_EQ(between.instance, 0u);

  EXPECT_EQ(running().refusal_of(which_child{"x"}), refusal::not_found);
}

TEST_F(RequestTo, WhichChildTakesNoInstanceOfAFixedChild) {
  auto sup = running();

  EXPECT_EQ(sup.refusal_of(which_dynamic_child{sup.instances["a#1"]}),
            refusal::not_found);
}

TEST_F(RequestTo, TerminateAndForgetLeavesNoSpecification) {
  auto up = running();
  EXPECT_TRUE(std::holds_alternative<done>(
    up.answer(up.ask(terminate_child{"a", true}))));
  EXPECT_EQ(up.take(), (lines{"shutdown a#1", "down a#1 shutdown", "reply"}));
  EXPECT_EQ(up.children(), lines{"z#1"});
  EXPECT_EQ(up.forgotten, lines{"a"});

  auto down = undefined();
  down.ask(terminate_child{"a", true});
  EXPECT_EQ(down.children(), lines{"z#1"});

  EXPECT_TRUE(
    std::holds_alternative<done>(restarting(terminate_child{"a", true})));
  EXPECT_EQ(running().refusal_of(terminate_child{"x", true}),
            refusal::not_found);
}

TEST_F(RequestTo, TerminateAndForgetForgetsATemporaryChildOnce) {
  harness sup{with(strategy::one_for_one), {child("t", restart::temporary)}};
  sup.begin();

  sup.ask(terminate_child{"t", true});

  EXPECT_EQ(sup.forgotten, lines{"t"});
}

TEST_F(RequestTo, TerminateAndForgetComesBeforeACrashThatWaits) {
  harness sup{with(strategy::one_for_all), {child("a"), child("b")}};
  sup.begin();
  sup.stubborn = {"b"};
  sup.ask(terminate_child{"b", true});
  sup.crash("a#1");

  sup.wait(5s);

  EXPECT_EQ(sup.children(), lines{"a#2"});
}

} // namespace

} // namespace requests_test
