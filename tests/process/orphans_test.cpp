// SPDX-License-Identifier: BSD-3-Clause

// What is left of programs in a process that adopts orphans, as PID 1 does. All
// tests that come after these run so, too.

#include "process_fixture.hpp"

#include "coppice/process/reaper.hpp"
#include "process/family.hpp"

#include <sys/wait.h>

#include <gmock/gmock.h>

namespace orphans_test {

using namespace coppice;
using coppice::test::process_fixture;
using observe::event_kind;
using supervision::restart;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

class Orphans : public process_fixture {
protected:
  static void SetUpTestSuite() {
    process::adopt_orphans();
  }

  ~Orphans() override {
    EXPECT_TRUE(eventually([] { return process::adopted().empty(); }));
  }
};

TEST_F(Orphans, AGrandchildInASessionOfItsOwnGoesWithAStop) {
  ASSERT_TRUE(start(
    {child("a", program({"background", "orphan-session", "ignore", "15",
                         "write-pid", file("stray"), "wait", "--", "wait"}))}));
  auto stray = pid_in("stray");
  ASSERT_FALSE(is_gone(stray));

  stop();

  EXPECT_TRUE(is_gone(stray));
}

TEST_F(Orphans, AGrandchildInASessionOfItsOwnGoesBeforeARestart) {
  ASSERT_TRUE(start({child(
    "a",
    program({"background", "orphan-session", "write-pid", file("stray"), "wait",
             "--", "until", file("stray"), "until", file("go"), "exit", "1"}),
    restart::temporary)}));
  auto stray = pid_in("stray");

  std::ofstream{file("go")};

  auto end = next(event_kind::child_exited, "a");
  ASSERT_TRUE(end);
  EXPECT_THAT(end->detail, HasSubstr("left 1 process behind"));
  EXPECT_TRUE(is_gone(stray));
}

TEST_F(Orphans, AMemberOfItsGroupIsCounted) {
  ASSERT_TRUE(start(
    {child("a", shell("sleep 60 & sleep 60 & exit 1"), restart::temporary)}));

  auto end = next(event_kind::child_exited, "a");

  ASSERT_TRUE(end);
  EXPECT_THAT(end->detail, HasSubstr("left 2 processes behind"));
}

TEST_F(Orphans, StrangersAreReaped) {
  ASSERT_TRUE(start({child(
    "a", shell("for i in $(seq 1 50); do (" PROGRAM_FOR_TESTS
               " session exit 0 &) ; done; echo done; exec sleep 60"))}));
  lines.wait_for(1);

  EXPECT_TRUE(eventually([] { return process::adopted().empty(); }));
}

TEST_F(Orphans, AChildOfSomebodyElseIsLeftToThem) {
  process::own_child guard;
  auto pid = ::fork();
  if (pid == 0)
    ::_exit(7);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);

  // The reaper has looked when this program has come and gone.
  ASSERT_TRUE(start({child("a", program({"exit", "0"}), restart::temporary)}));
  EXPECT_TRUE(next(event_kind::child_exited, "a"));

  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

} // namespace

} // namespace orphans_test
