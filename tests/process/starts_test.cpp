// SPDX-License-Identifier: BSD-3-Clause

// How programs are started, and why some are not.

#include "process_fixture.hpp"

#include "coppice/actor/request.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <gmock/gmock.h>

namespace starts_test {

using namespace coppice;
using coppice::test::process_fixture;
using observe::event_kind;
using supervision::restart;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace {

class ProgramStarts : public process_fixture {
protected:
  // Why it does not start.
  std::string refusal(process::program what) {
    EXPECT_FALSE(start({child("a", std::move(what))}));
    return next_reason(event_kind::start_failed, "a");
  }

  std::string write_file(std::string_view name, std::string_view text,
                         mode_t mode) {
    auto path = file(name);
    std::ofstream{path} << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
};

TEST_F(ProgramStarts, SaysWhichProgramIsMissing) {
  process::program what;
  what.command = {"no-such-program"};
  what.environment = {{"PATH", "/usr/bin:/nowhere"}};

  EXPECT_EQ(refusal(what),
            "exec \"no-such-program\": ENOENT (not in PATH of the child: "
            "/usr/bin:/nowhere)");
  what.command = {file("nothing")};
  EXPECT_EQ(refusal(what), "exec \"" + file("nothing") + "\": ENOENT");
}

TEST_F(ProgramStarts, SaysWhichDirectoryOrUserIsMissing) {
  auto what = program({"wait"});
  what.directory = file("nowhere");

  EXPECT_EQ(refusal(what), "directory \"" + file("nowhere") + "\": ENOENT");
  what.directory = {};
  what.user = "no-such-user";
  EXPECT_EQ(refusal(what), "user \"no-such-user\": unknown");
}

TEST_F(ProgramStarts, SaysWhatIsWrongWithTheFile) {
  process::program what;
  what.command = {write_file("script", "#! /no/such/shell -e\n", 0755)};
  EXPECT_THAT(refusal(what),
              EndsWith("ENOENT (its interpreter /no/such/shell is missing)"));

  what.command = {write_file("empty", "", 0755)};
  EXPECT_THAT(refusal(what), HasSubstr(": ENOEXEC (neither a binary"));

  what.command = {write_file("plain", "#!/bin/sh\n", 0644)};
  EXPECT_THAT(refusal(what), EndsWith(": EACCES (it may not be executed)"));

  what.command = {folder};
  EXPECT_THAT(refusal(what), EndsWith(": EACCES (a directory)"));
}

TEST_F(ProgramStarts, NamesAFileThatIsBeingWritten) {
  auto path = file("busy");
  std::filesystem::copy_file("/bin/true", path);
  auto fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  process::program what;
  what.command = {path};

  EXPECT_THAT(refusal(what), EndsWith(": ETXTBSY"));

  ::close(fd);
  EXPECT_TRUE(start({child("b", what, restart::temporary)})) << error;
}

TEST_F(ProgramStarts, SaysWhichLimitIsRefused) {
  auto what = program({"wait"});
  what.limits = {{"nofile", 1U << 31}}; // beyond fs.nr_open

  EXPECT_EQ(refusal(what), "limit nofile: EPERM");
}

TEST_F(ProgramStarts, FindsAProgramInThePathOfItsOwnEnvironment) {
  std::filesystem::create_directory(file("bin"));
  write_file("bin/mine", "#!/bin/sh\necho found\n", 0755);
  process::program what;
  what.command = {"mine"};
  what.environment = {{"PATH", "/nowhere:" + file("bin")}};

  ASSERT_TRUE(start({child("a", what, restart::temporary)})) << error;

  EXPECT_TRUE(next(event_kind::child_exited, "a"));
  EXPECT_THAT(lines.lines(), Contains("top/a | found"));
}

TEST_F(ProgramStarts, FailedStartsUseTheBudgetUpAtOnce) {
  auto path = write_file("once", "#!/bin/sh\nrm \"$0\"\nexit 1\n", 0755);
  process::program what;
  what.command = {path};

  ASSERT_TRUE(start({child("a", what)}, {.intensity = 3})) << error;

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "exit 1");
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(next_reason(event_kind::start_failed, "a"),
                HasSubstr("ENOENT"));
  auto handle = root->handle();
  EXPECT_EQ(to_string(end_of(handle)), "shutdown");
  root = nullptr;
}

TEST_F(ProgramStarts, GivesItCleanSurroundings) {
  ::setenv("NOTIFY_SOCKET", "/run/not/for/children", 1);
  ::setenv("WATCHDOG_USEC", "1", 1);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto raised = before;
  raised.rlim_cur = raised.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &raised);
  sigset_t all;
  sigset_t mask;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &mask);
  auto handler = ::signal(SIGPIPE, SIG_IGN);
  auto leak = ::open("/dev/null", O_RDONLY); // without O_CLOEXEC

  auto up = start({child("a", program({"surroundings"}), restart::temporary)});
  auto end = next(event_kind::child_exited, "a");

  ::close(leak);
  ::signal(SIGPIPE, handler);
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  ASSERT_TRUE(up) << error;
  EXPECT_EQ(end->reason, "normal");
  EXPECT_THAT(lines.lines(),
              ::testing::IsSupersetOf({"top/a | blocked 0", "top/a | ignored 0",
                                       "top/a | beyond 0", "top/a | notify no",
                                       "top/a | leader 1"}));
  EXPECT_THAT(lines.lines(),
              Contains("top/a | nofile " + std::to_string(before.rlim_cur)));
}

TEST_F(ProgramStarts, SetsDirectoryEnvironmentAndLimits) {
  ::setenv("COPPICE_TEST_KEPT", "kept", 1);
  ::setenv("COPPICE_TEST_HIDDEN", "hidden", 1);
  auto what = shell("pwd; echo $COPPICE_TEST_KEPT-$COPPICE_TEST_HIDDEN-$MORE; "
                    "ulimit -n; ulimit -c");
  what.directory = "/";
  what.inherit_environment = {"PATH", "COPPICE_TEST_KEPT"};
  what.environment = {{"MORE", "more"}};
  what.limits = {{"nofile", 99}, {"core", 0}};

  ASSERT_TRUE(start({child("a", what, restart::temporary)})) << error;
  EXPECT_TRUE(next(event_kind::child_exited, "a"));

  EXPECT_THAT(lines.lines(),
              ::testing::ElementsAre("top/a | /", "top/a | kept--more",
                                     "top/a | 99", "top/a | 0"));
  ::unsetenv("COPPICE_TEST_KEPT");
  ::unsetenv("COPPICE_TEST_HIDDEN");
}

TEST_F(ProgramStarts, RunsAsAnotherUser) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root may start a program as somebody else";
  auto what = shell("id -un; id -gn; id -Gn | wc -w; echo $USER $HOME");
  what.user = "nobody";

  ASSERT_TRUE(start({child("a", what, restart::temporary)})) << error;
  EXPECT_TRUE(next(event_kind::child_exited, "a"));

  EXPECT_THAT(lines.lines(), ::testing::ElementsAre(
                               "top/a | nobody", "top/a | nogroup", "top/a | 1",
                               "top/a | nobody /nonexistent"));
}

TEST_F(ProgramStarts, DoesNotRunAsAnotherUserWithoutTheRight) {
  if (::geteuid() == 0)
    GTEST_SKIP() << "root may do that";
  auto what = program({"wait"});
  what.user = "root";

  EXPECT_EQ(refusal(what),
            "user \"root\": EPERM (only root may be somebody else)");
}

TEST_F(ProgramStarts, TellsItsPid) {
  auto handle_info = [&] {
    auto answer
      = actor::start_child(root->handle(), child("b", program({"wait"}))).get();
    return answer ? answer->info : "refused";
  };
  ASSERT_TRUE(start({child("a", program({"wait"}))})) << error;

  auto pid = next_pid(event_kind::child_started, "a");
  auto info = handle_info();

  EXPECT_GT(pid, 1);
  EXPECT_FALSE(is_gone(pid));
  EXPECT_EQ(info.substr(0, 4), "pid ");
}

TEST_F(ProgramStarts, NoneBeginsIfASpecificationIsWrong) {
  auto what = program({"wait"});
  what.ready.when = process::readiness::kind::notify;

  EXPECT_FALSE(start(
    {child("a", program({"touch", file("begun"), "wait"})), child("b", what)}));

  EXPECT_EQ(error, "ready when \"notify\" needs ready_within");
  EXPECT_FALSE(std::filesystem::exists(file("begun")));
}

} // namespace

} // namespace starts_test
