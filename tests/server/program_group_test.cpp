// SPDX-License-Identifier: BSD-3-Clause

// What the end of a program ends `coppice run` with, and what its tree is.

#include "server/programs/program_group.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace coppice::programs {

namespace {

using supervision::exit_reason;

struct ending {
  const char* reason;
  int code;
};

class exit_code_of_a_program : public ::testing::TestWithParam<ending> {};

TEST_P(exit_code_of_a_program, is_passed_on) {
  EXPECT_EQ(exit_code_of(exit_reason::parse(GetParam().reason)),
            GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
  of_all_kinds, exit_code_of_a_program,
  ::testing::Values(ending{"normal", 0}, ending{"shutdown", 0},
                    ending{"killed", 137}, ending{"exit 7", 7},
                    ending{"exit 255", 255},
                    ending{"exit 137 (a shell: SIGKILL)", 137},
                    ending{"SIGSEGV", 139}, ending{"SIGSEGV, core dumped", 139},
                    ending{"{shutdown,SIGTERM}", 143},
                    ending{"SIGTERM", 128 + SIGTERM},
                    ending{"killed, perhaps out of memory", 137},
                    ending{"no progress within 10000 ms", 1},
                    ending{"exec \"x\": ENOENT", 1}, ending{"exit x", 1}));

child program(const std::string& id) {
  child result;
  result.spec.id = id;
  result.program = process::program{.command = {"true"}};
  return result;
}

TEST(program_group, is_a_supervisor_whose_end_is_that_of_the_one_above) {
  tree what;
  what.name = "shop";
  what.children.push_back(program("a"));

  auto spec = program_group{what}.spec();

  EXPECT_TRUE(spec.valid);
  EXPECT_EQ(spec.spec.id, "shop");
  EXPECT_EQ(spec.spec.restart, supervision::restart::transient);
  EXPECT_TRUE(spec.spec.significant);
  EXPECT_EQ(spec.spec.type, supervision::child_type::supervisor);
}

TEST(program_group, ends_with_0_if_no_program_was_chosen) {
  tree what;
  what.children.push_back(program("a"));

  EXPECT_EQ(program_group{what}.exit_code(), 0);
}

TEST(program_group, refuses_what_the_library_refuses) {
  tree what;
  what.children.push_back(program("a"));
  what.children.back().program->command.clear();

  EXPECT_FALSE(program_group{what}.spec().valid);
}

} // namespace

} // namespace coppice::programs
