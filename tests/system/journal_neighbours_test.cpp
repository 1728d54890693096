// SPDX-License-Identifier: BSD-3-Clause
//
// The journal's file and those who share a machine with it.

#include "server_fixture.hpp"

#include "admin_api.hpp"
#include "small_disk.hpp"
#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace coppice_test::journal_neighbours_test {

namespace fs = std::filesystem;

namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Another process's use of the file: this one's.
class other_user {
public:
  other_user(const std::string& file, const char* sql) {
    if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK
        || sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_));
  }
  ~other_user() {
    sqlite3_close(db_);
  }
  other_user(const other_user&) = delete;
  other_user& operator=(const other_user&) = delete;

private:
  sqlite3* db_ = nullptr;
};

class JournalNeighbours : public server_test {
protected:
  std::string folder() const {
    return directory_.file("state");
  }

  std::string file() const {
    return folder() + "/journal.db";
  }

  server_process& serve_with_journal(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--journal", file(), "--acceptors", "1",
                             "--max-restarts", "1000000"});
    return serve({std::move(more)});
  }

  command_result ask(std::vector<std::string> args,
                     bool as_nobody = false) const {
    args.insert(args.end(), {"--journal", file()});
    launch_options options;
    options.args = std::move(args);
    options.as_nobody = as_nobody;
    return run_coppice(options);
  }

  bool tells(const std::vector<std::string>& args, const std::string& text) {
    return eventually(
      [&] { return ask(args).out.find(text) != std::string::npos; });
  }

  static bool says(const server_process& server, const std::string& text) {
    return eventually(
      [&] { return server.err().find(text) != std::string::npos; });
  }

  // A restart that can be found by its reason.
  static void strike(server_process& server, const std::string& reason) {
    admin_api admin(server.admin_port());
    const auto before = admin.lineage_at(paths::acceptor(0));
    ASSERT_TRUE(before);
    ASSERT_EQ(admin.kill(paths::acceptor(0), reason), 200);
    ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  }

  static void strike_until_full(server_process& server, small_disk& disk) {
    disk.fill();
    for (int kills = 0; kills < 40; ++kills)
      strike(server, "full " + std::to_string(kills));
    EXPECT_TRUE(says(server, "does not write to its file"));
  }

  static std::uint64_t size_of(const std::string& file) {
    std::error_code none;
    const auto size = fs::file_size(file, none);
    return none ? 0 : size;
  }

  static std::optional<int> stop(server_process& server) {
    server.signal(SIGTERM);
    return server.wait_exit();
  }

  temporary_directory directory_;
};

// All numbers of events that a journal has, of its last run.
std::vector<std::uint64_t> numbers_in(const std::string& lines) {
  std::vector<std::uint64_t> result;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);)
    result.push_back(json::parse(line).at("seq"));
  return result;
}

// In which run the ends are that have these reasons.
std::map<std::string, std::int64_t> runs_with(const std::string& lines) {
  std::map<std::string, std::int64_t> result;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const auto event = json::parse(line);
    if (event.at("kind") == "child_exited")
      result[event.value("reason", "")] = event.at("run");
  }
  return result;
}

TEST_F(JournalNeighbours, FileStaysWithinItsBoundsWhileSomebodyReads) {
  constexpr std::uint64_t bound = (1 + 8) << 20;
  auto& server = serve_with_journal({"--journal-size", "1"});
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));
  auto reading = std::make_unique<other_user>(
    file(), "BEGIN; SELECT count(*) FROM events");
  admin_api admin(server.admin_port());
  const std::string long_reason(900, 'x');

  const auto me = "(process " + std::to_string(::getpid()) + ")";
  const bool told = eventually(
    [&] {
      admin.kill(paths::acceptor(0), long_reason);
      EXPECT_LE(size_of(file()) + size_of(file() + "-wal"), bound);
      return server.err().find(me) != std::string::npos;
    },
    long_patience);
  EXPECT_TRUE(told);
  for (int more = 0; more < 300; ++more)
    admin.kill(paths::acceptor(0), long_reason);
  EXPECT_LE(size_of(file()) + size_of(file() + "-wal"), bound);
  EXPECT_EQ(count_of("does not write to its file", server.err()), 1);

  reading.reset();
  EXPECT_TRUE(says(server, "writes to its file again"));
  strike(server, "last");
  EXPECT_TRUE(tells({"why", paths::acceptor(0)}, "exited: last"));
}

TEST_F(JournalNeighbours, FileThatIsDeletedIsBegunAnew) {
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));

  for (const auto* suffix : {"", "-wal", "-shm"})
    fs::remove(file() + suffix);

  EXPECT_TRUE(eventually(
    [&] {
      return server.err().find("was deleted or replaced") != std::string::npos;
    },
    milliseconds(5000)));
  strike(server, "second");
  EXPECT_TRUE(tells({"why", paths::acceptor(0)}, "exited: second"));
}

// The run that begins the next file has the number that another one had before.
TEST_F(JournalNeighbours, RunsStayApartThoughTheirFileIsDeleted) {
  auto& one = serve_with_journal();
  strike(one, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));
  for (const auto* suffix : {"", "-wal", "-shm"})
    fs::remove(file() + suffix);
  auto& two = serve_with_journal();
  ASSERT_TRUE(tells({"events"}, "started"));

  EXPECT_TRUE(says(one, "was deleted or replaced"));
  strike(one, "of one");
  strike(two, "of two");

  ASSERT_TRUE(tells({"events"}, "exited: of one"));
  ASSERT_TRUE(tells({"events"}, "exited: of two"));
  const auto found = runs_with(ask({"events", "--json"}).out);
  EXPECT_NE(found.at("of one"), found.at("of two"));
  for (const auto& [reason, run] : found) {
    const auto of_run = ask({"events", "--run", std::to_string(run)}).out;
    EXPECT_THAT(of_run, HasSubstr("exited: " + reason));
    EXPECT_EQ(count_of("exited: of ", of_run), 1) << of_run;
  }
}

TEST_F(JournalNeighbours, FileThatIsLockedLosesNothing) {
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));
  auto locked = std::make_unique<other_user>(file(), "BEGIN IMMEDIATE");
  for (int kills = 0; kills < 50; ++kills)
    strike(server, "locked " + std::to_string(kills));
  EXPECT_TRUE(says(server, "(process " + std::to_string(::getpid()) + ")"));

  locked.reset();
  ASSERT_EQ(stop(server), 0);

  const auto all = numbers_in(ask({"events", "--json"}).out);
  for (std::size_t at = 0; at < all.size(); ++at)
    ASSERT_EQ(all[at], at + 1) << "an event is missing";
  EXPECT_THAT(ask({"events"}).out, HasSubstr("exited: locked 49"));
}

TEST_F(JournalNeighbours, EventsThatAreLostAreCountedAndSaid) {
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));
  const other_user locked(file(), "BEGIN IMMEDIATE");
  strike(server, "second");

  ASSERT_EQ(stop(server), 0);

  EXPECT_THAT(server.err(), HasSubstr("could not be written any more"));
}

TEST_F(JournalNeighbours, NoiseIsMovedAside) {
  fs::create_directory(folder());
  std::ofstream(file()) << random_bytes(100'000);
  auto& server = serve_with_journal();

  EXPECT_TRUE(says(server, "begins a new file"));
  EXPECT_THAT(server.err(), HasSubstr(file() + ".corrupt-"));
  strike(server, "first");
  EXPECT_TRUE(tells({"why", paths::acceptor(0)}, "exited: first"));
}

TEST_F(JournalNeighbours, DamageIsFoundAndMovedAside) {
  {
    auto& server = serve_with_journal();
    for (int kills = 0; kills < 30; ++kills)
      strike(server, "reason " + std::to_string(kills));
    ASSERT_EQ(stop(server), 0);
  }
  {
    std::fstream out(file(), std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(4096);
    out << random_bytes(size_of(file()) - 4096);
  }
  auto& server = serve_with_journal();

  EXPECT_TRUE(says(server, "begins a new file"));
  strike(server, "second");
  EXPECT_TRUE(tells({"why", paths::acceptor(0)}, "exited: second"));
}

TEST_F(JournalNeighbours, FileCanBeReadByThoseWhoMayNotWrite) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "needs root, to become somebody else";
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_EQ(stop(server), 0);
  EXPECT_FALSE(fs::exists(file() + "-wal"));
  ::chmod(directory_.file("").c_str(), 0755);
  ::chmod(folder().c_str(), 0755);
  ::chmod(file().c_str(), 0644);

  for (const auto& [question, told] :
       {std::pair{std::vector<std::string>{"why", paths::acceptor(0)},
                  "stopped: shutdown"},
        std::pair{std::vector<std::string>{"events"}, "exited: first"},
        std::pair{std::vector<std::string>{"journal", "export"},
                  "exited: first"}}) {
    const auto answer = ask(question, true);
    EXPECT_EQ(answer.exit_code, 0) << question[0] << ": " << answer.err;
    EXPECT_THAT(answer.out, HasSubstr(told));
  }
}

TEST_F(JournalNeighbours, FileCanBeReadByThoseWhoMayNotWriteAfterAKill) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "needs root, to become somebody else";
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));
  server.signal(SIGKILL);
  ASSERT_TRUE(server.wait_exit());
  ::chmod(directory_.file("").c_str(), 0755);
  ::chmod(folder().c_str(), 0755);
  for (const auto& each : fs::directory_iterator(folder()))
    ::chmod(each.path().c_str(), 0644);

  const auto answer = ask({"why", paths::acceptor(0)}, true);

  EXPECT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("exited: first"));
}

TEST_F(JournalNeighbours, FileThatMayNotBeReadIsSaidToBeSo) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "needs root, to become somebody else";
  auto& server = serve_with_journal();
  ASSERT_EQ(stop(server), 0);
  ::chmod(directory_.file("").c_str(), 0755);
  ::chmod(folder().c_str(), 0755);

  const auto answer = ask({"events"}, true);

  EXPECT_EQ(answer.exit_code, 1);
  EXPECT_EQ(answer.out, "");
  EXPECT_THAT(answer.err,
              AllOf(HasSubstr(file()), HasSubstr("Permission denied")));
}

TEST_F(JournalNeighbours, FileIsForItsOwnerAlone) {
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));

  for (const auto* suffix : {"", "-wal", "-shm"})
    EXPECT_EQ(fs::status(file() + suffix).permissions(), fs::perms{0600})
      << suffix;
  EXPECT_EQ(fs::status(folder()).permissions(), fs::perms{0700});
}

TEST_F(JournalNeighbours, DatabaseOfAnotherProgramIsNotTouched) {
  fs::create_directory(folder());
  {
    const other_user mine(file(), "CREATE TABLE mine (x);"
                                  "INSERT INTO mine VALUES (42)");
  }
  std::ifstream in(file(), std::ios::binary);
  std::ostringstream before;
  before << in.rdbuf();
  auto& server = serve_with_journal();

  EXPECT_TRUE(says(server, "another program"));
  strike(server, "first");
  EXPECT_TRUE(serves(server));
  ASSERT_EQ(stop(server), 0);

  std::ifstream again(file(), std::ios::binary);
  std::ostringstream after;
  after << again.rdbuf();
  EXPECT_EQ(after.str(), before.str());
  EXPECT_FALSE(fs::exists(file() + "-wal"));
}

TEST_F(JournalNeighbours, LimitOfFileSizesIsAWarningUntilItIsRaised) {
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));
  rlimit limit{};
  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlimit small{size_of(file() + "-wal"), limit.rlim_max};
  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_FSIZE, &small, nullptr), 0);

  for (int kills = 0; kills < 20; ++kills)
    strike(server, "small " + std::to_string(kills));
  EXPECT_TRUE(says(server, "does not write to its file"));
  EXPECT_TRUE(serves(server));

  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  EXPECT_TRUE(says(server, "nothing is missing from it"));
  EXPECT_TRUE(tells({"events"}, "exited: small 19"));
}

TEST_F(JournalNeighbours, DiskThatIsFullForAWhileLosesNothing) {
  fs::create_directory(folder());
  small_disk disk(folder());
  if (!disk.problem().empty())
    GTEST_SKIP() << "no disk of its own: " << disk.problem();
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));

  strike_until_full(server, disk);
  EXPECT_TRUE(serves(server));
  EXPECT_THAT(ask({"events"}).out, HasSubstr("exited: first"));

  disk.make_room();
  EXPECT_TRUE(says(server, "nothing is missing from it"));
  EXPECT_TRUE(tells({"events"}, "exited: full 39"));
  ASSERT_EQ(stop(server), 0);
  const auto all = numbers_in(ask({"events", "--json"}).out);
  for (std::size_t at = 0; at < all.size(); ++at)
    ASSERT_EQ(all[at], at + 1) << "an event is missing";
}

TEST_F(JournalNeighbours, DiskThatStaysFullIsSaidAndCanBeRead) {
  fs::create_directory(folder());
  small_disk disk(folder());
  if (!disk.problem().empty())
    GTEST_SKIP() << "no disk of its own: " << disk.problem();
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));

  strike_until_full(server, disk);
  disk.fill(); // what the write-ahead log had
  strike(server, "last");
  const auto metrics = http_client(server.admin_port()).get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("coppice_journal_writes 0"));
  EXPECT_THAT(metrics, HasSubstr("coppice_journal_lost_events_total 0"));
  ASSERT_EQ(stop(server), 0);

  EXPECT_THAT(server.err(), HasSubstr("could not be written any more"));
  const auto read = ask({"events"});
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_THAT(read.out, HasSubstr("exited: first"));
}

TEST_F(JournalNeighbours, DiskThatIsReadOnlyIsAWarningUntilItIsNot) {
  fs::create_directory(folder());
  small_disk disk(folder());
  if (!disk.problem().empty())
    GTEST_SKIP() << "no disk of its own: " << disk.problem();
  {
    auto& before = serve_with_journal();
    strike(before, "first");
    ASSERT_EQ(stop(before), 0);
  }
  disk.set_read_only(true);
  auto& server = serve_with_journal();

  EXPECT_TRUE(says(server, "does not write to its file"));
  strike(server, "second");
  EXPECT_TRUE(serves(server));
  const auto read = ask({"events"});
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_THAT(read.out, HasSubstr("exited: first"));

  disk.set_read_only(false);
  EXPECT_TRUE(says(server, "nothing is missing from it"));
  EXPECT_TRUE(tells({"why", paths::acceptor(0)}, "exited: second"));
}

// The signal would end the process, not only the writing.
TEST_F(JournalNeighbours, LimitOfTheSizeOfTheLogEndsNobody) {
  const auto log = directory_.file("log");
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ASSERT_GE(fd, 0);
  serve_options options{
    {"--journal", "off", "--acceptors", "1", "--max-restarts", "1000000"}};
  options.standard_error = fd;
  auto& server = serve(options);
  ::close(fd);
  const rlimit small{4096, 4096};
  ASSERT_EQ(::prlimit(server.pid(), RLIMIT_FSIZE, &small, nullptr), 0);

  for (int kills = 0; kills < 40; ++kills)
    strike(server, "small " + std::to_string(kills));

  EXPECT_TRUE(serves(server));
  EXPECT_LE(size_of(log), 4096U);
}

TEST_F(JournalNeighbours, WhatWasShownIsKeptThoughTheProcessIsKilled) {
  auto& server = serve_with_journal();
  strike(server, "first");
  ASSERT_TRUE(tells({"events"}, "exited: first"));
  http_client http(server.admin_port());
  std::uint64_t shown = 0;
  {
    // So that writing takes a moment.
    auto locked = std::make_unique<other_user>(file(), "BEGIN IMMEDIATE");
    strike(server, "second");
    auto asked = std::async(std::launch::async, [&] {
      return json::parse(http.get("/events").body);
    });
    EXPECT_NE(asked.wait_for(milliseconds(100)), std::future_status::ready);
    locked.reset();
    const json answer = asked.get();
    for (const auto& each : answer.at("events"))
      shown = each.at("seq");
  }
  server.signal(SIGKILL);
  ASSERT_TRUE(server.wait_exit());

  EXPECT_THAT(numbers_in(ask({"events", "--json"}).out), Contains(shown));
  EXPECT_THAT(ask({"events"}).out, HasSubstr("exited: second"));
}

TEST_F(JournalNeighbours, LongReasonsAreCutWithAMark) {
  auto& server = serve_with_journal({"--journal-size", "1"});
  const std::string reason = std::string(4096, 'r');
  for (int kills = 0; kills < 50; ++kills)
    strike(server, reason);

  const json all
    = json::parse(http_client(server.admin_port()).get("/events").body);
  int cut = 0;
  for (const auto& each : all.at("events")) {
    EXPECT_LE(each.value("reason", "").size(), 1024U);
    EXPECT_LE(each.value("detail", "").size(), 4096U);
    cut += each.value("reason", "").find("4096 bytes") != std::string::npos;
  }
  EXPECT_GE(cut, 100);
  EXPECT_LE(size_of(file()), std::uint64_t{9} << 20);
}

} // namespace

} // namespace coppice_test::journal_neighbours_test
