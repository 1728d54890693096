// SPDX-License-Identifier: BSD-3-Clause

#include "commands/running_servers.hpp"
#include "commands/tree_drawing.hpp"
#include "server/duration.hpp"
#include "server/token.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <system_error>

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

TEST(Duration, IsWrittenAsItIsRead) {
  EXPECT_EQ(to_text(0ms), "0ms");
  EXPECT_EQ(to_text(1500ms), "1500ms");
  EXPECT_EQ(to_text(90s), "90s");
  EXPECT_EQ(to_text(2h), "2h");
  for (auto each : std::initializer_list<std::chrono::milliseconds>{
         0ms, 1ms, 999ms, 1s, 61s, 1min, 25h, 24h * 365})
    EXPECT_EQ(parse_duration(to_text(each)), each);
}

namespace {

class Token : public testing::Test {
protected:
  void SetUp() override {
    mask = ::umask(077); // others must not know a token
    ::unsetenv("COPPICE_ADMIN_TOKEN");
    ::unsetenv("COPPICE_ADMIN_TOKEN_FILE");
    auto name = std::filesystem::temp_directory_path() / "coppice-XXXXXX";
    auto text = name.string();
    folder = ::mkdtemp(text.data());
    file = (folder / "token").string();
  }

  void TearDown() override {
    std::filesystem::remove_all(folder);
    ::umask(mask);
  }

  std::filesystem::path folder;
  std::string file;
  mode_t mask = 0;
};

} // namespace

TEST_F(Token, IsEmptyWhereNobodySetOne) {
  EXPECT_EQ(read_token("").value(), "");
  EXPECT_EQ(read_or_create_token("").value(), "");
}

TEST_F(Token, IsCreatedForItsOwnerAloneAndStaysTheSame) {
  auto created = read_or_create_token(file).value();

  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(created.size(), 48U);
  EXPECT_EQ(read_or_create_token(file).value(), created);
  EXPECT_EQ(read_token(file).value(), created);
}

TEST_F(Token, ComesFromTheEnvironmentFirst) {
  std::ofstream{file} << "of-the-file\n";
  ::setenv("COPPICE_ADMIN_TOKEN_FILE", file.c_str(), 1);
  EXPECT_EQ(read_token("").value(), "of-the-file");

  ::setenv("COPPICE_ADMIN_TOKEN", "of-the-variable", 1);
  EXPECT_EQ(read_token("").value(), "of-the-variable");
}

TEST_F(Token, OfAnOptionGoesBeforeTheEnvironment) {
  std::ofstream{file} << "of-the-option\r\n";
  ::setenv("COPPICE_ADMIN_TOKEN", "of-the-variable", 1);

  EXPECT_EQ(read_token(file), "of-the-option");
  EXPECT_EQ(read_or_create_token(file), "of-the-option");
}

TEST_F(Token, OfTheVariableMayHaveALineEnd) {
  ::setenv("COPPICE_ADMIN_TOKEN", "of-the-%41-variable\r\n", 1);
  EXPECT_EQ(read_token(""), "of-the-%41-variable");
  EXPECT_EQ(read_or_create_token(""), "of-the-%41-variable");

  for (auto wrong : {"\n", "a\nb", " a", "a \n", "\x1b[1m", "\xc3\xa4"}) {
    ::setenv("COPPICE_ADMIN_TOKEN", wrong, 1);
    EXPECT_FALSE(read_token("")) << wrong;
  }
}

TEST_F(Token, OfAFileIsRefusedIfOthersKnowItOrItIsShort) {
  std::ofstream{file} << "long-enough\n";
  for (auto mode : {0600U, 0400U, 0640U}) {
    ::chmod(file.c_str(), mode);
    EXPECT_EQ(read_token(file), "long-enough") << mode;
  }
  for (auto mode : {0666U, 0644U, 0604U, 0602U, 0660U}) {
    ::chmod(file.c_str(), mode);
    EXPECT_FALSE(read_token(file)) << mode;
  }
  ::chmod(file.c_str(), 0600);
  std::ofstream{file} << "x\n";
  EXPECT_FALSE(read_or_create_token(file));
}

// As Docker and Kubernetes mount them: for all to read.
TEST_F(Token, OfASecretOfTheContainerMayBeReadByAll) {
  const std::filesystem::path secrets = "/run/secrets";
  std::error_code refused;
  auto was_there = std::filesystem::exists(secrets);
  std::filesystem::create_directories(secrets, refused);
  auto secret = secrets / ("coppice-test-" + std::to_string(::getpid()));
  if (refused || !(std::ofstream{secret} << "long-enough\n"))
    GTEST_SKIP() << "only root makes secrets";
  for (auto mode : {0400U, 0444U, 0644U}) {
    ::chmod(secret.c_str(), mode);
    EXPECT_EQ(read_token(secret), "long-enough") << mode;
    EXPECT_EQ(read_or_create_token(secret), "long-enough") << mode;
  }
  for (auto mode : {0646U, 0664U, 0666U}) {
    ::chmod(secret.c_str(), mode);
    EXPECT_FALSE(read_token(secret)) << mode;
  }

  // A path through there leads out again.
  std::ofstream{file} << "long-enough\n";
  ::chmod(file.c_str(), 0444);
  EXPECT_FALSE(read_token("/run/secrets/../.." + file));

  // And a link leads in, as in Kubernetes' volumes.
  ::chmod(secret.c_str(), 0444);
  auto link = folder / "link";
  std::filesystem::create_symlink(secret, link);
  EXPECT_EQ(read_token(link), "long-enough");

  std::filesystem::remove(secret);
  if (!was_there)
    std::filesystem::remove(secrets, refused);
}

TEST(RunningServers, KnowWhereToAskThem) {
  EXPECT_EQ(admin_in({"serve"}), "127.0.0.1:6060");
  EXPECT_EQ(admin_in({"serve", "--admin", "off"}), "off");
  EXPECT_EQ(admin_in({"serve", "--admin-host", "a", "--admin=[::]:1"}),
            "[::]:1");

  EXPECT_EQ(admin_of({7, "0.0.0.0:7070"}), "127.0.0.1:7070");
  EXPECT_EQ(admin_of({7, "[::]:7070"}), "[::1]:7070");
  EXPECT_EQ(admin_of({7, "10.0.0.1:7070"}), "10.0.0.1:7070");
  EXPECT_EQ(admin_of({7, "unix:/run/a"}), "unix:/run/a");
  EXPECT_EQ(admin_of({7, "unix:run/a"}), "unix:/proc/7/cwd/run/a");
}

TEST_F(Token, MissingOrEmptyFilesAreErrorsThatNameTheFile) {
  auto missing = read_token(file);
  std::ofstream{file} << "\n";
  auto empty = read_token(file);

  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().find(file), std::string::npos);
  ASSERT_FALSE(empty) << "an empty file was taken for a token";
  EXPECT_NE(empty.error().find(file), std::string::npos);
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

TEST(TreeDrawing, LeavesOutConnectionsWhereThereAreNone) {
  auto root = nlohmann::json::parse(R"({
    "id": "top", "state": "running", "restarts": 12, "children": [
      {"id": "a", "state": "stopped", "restarts": 0, "last_exit": "boom",
       "children": []}]})");

  EXPECT_EQ(draw_tree(root), "ACTOR  STATE    RESTARTS\n"
                             "top    running  12\n"
                             "└─ a   stopped  0         last exit: boom\n");
}

} // namespace cli_test
