// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

#include <cstdint>
#include <variant>

namespace dynamic_test {

namespace {

using lines = std::vector<std::string>;

const start_outcome nope = start_failed{exit_reason::abnormal("nope")};

harness pool(child_spec spec, std::int64_t intensity = 100) {
  harness sup{with(strategy::simple_one_for_one, intensity), {std::move(spec)}};
  sup.begin();
  return sup;
}

TEST(SimpleOneForOne, StartsWithoutChildren) {
  harness sup{with(strategy::simple_one_for_one), {child("w")}};

  sup.send(begin{});

  EXPECT_EQ(sup.take(), lines{"up"});
}

TEST(SimpleOneForOne, RestartsOnlyTheCrashedInstance) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  sup.ask(start_dynamic_child{});
  sup.take();

  sup.crash("w#1");

  EXPECT_EQ(sup.take(), (lines{"report child_terminated w (running w#1) boom",
                               "start w#3"}));
  EXPECT_EQ(sup.children(), (lines{"w#3", "w#2"}));
}

TEST(SimpleOneForOne, KeepsNothingOfAStartThatFailedOrIgnored) {
  auto sup = pool(child("w"));
  sup.starts["w"] = {nope, ignored{}};

  EXPECT_EQ(sup.refusal_of(start_dynamic_child{}), refusal::start_failed);
  EXPECT_EQ(sup.answer_to<child_ref>(start_dynamic_child{}).instance, 0u);

  EXPECT_TRUE(sup.children().empty());
}

TEST(SimpleOneForOne, DropsAChildWhoseRestartIsIgnored) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  sup.starts["w"] = {ignored{}};

  sup.crash("w#1");

  EXPECT_TRUE(sup.children().empty());
  EXPECT_EQ(sup.answer_to<child_counts>(count_children{}).active, 0u);
}

TEST(SimpleOneForOne, RefusesRequestsByIdAndByNameOfSpecification) {
  auto sup = pool(child("w"));
  auto why = refusal::simple_one_for_one;

  EXPECT_EQ(sup.refusal_of(terminate_child{"w"}), why);
  EXPECT_EQ(sup.refusal_of(restart_child{"w"}), why);
  EXPECT_EQ(sup.refusal_of(delete_child{"w"}), why);
  EXPECT_EQ(sup.refusal_of(start_child{child("x")}), why);
}

TEST(SimpleOneForOne, TerminatesByInstanceAndTakesTheUnknownForDead) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  auto instance = sup.instances["w#1"];

  auto first = sup.ask(terminate_dynamic_child{instance});
  auto second = sup.ask(terminate_dynamic_child{instance});

  EXPECT_TRUE(std::holds_alternative<done>(sup.answer(first)));
  EXPECT_TRUE(std::holds_alternative<done>(sup.answer(second)));
  EXPECT_TRUE(sup.children().empty());
}

TEST(SimpleOneForOne, DoesNotFindALivingStranger) {
  auto sup = pool(child("w"));

  EXPECT_EQ(sup.refusal_of(terminate_dynamic_child{4711, true}),
            refusal::not_found);
}

TEST(SimpleOneForOne, FindsTheTemplateByItsId) {
  auto sup = pool(child("w"));

  EXPECT_EQ(sup.answer_to<child_spec>(get_childspec{"w"}).id, "w");
  EXPECT_EQ(sup.refusal_of(get_childspec{"x"}), refusal::not_found);
}

TEST(SimpleOneForOne, CountsOneSpecificationAndRestartingOnesAsInactive) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  sup.ask(start_dynamic_child{});
  sup.starts["w"] = {nope};
  sup.meanwhile["w"] = {request{99, count_children{}}};

  sup.crash("w#1");

  auto counts = std::get<child_counts>(sup.answer(99));
  EXPECT_EQ(counts.specs, 1u);
  EXPECT_EQ(counts.active, 1u);
  EXPECT_EQ(counts.workers, 2u);
}

TEST(SimpleOneForOne, TerminatingARestartingChildLeavesTheCountsRight) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  sup.starts["w"] = {nope};
  sup.meanwhile["w"]
    = {request{99, terminate_dynamic_child{sup.instances["w#1"]}}};

  sup.crash("w#1");

  EXPECT_TRUE(std::holds_alternative<done>(sup.answer(99)));
  auto counts = sup.answer_to<child_counts>(count_children{});
  EXPECT_EQ(counts.active, 0u);
  EXPECT_EQ(counts.workers, 0u);
}

TEST(SimpleOneForOne, KnowsOneChildByItsInstance) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  auto instance = sup.instances["w#1"];

  auto info = sup.answer_to<child_info>(which_dynamic_child{instance});

  EXPECT_EQ(info.id, "");
  EXPECT_EQ(info.state, child_state::running);
  EXPECT_EQ(info.instance, instance);
  EXPECT_EQ(sup.refusal_of(which_dynamic_child{4711}), refusal::not_found);
  EXPECT_EQ(sup.refusal_of(which_child{"w"}), refusal::simple_one_for_one);
}

// OTP 29.1.2 does not, though its which_children lists the child.
TEST(SimpleOneForOne, KnowsARestartingChildByItsFormerInstance) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  auto instance = sup.instances["w#1"];
  sup.starts["w"] = {nope};
  sup.meanwhile["w"] = {request{99, which_dynamic_child{instance}}};

  sup.crash("w#1");

  auto info = std::get<child_info>(sup.answer(99));
  EXPECT_EQ(info.state, child_state::restarting);
  EXPECT_EQ(info.instance, 0u);
  EXPECT_EQ(sup.refusal_of(which_dynamic_child{instance}), refusal::not_found);
}

TEST(SimpleOneForOne, RetriesUpToTheBudget) {
  auto sup = pool(child("w"), 2);
  sup.ask(start_dynamic_child{});
  sup.starts["w"] = {nope, nope, nope};
  sup.take();

  sup.crash("w#1");

  EXPECT_EQ(
    sup.take(),
    (lines{"report child_terminated w (running w#1) boom", "start w#2",
           "report start_error w (running w#1) nope", "retry w", "start w#3",
           "report start_error w (restarting w#1) nope", "retry w",
           "report shutdown w (restarting w#1)", "stopped shutdown"}));
}

TEST(SimpleOneForOne, StopsAllAtOnceUnderOneTimer) {
  auto spec = child("w");
  spec.shutdown = shutdown::within(60ms);
  auto sup = pool(spec);
  sup.ask(start_dynamic_child{});
  sup.ask(start_dynamic_child{});
  sup.stubborn = {"w"};
  sup.take();

  sup.send(parent_exited{exit_reason::shutdown()});
  EXPECT_EQ(sup.take(), (lines{"shutdown w#1", "shutdown w#2", "timer 60"}));

  sup.send(timer_fired{sup.timer});
  EXPECT_EQ(
    sup.take(),
    (lines{"kill w#1", "kill w#2", "down w#1 killed", "down w#2 killed",
           "report shutdown_error w (2 children) killed", "stopped shutdown"}));
}

TEST(SimpleOneForOne, SkipsRestartingChildrenWhenItEnds) {
  auto sup = pool(child("w"));
  sup.ask(start_dynamic_child{});
  sup.starts["w"] = {nope};
  sup.meanwhile["w"] = {parent_exited{exit_reason::shutdown()}};

  sup.crash("w#1");

  EXPECT_EQ(sup.take().back(), "stopped shutdown");
  EXPECT_TRUE(sup.machine.ended());
}

TEST(SimpleOneForOne, ReportsEachBadReasonOnceWithANumber) {
  auto sup = pool(child("w"));
  for (auto i = 0; i < 3; ++i)
    sup.ask(start_dynamic_child{});
  sup.stop_reasons.emplace("w", exit_reason::abnormal("x"));
  sup.take();

  sup.send(parent_exited{exit_reason::shutdown()});

  EXPECT_THAT(sup.take(),
              testing::Contains("report shutdown_error w (3 children) x"));
}

} // namespace

} // namespace dynamic_test
