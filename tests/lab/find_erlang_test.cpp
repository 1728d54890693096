// SPDX-License-Identifier: BSD-3-Clause

#include "system/temporary_directory.hpp"

#include "lab/otp.hpp"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace find_erlang_test {

using namespace coppice::lab;
using coppice_test::temporary_directory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

namespace fs = std::filesystem;

void write_program(const fs::path& file) {
  fs::create_directories(file.parent_path());
  std::ofstream{file} << "#!/bin/sh\n";
  fs::permissions(file, fs::perms::owner_all);
}

std::vector<std::string> command_of(const std::string& place) {
  auto found = find_erlang(place);
  if (!found)
    throw std::runtime_error{found.error()};
  return found->command;
}

std::string error_of(const std::string& place) {
  auto found = find_erlang(place);
  return found ? "" : found.error();
}

TEST(FindErlang, TakesAnEscript) {
  const temporary_directory folder;
  write_program(folder.file("escript"));

  EXPECT_THAT(command_of(folder.file("escript")),
              ElementsAre(folder.file("escript")));
}

TEST(FindErlang, TakesTheFolderOfAnInstallation) {
  const temporary_directory folder;
  write_program(folder.file("bin/escript"));

  EXPECT_THAT(command_of(folder.file("")),
              ElementsAre(folder.file("bin/escript")));
}

TEST(FindErlang, ChangesToARootForOneThatIsInThere) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root may change to a root";
  const temporary_directory folder;
  fs::create_directories(folder.file("usr/bin"));
  fs::create_directories(folder.file("tmp"));
  // As on Debian: the link leads to a place in the root.
  fs::create_symlink("/nowhere/bin/escript", folder.file("usr/bin/escript"));

  auto found = find_erlang(folder.file("")).value();

  auto root = fs::path{folder.file("")}.parent_path();
  EXPECT_EQ(found.root, root);
  EXPECT_THAT(found.command, ElementsAre(HasSubstr("chroot"), root.string(),
                                         "/usr/bin/escript"));
}

TEST(FindErlang, SaysWhatARootLacks) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root may change to a root";
  const temporary_directory folder;
  write_program(folder.file("usr/bin/escript"));

  EXPECT_THAT(error_of(folder.file("")), HasSubstr("tmp is not there"));
}

TEST(FindErlang, SaysWhatToInstallInASystemWithoutErlang) {
  const temporary_directory folder;
  fs::create_directories(folder.file("etc"));
  std::ofstream{folder.file("etc/os-release")} << "ID=debian\n";

  EXPECT_EQ(error_of(folder.file("")),
            "there is no Erlang in " + folder.file("") + ": chroot "
              + folder.file("") + " apt-get install erlang-base");
}

TEST(FindErlang, SaysWhatAFolderWithoutErlangLacks) {
  const temporary_directory folder;

  EXPECT_THAT(error_of(folder.file("")), HasSubstr("neither bin/escript"));
}

TEST(FindErlang, SaysThatAPlaceDoesNotExist) {
  EXPECT_EQ(error_of("/no/such/place"),
            "/no/such/place cannot be used as an Erlang: No such file or "
            "directory");
}

TEST(FindErlang, SaysThatAFileIsNoProgram) {
  const temporary_directory folder;
  std::ofstream{folder.file("text")} << "text";

  EXPECT_THAT(error_of(folder.file("text")), HasSubstr("is no program"));
}

} // namespace

} // namespace find_erlang_test
