// SPDX-License-Identifier: BSD-3-Clause

#include "system/temporary_directory.hpp"

#include "lab/otp_driver.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace otp_driver_test {

using namespace coppice::lab;
using coppice_test::temporary_directory;
using ::testing::ElementsAre;
using ::testing::StartsWith;

namespace {

namespace fs = std::filesystem;

TEST(OtpDriver, IsTheScriptItselfOnThisSystem) {
  auto driver = otp_driver::create({"", {"escript"}}, "/there/otpdrv.escript");

  ASSERT_TRUE(driver) << driver.error();
  EXPECT_THAT((*driver)->command(),
              ElementsAre("escript", "/there/otpdrv.escript"));
}

TEST(OtpDriver, IsCopiedBelowItsRootAndLeavesNothingThere) {
  const temporary_directory root;
  fs::create_directory(root.file("tmp"));
  std::ofstream{root.file("otpdrv.escript")} << "mine";
  {
    auto driver = otp_driver::create({"", {"chroot", "escript"}, root.file("")},
                                     root.file("otpdrv.escript"));

    ASSERT_TRUE(driver) << driver.error();
    auto& command = (*driver)->command();
    ASSERT_THAT(command, ElementsAre("chroot", "escript",
                                     StartsWith("/tmp/coppice-lab-")));
    std::string text;
    std::ifstream{root.file(command.back().substr(1))} >> text;
    EXPECT_EQ(text, "mine");
  }
  EXPECT_TRUE(fs::is_empty(root.file("tmp")));
}

TEST(OtpDriver, SaysThatNothingCanBeWrittenBelowItsRoot) {
  auto driver = otp_driver::create({"", {"escript"}, "/no/such/root"}, "x");

  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error(), "cannot write to /no/such/root/tmp");
}

TEST(OtpDriver, SaysThatItsScriptCannotBeCopiedAndLeavesNothing) {
  const temporary_directory root;
  fs::create_directory(root.file("tmp"));

  auto driver
    = otp_driver::create({"", {"escript"}, root.file("")}, "/no/such/script");

  ASSERT_FALSE(driver);
  EXPECT_THAT(driver.error(), StartsWith("cannot copy /no/such/script to "));
  EXPECT_TRUE(fs::is_empty(root.file("tmp")));
}

} // namespace

} // namespace otp_driver_test
