// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/term.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <random>
#include <string>

namespace term_test {

using namespace coppice::fault;
using namespace std::chrono_literals;

namespace {

std::string error_of(std::string_view text) {
  auto result = parse_term(text);
  return result ? "none" : to_string(result.error());
}

term must_parse(std::string_view text) {
  auto result = parse_term(text);
  EXPECT_TRUE(result) << error_of(text);
  return result.value();
}

TEST(Term, ReadsEveryPartOfIt) {
  term expected{{
    {20, 3, 0, {action_kind::delay, {}, 0, 50ms}},
    {100, {}, 10, {action_kind::exception, "boom"}},
    {},
  }};

  EXPECT_EQ(must_parse("20%3*delay(50ms)->@10 throw(boom)->off"), expected);
}

TEST(Term, ReadsAnErrnoByName) {
  EXPECT_EQ(must_parse("error(ECONNRESET)").steps[0].what.error_code,
            ECONNRESET);
}

TEST(Term, KnowsWhichActionsItUses) {
  auto what = must_parse("3*drop->abort");

  EXPECT_TRUE(uses(what, action_kind::abort));
  EXPECT_FALSE(uses(what, action_kind::kill));
}

// -- good ones, and how they are printed --------------------------------------

struct good_case {
  std::string text;
  std::string canonical;
};

class GoodTerm : public testing::TestWithParam<good_case> {};

TEST_P(GoodTerm, HasACanonicalFormThatIsReadAsTheSame) {
  auto what = must_parse(GetParam().text);

  EXPECT_EQ(to_string(what), GetParam().canonical);
  EXPECT_EQ(must_parse(to_string(what)), what);
}

INSTANTIATE_TEST_SUITE_P(
  Table, GoodTerm,
  testing::Values(
    good_case{"off", "off"}, good_case{"return", "return"},
    good_case{"return()", "return"}, good_case{"return(7)", "return(7)"},
    good_case{"error(EIO)", "error(EIO)"},
    good_case{"error( EIO )", "error(EIO)"},
    good_case{"error(EWOULDBLOCK)", "error(EAGAIN)"},
    good_case{"throw(boom)", "throw(boom)"},
    good_case{"throw( two  words )", "throw( two  words )"},
    good_case{"throw(a->b;c%d*e)", "throw(a->b;c%d*e)"},
    good_case{"throw((x\\))", "throw((x\\))"},
    good_case{"throw(\\a\\\\)", "throw(a\\\\)"},
    good_case{"throw(\\))", "throw(\\))"},
    good_case{"exit(shutdown)", "exit(shutdown)"}, good_case{"kill", "kill"},
    good_case{"delay(1ns)", "delay(1ns)"},
    good_case{"delay(999us)", "delay(999us)"},
    good_case{"delay(1000us)", "delay(1ms)"},
    good_case{"delay(60000ms)", "delay(1m)"},
    good_case{"delay( 5 s )", "delay(5s)"},
    good_case{"delay(525600m)", "delay(525600m)"}, good_case{"hang", "hang"},
    good_case{"hang(90s)", "hang(90s)"}, good_case{"drop", "drop"},
    good_case{"dup", "dup"}, good_case{"log(here)", "log(here)"},
    good_case{"abort", "abort"}, good_case{"100%drop", "drop"},
    good_case{"0%drop", "0%drop"}, good_case{"0.25%drop", "0.25%drop"},
    good_case{"20.50%drop", "20.5%drop"}, good_case{"0.1%drop", "0.1%drop"},
    good_case{"3*drop", "3*drop"}, good_case{"@0drop", "drop"},
    good_case{"@2drop", "@2 drop"}, good_case{"@2 3*20%drop", "20%3*@2 drop"},
    good_case{"18446744073709551615*drop", "18446744073709551615*drop"},
    good_case{" 20 % 3 *\t@ 1 drop -> off ", "20%3*@1 drop->off"}));

// -- bad ones -----------------------------------------------------------------

struct bad_case {
  std::string text;
  std::string error;
};

class BadTerm : public testing::TestWithParam<bad_case> {};

TEST_P(BadTerm, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(error_of(GetParam().text), GetParam().error);
}

const std::string an_action = "expected an action: off, return, error, throw, "
                              "exit, kill, delay, hang, drop, dup, log, abort";

INSTANTIATE_TEST_SUITE_P(
  Table, BadTerm,
  testing::Values(
    bad_case{"", "at 0: " + an_action + ", found the end"},
    bad_case{"  ", "at 2: " + an_action + ", found the end"},
    bad_case{"panic", "at 0: " + an_action + ", found \"panic\""},
    bad_case{"Drop",
             "at 0: " + an_action + ", found \"Drop\"; did you mean drop?"},
    bad_case{"drop->", "at 6: " + an_action + ", found the end"},
    bad_case{"->drop", "at 0: " + an_action + ", found \"-\""},
    bad_case{"20% thrw(x)",
             "at 4: " + an_action + ", found \"thrw\"; did you mean throw?"},
    bad_case{"20%3*30%drop",
             "at 5: expected each of %, * and @ once at most, found \"30\""},
    bad_case{"3*3*drop",
             "at 2: expected each of %, * and @ once at most, found \"3\""},
    bad_case{"@1 2*@1 drop",
             "at 5: expected each of %, * and @ once at most, found \"@\""},
    bad_case{"drôp", "at 0: " + an_action
                       + ", found \"drôp\"; did you mean drop or dup?"},
    bad_case{"drop drop", "at 5: expected -> or the end, found \"drop\""},
    bad_case{"drop;drop", "at 4: expected -> or the end, found \";\""},
    bad_case{"off(1)", "at 3: expected -> or the end, found \"(\""},
    bad_case{"20 drop", "at 3: expected % after a probability or * after a "
                        "count, found \"drop\""},
    bad_case{"20%3drop", "at 4: expected % after a probability or * after a "
                         "count, found \"drop\""},
    bad_case{"101%drop", "at 0: expected a number from 0 to 100, found "
                         "\"101\""},
    bad_case{"1.2.3%drop", "at 0: expected a number from 0 to 100, found "
                           "\"1.2.3\""},
    bad_case{"-1%drop", "at 0: " + an_action + ", found \"-1\""},
    bad_case{"0*drop", "at 0: expected a whole number of at least 1, found "
                       "\"0\""},
    bad_case{"1.5*drop", "at 0: expected a whole number of at least 1, found "
                         "\"1.5\""},
    bad_case{"18446744073709551616*drop",
             "at 0: expected a whole number of at least 1, found "
             "\"18446744073709551616\""},
    bad_case{"@drop", "at 1: expected a whole number, found \"drop\""},
    bad_case{"throw", "at 5: expected (, found the end"},
    bad_case{"throw()", "at 6: expected a text, found \")\""},
    bad_case{"throw(boom", "at 10: expected ), found the end"},
    bad_case{"throw(boom\\", "at 11: expected a character after \\, found the "
                             "end"},
    bad_case{"throw(a)b)", "at 8: expected -> or the end, found \"b\""},
    bad_case{"error(EIEIO)",
             "at 6: expected the name of an errno, such as "
             "ECONNRESET, found \"EIEIO\"; did you mean EIO or ENXIO?"},
    bad_case{"error(5)", "at 6: expected the name of an errno, such as "
                         "ECONNRESET, found \"5\""},
    bad_case{"delay", "at 5: expected (, found the end"},
    bad_case{"delay(50)",
             "at 8: expected a unit: ns, us, ms, s, m, found \")\""},
    bad_case{"delay(50h)",
             "at 8: expected a unit: ns, us, ms, s, m, found \"h\""},
    bad_case{"delay(ms)", "at 6: expected a whole number, found \"ms\""},
    bad_case{"delay(1.5s)", "at 6: expected a whole number, found \"1.5s\""},
    bad_case{"delay(525601m)",
             "at 6: expected a time of at most 365 days, found \"525601m\""},
    bad_case{"hang()", "at 5: expected a whole number, found \")\""}));

// -- any ----------------------------------------------------------------------

class AnyTerm : public testing::TestWithParam<unsigned> {
public:
  term make() {
    term result;
    for (auto n = below(4) + 1; n > 0; --n)
      result.steps.push_back(make_step());
    return result;
  }

  // Nearly a term, or just characters of one.
  std::string make_text() {
    static const std::string alphabet = "0123456789%*@->()\\;=. msEIOdropthw";
    auto result = to_string(make());
    for (auto n = below(3); n > 0; --n)
      result[below(result.size())] = alphabet[below(alphabet.size())];
    return result;
  }

private:
  std::size_t below(std::size_t limit) {
    return generator_() % limit;
  }

  step make_step() {
    step result;
    result.percent = static_cast<double>(generator_()) / 4294967295.0 * 100;
    if (below(2) == 0)
      result.count = below(9) + 1;
    result.skip = below(3);
    result.what = make_action();
    return result;
  }

  action make_action() {
    static const int errors[] = {EIO, EAGAIN, ECONNRESET, EMFILE};
    switch (below(5)) {
    case 0:
      return {action_kind::error, {}, errors[below(4)]};
    case 1:
      return {action_kind::delay, {}, 0, std::chrono::nanoseconds{below(2e9)}};
    case 2:
      return {action_kind::hang};
    case 3:
      return {action_kind::drop};
    default:
      return {action_kind::exception, make_argument()};
    }
  }

  std::string make_argument() {
    std::string result;
    for (auto n = below(6) + 1; n > 0; --n)
      result += static_cast<char>(below(256));
    return result;
  }

  std::mt19937 generator_{GetParam()};
};

TEST_P(AnyTerm, IsReadFromItsTextAgain) {
  for (int i = 0; i < 1000; ++i) {
    auto what = make();
    EXPECT_EQ(must_parse(to_string(what)), what) << to_string(what);
  }
}

TEST_P(AnyTerm, IsReadOrRefusedWhateverItsTextIs) {
  for (int i = 0; i < 1000; ++i) {
    auto text = make_text();
    auto result = parse_term(text);
    if (result)
      EXPECT_EQ(must_parse(to_string(*result)), *result) << text;
    else
      EXPECT_LE(result.error().at, text.size()) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyTerm, testing::Range(0U, 5U));

// -- plans --------------------------------------------------------------------

plan rules_of(std::string_view text) {
  auto result = parse_plan(text);
  EXPECT_TRUE(result) << to_string(result.error());
  return result.value();
}

std::string plan_error_of(std::string_view text) {
  auto result = parse_plan(text);
  return result ? "none" : to_string(result.error());
}

TEST(Plan, HasARuleForEachPattern) {
  plan expected{{"net.recv", must_parse("2*error(EIO)->off")},
                {"actor.*", must_parse("throw(a;b=c)")}};

  EXPECT_EQ(rules_of("net.recv=2*error(EIO)->off;actor.*=throw(a;b=c)"),
            expected);
}

TEST(Plan, MayHaveSpacesAndASemicolonAtItsEnd) {
  EXPECT_EQ(rules_of(" a = drop ; b = dup ; "), rules_of("a=drop;b=dup"));
}

TEST(Plan, MayBeEmpty) {
  EXPECT_TRUE(rules_of("").empty());
}

TEST(Plan, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(plan_error_of("=drop"),
            "at 0: expected the name of a fault point, found \"=\"");
  EXPECT_EQ(plan_error_of("a;b=drop"), "at 1: expected =, found \";\"");
  EXPECT_EQ(plan_error_of("a=drop b=dup"),
            "at 7: expected ->, ; or the end, found \"b\"");
  EXPECT_EQ(plan_error_of("a=drop;b=error(E)"),
            "at 15: expected the name of an errno, such as ECONNRESET, found "
            "\"E\"");
}

TEST(Plan, IsThatOfTheEnvironment) {
  unsetenv("COPPICE_FAULTS");
  EXPECT_EQ(plan_from_environment().value(), plan{});

  setenv("COPPICE_FAULTS", "a=drop", 1);
  EXPECT_EQ(plan_from_environment().value(), rules_of("a=drop"));
}

} // namespace

} // namespace term_test
