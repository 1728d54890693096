// SPDX-License-Identifier: BSD-3-Clause

#include "commands/tree_drawing.hpp"
#include "server/duration.hpp"
#include "server/token.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace cli_test {

using namespace coppice;
using namespace coppice::commands;
using namespace std::chrono_literals;

TEST(Duration, ReadsUnitsAndTakesABareNumberForSeconds) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("8s"), 8s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("3"), 3s);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(Duration, RefusesWhatIsNone) {
  for (auto text :
       {"", "s", "-1s", "1.5s", "10 s", "8sec", "99999999999999s", "999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

namespace {

class Token : public testing::Test {
protected:
  void SetUp() override {
    ::unsetenv("COPPICE_ADMIN_TOKEN");
    ::unsetenv("COPPICE_ADMIN_TOKEN_FILE");
    auto name = std::filesystem::temp_directory_path() / "coppice-XXXXXX";
    auto text = name.string();
    folder = ::mkdtemp(text.data());
    file = (folder / "token").string();
  }

  void TearDown() override {
    std::filesystem::remove_all(folder);
  }

  std::filesystem::path folder;
  std::string file;
};

} // namespace

TEST_F(Token, IsEmptyWhereNobodySetOne) {
  EXPECT_EQ(read_token(""), "");
  EXPECT_EQ(read_or_create_token(""), "");
}

TEST_F(Token, IsCreatedForItsOwnerAloneAndStaysTheSame) {
  auto created = read_or_create_token(file);

  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(created.size(), 48U);
  EXPECT_EQ(read_or_create_token(file), created);
  EXPECT_EQ(read_token(file), created);
}

TEST_F(Token, ComesFromTheEnvironmentFirst) {
  std::ofstream{file} << "of-the-file\n";
  ::setenv("COPPICE_ADMIN_TOKEN_FILE", file.c_str(), 1);
  EXPECT_EQ(read_token(""), "of-the-file");

  ::setenv("COPPICE_ADMIN_TOKEN", "of-the-variable", 1);
  EXPECT_EQ(read_token(""), "of-the-variable");
}

TEST_F(Token, MissingOrEmptyFilesAreErrorsThatNameTheFile) {
  EXPECT_THROW(read_token(file), std::runtime_error);
  std::ofstream{file} << "\n";
  try {
    read_token(file);
    FAIL() << "an empty file was taken for a token";
  } catch (const std::runtime_error& err) {
    EXPECT_NE(std::string{err.what()}.find(file), std::string::npos);
  }
}

TEST(TreeDrawing, DrawsOneAlignedLineANode) {
  auto root = nlohmann::json::parse(R"({
    "id": "top", "state": "running", "restarts": 0, "strategy": "one_for_one",
    "budget_used": 1, "intensity": 3, "period_seconds": 5, "children": [
      {"id": "hub", "state": "running", "restarts": 2, "connections": 7,
       "last_exit": "boom", "children": [
        {"id": "connection:1", "state": "running", "restarts": 0,
         "peer": "127.0.0.1:9", "children": []}]},
      {"id": "b", "state": "stopped", "restarts": 0, "children": []}]})");

  EXPECT_EQ(draw_tree(root),
            "ACTOR               STATE    RESTARTS  CONNECTIONS\n"
            "top                 running  0                      "
            "one_for_one, 1 of 3 restarts in 5 s\n"
            "├─ hub              running  2         7            "
            "last exit: boom\n"
            "│  └─ connection:1  running  0                      "
            "peer 127.0.0.1:9\n"
            "└─ b                stopped  0\n");
}

} // namespace cli_test
