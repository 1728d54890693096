// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"
#include "support/errors.hpp"

namespace validation_test {

using coppice::test::error_of;

namespace {

struct flags_case {
  std::string field;
  std::string code;
  flags value;
};

class Flags : public testing::TestWithParam<flags_case> {};

TEST_P(Flags, AreRefusedWithTheFieldNamed) {
  auto checked = validate(GetParam().value);

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().field, GetParam().field);
  EXPECT_EQ(checked.error().code, GetParam().code);
  EXPECT_THAT(checked.error().message, testing::HasSubstr(GetParam().field));
}

INSTANTIATE_TEST_SUITE_P(
  Table, Flags,
  testing::Values(
    flags_case{
      "intensity", "invalid_intensity", {strategy::one_for_one, -1, 5s}},
    flags_case{"intensity",
               "invalid_intensity",
               {strategy::one_for_one, std::int64_t{1} << 32, 5s}},
    flags_case{"period", "invalid_period", {strategy::one_for_one, 1, 0s}},
    flags_case{"period", "invalid_period", {strategy::one_for_one, 1, -1s}},
    flags_case{
      "auto_shutdown",
      "bad_combination",
      {strategy::simple_one_for_one, 1, 5s, auto_shutdown::any_significant}},
    flags_case{
      "auto_shutdown",
      "bad_combination",
      {strategy::simple_one_for_one, 1, 5s, auto_shutdown::all_significant}}));

TEST(Flags, OfOtpAreTheDefaultAndValid) {
  flags defaults;

  EXPECT_EQ(defaults.strategy, strategy::one_for_one);
  EXPECT_EQ(defaults.intensity, 1);
  EXPECT_EQ(defaults.period, 5s);
  EXPECT_EQ(defaults.auto_shutdown, auto_shutdown::never);
  EXPECT_TRUE(validate(defaults));
}

TEST(ChildSpec, OfOtpIsTheDefault) {
  auto worker = child("a");
  auto nested = child("s");
  nested.type = child_type::supervisor;

  EXPECT_EQ(worker.restart, restart::permanent);
  EXPECT_FALSE(worker.significant);
  EXPECT_EQ(worker.effective_shutdown(), shutdown::within(5000ms));
  EXPECT_EQ(nested.effective_shutdown(), shutdown::infinity());
}

TEST(ChildSpec, NeedsAnId) {
  auto checked = validate(child(""), auto_shutdown::never);

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, "missing_id");
  EXPECT_EQ(checked.error().field, "id");
}

TEST(ChildSpec, RefusesANegativeShutdown) {
  auto spec = child("a");
  spec.shutdown = shutdown::within(-1ms);

  auto checked = validate(spec, auto_shutdown::never);

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, "invalid_shutdown");
  EXPECT_EQ(checked.error().field, "shutdown");
}

TEST(ChildSpec, RefusesABudgetOfItsOwnThatCannotWork) {
  auto code_of = [](std::int64_t intensity, std::chrono::seconds period) {
    auto spec = child("a");
    spec.intensity = intensity;
    spec.period = period;
    auto checked = validate(spec, auto_shutdown::never);
    return checked ? "none"
                   : checked.error().code + " " + checked.error().field;
  };

  EXPECT_EQ(code_of(1, 1s), "none");
  EXPECT_EQ(code_of(0, 1s), "invalid_intensity intensity");
  EXPECT_EQ(code_of(-1, 1s), "invalid_intensity intensity");
  EXPECT_EQ(code_of(std::int64_t{1} << 32, 1s), "invalid_intensity intensity");
  EXPECT_EQ(code_of(1, 0s), "invalid_period period");
}

TEST(ChildSpec, TakesShutdownOfZero) {
  auto spec = child("a");
  spec.shutdown = shutdown::within(0ms);

  EXPECT_TRUE(validate(spec, auto_shutdown::never));
}

struct significance_case {
  auto_shutdown mode;
  restart type;
  bool valid;
};

class Significance : public testing::TestWithParam<significance_case> {};

TEST_P(Significance, NeedsAModeAndAChildThatCanStayDown) {
  auto spec = child("a", GetParam().type);
  spec.significant = true;

  EXPECT_EQ(validate(spec, GetParam().mode).has_value(), GetParam().valid);
  spec.significant = false;
  EXPECT_TRUE(validate(spec, GetParam().mode));
}

INSTANTIATE_TEST_SUITE_P(
  Table, Significance,
  testing::Values(
    significance_case{auto_shutdown::never, restart::permanent, false},
    significance_case{auto_shutdown::never, restart::transient, false},
    significance_case{auto_shutdown::never, restart::temporary, false},
    significance_case{auto_shutdown::any_significant, restart::permanent,
                      false},
    significance_case{auto_shutdown::any_significant, restart::transient, true},
    significance_case{auto_shutdown::any_significant, restart::temporary, true},
    significance_case{auto_shutdown::all_significant, restart::permanent,
                      false},
    significance_case{auto_shutdown::all_significant, restart::transient, true},
    significance_case{auto_shutdown::all_significant, restart::temporary,
                      true}));

TEST(ChildSpecs, MustNotShareAnId) {
  std::vector specs{child("a"), child("b"), child("a")};

  auto checked = validate(specs, flags{});

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, "duplicate_child_name");
}

TEST(ChildSpecs, OfSimpleOneForOneAreExactlyOne) {
  std::vector one{child("a")};
  std::vector two{child("a"), child("b")};
  auto settings = with(strategy::simple_one_for_one);

  EXPECT_TRUE(validate(one, settings));
  EXPECT_EQ(error_of(validate(two, settings)).code, "bad_start_spec");
  EXPECT_EQ(error_of(validate(std::vector<child_spec>{}, settings)).code,
            "bad_start_spec");
}

TEST(ExitReason, ReadsBackWhatItWrites) {
  for (auto& reason :
       {exit_reason::normal(), exit_reason::shutdown(),
        exit_reason::shutdown("why"), exit_reason::killed(),
        exit_reason::abnormal("boom"), exit_reason::abnormal("kill")})
    EXPECT_EQ(exit_reason::parse(to_string(reason)), reason);
}

TEST(ExitReason, IsCleanUnlessItIsACrash) {
  EXPECT_TRUE(exit_reason::normal().clean());
  EXPECT_TRUE(exit_reason::shutdown().clean());
  EXPECT_TRUE(exit_reason::shutdown("why").clean());
  EXPECT_FALSE(exit_reason::killed().clean());
  EXPECT_FALSE(exit_reason::abnormal("boom").clean());
}

} // namespace

} // namespace validation_test
