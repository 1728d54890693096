// SPDX-License-Identifier: BSD-3-Clause

// When the start of a program counts as done.

#include "process_fixture.hpp"

#include "coppice/actor/request.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>

namespace readiness_test {

using namespace coppice;
using namespace std::chrono_literals;
using coppice::test::process_fixture;
using observe::event_kind;
using process::readiness;
using supervision::restart;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

class ProgramReadiness : public process_fixture {
protected:
  static actor::child_spec
  awaited(std::string id, process::program what,
          std::chrono::milliseconds limit = 20s,
          std::optional<std::chrono::milliseconds> progress = {}) {
    return process::process_child(
      {.id = std::move(id), .ready_within = limit, .progress_within = progress},
      std::move(what));
  }

  // The steps `before` come before it is ready, `after` makes it so. What is
  // started next must not be started before that.
  bool comes_first(readiness how, std::vector<std::string> after) {
    std::vector<std::string> steps{"say", "begun", "until", file("go")};
    steps.insert(steps.end(), after.begin(), after.end());
    steps.push_back("wait");
    auto what = program(steps);
    what.ready = std::move(how);
    std::thread starting{[&] {
      start({awaited("a", what), child("b", program({"say", "next", "wait"}))});
    }};
    auto first = lines.wait_for(1);
    EXPECT_THAT(first, ElementsAre("top/a | begun"));
    std::ofstream{file("go")};
    starting.join();
    EXPECT_TRUE(root) << error;
    lines.wait_for(2);
    return root != nullptr;
  }
};

// A port on which nobody listens yet.
class reserved_port {
public:
  reserved_port() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    name_.sin_family = AF_INET;
    name_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name_;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&name_), size);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&name_), &size);
  }

  ~reserved_port() {
    ::close(fd_);
  }

  reserved_port(const reserved_port&) = delete;
  reserved_port& operator=(const reserved_port&) = delete;

  std::string number() const {
    return std::to_string(ntohs(name_.sin_port));
  }

  void listen() const {
    ::listen(fd_, 16);
  }

  // Answers one client with `text`.
  void answer(const std::string& text) const {
    auto client = ::accept(fd_, nullptr, nullptr);
    char request[512];
    (void)!::read(client, request, sizeof request);
    (void)!::write(client, text.data(), text.size());
    ::close(client);
  }

private:
  int fd_;
  sockaddr_in name_{};
};

TEST_F(ProgramReadiness, ANotificationMakesItReady) {
  comes_first({.when = readiness::kind::notify}, {"notify", "READY=1"});
}

TEST_F(ProgramReadiness, ANotificationOfAGrandchildThatHasGoneCounts) {
  auto what
    = program({"background", "notify", "READY=1", "exit", "0", "--", "wait"});
  what.ready.when = readiness::kind::notify;

  EXPECT_TRUE(start({awaited("a", what)})) << error;
}

TEST_F(ProgramReadiness, ANotificationOfAnotherUserDoesNotCount) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can become another user";
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  // In a session of its own, so that it is not one of the program's.
  auto what = program({"background", "session", "uid", "65534", "notify",
                       "READY=1", "touch", file("sent"), "exit", "0", "--",
                       "until", file("sent"), "exit", "9"});
  what.ready.when = readiness::kind::notify;

  EXPECT_FALSE(start({awaited("a", what)}));

  EXPECT_THAT(error, HasSubstr("exit 9"));
}

TEST_F(ProgramReadiness, BarriersAndManyNotificationsHoldNobodyUp) {
  auto what = program({"notify-times", "1000", "WATCHDOG=1", "barrier",
                       "notify", "READY=1", "wait"});
  what.ready.when = readiness::kind::notify;

  EXPECT_TRUE(start({awaited("a", what, 20s, 20s)})) << error;
}

TEST_F(ProgramReadiness, ALineOnADescriptorMakesItReady) {
  comes_first({.when = readiness::kind::fd, .fd = 5}, {"line-to", "5"});
}

TEST_F(ProgramReadiness, AFileMakesItReadyButNotAnOldOne) {
  std::ofstream{file("ready")};

  comes_first({.when = readiness::kind::file, .to = file("ready")},
              {"touch", file("ready")});
}

TEST_F(ProgramReadiness, ALineOfItsOutputMakesItReady) {
  comes_first({.when = readiness::kind::log, .to = "^listening on [0-9]+$"},
              {"say", "listening soon", "complain", "listening on 80"});
}

TEST_F(ProgramReadiness, ACommandThatSucceedsMakesItReady) {
  comes_first({.when = readiness::kind::command,
               .command = {"sh", "-c", "test -e " + file("ready")}},
              {"touch", file("ready")});
}

TEST_F(ProgramReadiness, TimeMakesItReady) {
  auto what = program({"wait"});
  what.ready = {.when = readiness::kind::alive, .alive_for = 50ms};
  auto before = std::chrono::steady_clock::now();

  ASSERT_TRUE(start({child("a", what)})) << error;

  EXPECT_GE(std::chrono::steady_clock::now() - before, 50ms);
}

TEST_F(ProgramReadiness, APortThatAcceptsMakesItReady) {
  reserved_port port;
  auto what = program({"say", "begun", "wait"});
  what.ready
    = {.when = readiness::kind::connect, .to = "127.0.0.1:" + port.number()};
  std::jthread starting{[&] { start({awaited("a", what)}); }};
  lines.wait_for(1);
  EXPECT_EQ(root, nullptr);

  port.listen();
  starting.join();

  EXPECT_TRUE(root) << error;
}

TEST_F(ProgramReadiness, AnAnswerWithAGoodStatusMakesItReady) {
  reserved_port port;
  port.listen();
  auto what = program({"wait"});
  what.ready = {.when = readiness::kind::http,
                .to = "http://127.0.0.1:" + port.number() + "/health"};
  std::jthread starting{[&] { start({awaited("a", what)}); }};

  port.answer("HTTP/1.1 503 Busy\r\n\r\n");
  port.answer("no HTTP at all");
  EXPECT_EQ(root, nullptr);
  port.answer("HTTP/1.1 204 Fine\r\n\r\n");
  starting.join();

  EXPECT_TRUE(root) << error;
}

TEST_F(ProgramReadiness, OneThatEndsBeforeHasFailedToStart) {
  auto what = program({"complain", "no config", "exit", "7"});
  what.ready.when = readiness::kind::notify;

  EXPECT_FALSE(start({awaited("a", what)}));

  auto failed = next(event_kind::start_failed, "a");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->reason, "exit 7");
  EXPECT_THAT(failed->detail, HasSubstr("\nno config"));
}

TEST_F(ProgramReadiness, OneThatIsNotReadyInTimeIsKilled) {
  auto what = program({"write-pid", file("pid"), "wait"});
  what.ready.when = readiness::kind::notify;

  EXPECT_FALSE(start({awaited("a", what, 200ms)}));

  EXPECT_EQ(next_reason(event_kind::start_failed, "a"),
            "not ready within 200 ms");
  auto pid = pid_in("pid");
  EXPECT_TRUE(eventually([&] { return is_gone(pid); }));
}

// -- programs that do one thing -----------------------------------------------

TEST_F(ProgramReadiness, OneThatHasToExitIsIgnoredAfterwards) {
  auto what = program({"say", "migrated"});
  what.ready.when = readiness::kind::exit;

  ASSERT_TRUE(
    start({awaited("a", what), child("b", program({"say", "next", "wait"}))}))
    << error;

  EXPECT_THAT(lines.wait_for(2),
              ElementsAre("top/a | migrated", "top/b | next"));
  auto all = actor::which_children(root->handle()).get();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->back().id, "a");
  EXPECT_EQ(all->back().state, supervision::child_state::undefined);
}

TEST_F(ProgramReadiness, ItsFailureIsAFailedStart) {
  auto what = program({"exit", "1"});
  what.ready.when = readiness::kind::exit;

  EXPECT_FALSE(start({awaited("a", what)}));

  EXPECT_EQ(next_reason(event_kind::start_failed, "a"), "exit 1");
}

TEST_F(ProgramReadiness, ItRunsAgainWithItsGroup) {
  auto what = program({"say", "migrated"});
  what.ready.when = readiness::kind::exit;
  ASSERT_TRUE(
    start({awaited("a", what), child("b", program({"say", "next", "wait"}))},
          {.strategy = supervision::strategy::one_for_all, .intensity = 5}));
  auto b = next_pid(event_kind::child_started, "b");
  lines.wait_for(2);

  ::kill(b, SIGKILL);

  EXPECT_THAT(lines.wait_for(4),
              ElementsAre("top/a | migrated", "top/b | next",
                          "top/a | migrated", "top/b | next"));
}

// -- starts that are called off -----------------------------------------------

class CalledOff : public ProgramReadiness {
protected:
  static process::program never_ready() {
    auto result = program({"say", "begun", "wait"});
    result.ready.when = readiness::kind::notify;
    return result;
  }
};

TEST_F(CalledOff, AFirstStart) {
  std::stop_source source;
  std::jthread stopper{[&] {
    lines.wait_for(1);
    source.request_stop();
  }};
  auto nested = actor::supervisor_child("n", {}, {awaited("a", never_ready())});

  auto result
    = actor::tree_root::start(rt, "top", {}, {nested}, source.get_token());

  EXPECT_THAT(test::error_of(result).message, HasSubstr("shutdown"));
}

TEST_F(CalledOff, ARestartByAnOrderFromAbove) {
  auto what = shell("if mkdir " + file("once") + " 2>/dev/null; then "
                    + PROGRAM_FOR_TESTS + " notify READY=1 exit 3; else exec "
                    + PROGRAM_FOR_TESTS + " say begun wait; fi");
  what.ready.when = readiness::kind::notify;
  auto nested
    = actor::supervisor_child("n", {.intensity = 5}, {awaited("a", what, 60s)});
  ASSERT_TRUE(start({nested})) << error;
  lines.wait_for(1); // the second one, which does not get ready
  auto before = std::chrono::steady_clock::now();

  stop();

  EXPECT_LT(std::chrono::steady_clock::now() - before, 10s);
}

TEST_F(CalledOff, OneThatDoesNotObeyIsKilled) {
  auto what = program(
    {"ignore", "15", "write-pid", file("pid"), "say", "begun", "wait"});
  what.ready.when = readiness::kind::notify;
  std::stop_source source;
  std::jthread stopper{[&] {
    lines.wait_for(1);
    source.request_stop();
  }};

  EXPECT_FALSE(actor::tree_root::start(rt, "top", {}, {awaited("a", what, 60s)},
                                       source.get_token()));

  EXPECT_TRUE(is_gone(pid_in("pid")));
}

// -- progress -----------------------------------------------------------------

TEST_F(ProgramReadiness, OneWithoutProgressGetsTheStallSignalAndIsRestarted) {
  auto what = program({"no-core", "wait"});
  what.stall_signal = SIGABRT;
  ASSERT_TRUE(start(
    {process::process_child({.id = "a", .progress_within = 150ms}, what)}));

  EXPECT_TRUE(next(event_kind::stalled, "a"));

  auto end = next(event_kind::child_exited, "a");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, "no progress within 150 ms");
  EXPECT_THAT(end->detail, HasSubstr("SIGABRT"));
  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
}

TEST_F(ProgramReadiness, OneThatReportsProgressLives) {
  auto what = shell("i=0; while [ $i -lt 30 ]; do " PROGRAM_FOR_TESTS
                    " notify WATCHDOG=1; sleep 0.02; i=$((i + 1)); done; "
                    "exit 4");
  ASSERT_TRUE(start({process::process_child(
    {.id = "a", .restart = restart::temporary, .progress_within = 400ms},
    what)}));

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "exit 4");
}

TEST_F(ProgramReadiness, OneMayGiveItselfUp) {
  auto what = program({"notify", "WATCHDOG=trigger", "wait"});
  ASSERT_TRUE(start({process::process_child(
    {.id = "a", .restart = restart::temporary, .progress_within = 20s},
    what)}));

  EXPECT_THAT(next_reason(event_kind::child_exited, "a"),
              HasSubstr("WATCHDOG=trigger"));
}

} // namespace

} // namespace readiness_test
