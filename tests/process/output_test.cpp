// SPDX-License-Identifier: BSD-3-Clause

// What becomes of the output of programs.

#include "process_fixture.hpp"

#include "process/output_log.hpp"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>

namespace output_test {

using namespace coppice;
using coppice::test::process_fixture;
using observe::event_kind;
using process::output;
using supervision::restart;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

namespace {

class ProgramOutput : public process_fixture {
protected:
  void run(process::program what) {
    ASSERT_TRUE(start({child("a", std::move(what), restart::temporary)}))
      << error;
    EXPECT_TRUE(next(event_kind::child_exited, "a"));
  }
};

TEST_F(ProgramOutput, IsThereLineByLineWithTheLastOne) {
  run(program({"print", "one\ntwo\r\n\nthree"}));

  EXPECT_THAT(lines.lines(), ElementsAre("top/a | one", "top/a | two",
                                         "top/a | ", "top/a | three"));
}

TEST_F(ProgramOutput, HasBothStreams) {
  run(program({"say", "out", "complain", "err"}));

  EXPECT_THAT(lines.lines(),
              UnorderedElementsAre("top/a | out", "top/a ! err"));
}

TEST_F(ProgramOutput, LongLinesAreCutAndMarkedAndNoneIsTorn) {
  auto what = program({"flood", "200", "40960"});
  what.standard_output.max_line = 16'384;
  ASSERT_TRUE(
    start({child("a", what, restart::temporary),
           child("b", program({"flood", "20000", "99"}), restart::temporary)}));
  EXPECT_TRUE(next(event_kind::child_exited, "a"));
  forget_position();
  EXPECT_TRUE(next(event_kind::child_exited, "b"));

  auto all = lines.lines();

  std::string cut = "top/a | " + std::string(16'384, 'x') + " … (cut)";
  std::string whole = "top/b | " + std::string(99, 'x');
  EXPECT_EQ(std::count(all.begin(), all.end(), cut), 200);
  EXPECT_EQ(std::count(all.begin(), all.end(), whole), 20'000);
  EXPECT_EQ(all.size(), 20'200U);
}

TEST_F(ProgramOutput, KeepsTheLastTwentyLinesOfTheStandardError) {
  run(shell("for i in $(seq 1 30); do echo line $i >&2; done; exit 1"));
  forget_position();

  auto detail = next(event_kind::child_exited, "a")->detail;

  EXPECT_EQ(std::count(detail.begin(), detail.end(), '\n'), 20);
  EXPECT_THAT(detail, HasSubstr("\nline 11\n"));
  EXPECT_THAT(detail, EndsWith("\nline 30"));
}

TEST_F(ProgramOutput, MayGoToAFile) {
  auto what = program({"say", "to a file", "complain", "nowhere"});
  what.standard_output = {.to = output::target::file, .path = file("log")};
  what.standard_error.to = output::target::null;
  std::ofstream{file("log")} << "before\n";

  run(what);

  std::ifstream in{file("log")};
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), "before\nto a file\n");
  EXPECT_THAT(lines.lines(), ::testing::IsEmpty());
}

TEST_F(ProgramOutput, AFileThatCannotBeOpenedIsAFailedStart) {
  auto what = program({"wait"});
  what.standard_error
    = {.to = output::target::file, .path = file("no/such/folder")};

  EXPECT_FALSE(start({child("a", what)}));

  EXPECT_THAT(next_reason(event_kind::start_failed, "a"),
              EndsWith("no/such/folder\": ENOENT"));
}

TEST_F(ProgramOutput, MayBeInherited) {
  auto before = ::dup(1);
  auto file_of_ours = ::open(file("ours").c_str(), O_CREAT | O_WRONLY, 0600);
  ::dup2(file_of_ours, 1);
  auto what = program({"say", "inherited"});
  what.standard_output.to = output::target::inherit;

  auto up = start({child("a", what, restart::temporary)});
  ::dup2(before, 1);
  ::close(before);
  ::close(file_of_ours);

  ASSERT_TRUE(up);
  EXPECT_TRUE(next(event_kind::child_exited, "a"));
  std::ifstream in{file("ours")};
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "inherited");
}

// A log whose reader can be held up.
class SlowLog : public ProgramOutput {
protected:
  SlowLog() {
    if (::pipe2(ends_, O_CLOEXEC) < 0)
      ADD_FAILURE() << "no pipe";
    process::write_output_to(ends_[1]);
  }

  ~SlowLog() override {
    if (root)
      stop();
    drain();
    test::restore_lines();
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  // Reads what is there and what comes, until the log has nothing left.
  std::string drain() {
    std::string result;
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    auto until = std::chrono::steady_clock::now() + test::deadline;
    char part[65536];
    for (;;) {
      auto n = ::read(ends_[0], part, sizeof part);
      if (n > 0)
        result.append(part, static_cast<std::size_t>(n));
      else if (process::flush_output(1)
               || std::chrono::steady_clock::now() > until)
        break;
    }
    for (;;) {
      auto n = ::read(ends_[0], part, sizeof part);
      if (n <= 0)
        return result;
      result.append(part, static_cast<std::size_t>(n));
    }
  }

private:
  int ends_[2] = {-1, -1};
};

TEST_F(SlowLog, HoldsUpAProgramThatBlocksAndNobodyElse) {
  ASSERT_TRUE(start(
    {child("a",
           program({"flood", "20000", "99", "touch", file("done"), "wait"}),
           restart::temporary),
     child("b", program({"exit", "3"}), restart::temporary)}));

  EXPECT_EQ(next_reason(event_kind::child_exited, "b"), "exit 3");
  EXPECT_FALSE(std::filesystem::exists(file("done"))); // 2 MB do not fit

  std::string all;
  EXPECT_TRUE(eventually([&] {
    all += drain();
    return std::filesystem::exists(file("done"));
  }));
  stop();
  all += drain();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 20'000);
}

TEST_F(SlowLog, CostsAProgramLinesThatDoesNotBlock) {
  auto what = program({"flood", "20000", "99"});
  what.standard_output.full = output::when_full::drop;
  ASSERT_TRUE(start({child("a", what, restart::temporary)}));

  auto end = next(event_kind::child_exited, "a");

  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, "normal");
  EXPECT_THAT(end->detail, HasSubstr(" lines of its output were lost"));
  EXPECT_THAT(drain(), HasSubstr(" lines were lost: "));
}

} // namespace

} // namespace output_test
