// SPDX-License-Identifier: BSD-3-Clause

#include "server/upgrade/handover.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace upgrade_channel_test {

using namespace std::chrono_literals;
using namespace coppice::upgrade;
using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace {

constexpr auto deadline = 10s;

class UpgradeChannel : public ::testing::Test {
protected:
  UpgradeChannel() : UpgradeChannel(channel::ends()) {
    // nop
  }

  // What comes next; fails if nothing does.
  message next() {
    auto result = other.wait(deadline);
    EXPECT_TRUE(result && *result);
    return result && *result ? std::move(**result) : message{};
  }

  channel one;
  channel other;

private:
  explicit UpgradeChannel(
    std::pair<coppice::net::socket, coppice::net::socket> ends)
      : one(std::move(ends.first)), other(std::move(ends.second)) {
    // nop
  }
};

// A descriptor of an open file, and which file it is.
coppice::net::socket null_device() {
  return coppice::net::socket{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
}

bool is_null_device(int fd) {
  struct stat seen {};
  struct stat wanted {};
  return ::fstat(fd, &seen) == 0 && ::stat("/dev/null", &wanted) == 0
         && seen.st_rdev == wanted.st_rdev && S_ISCHR(seen.st_mode);
}

} // namespace

TEST_F(UpgradeChannel, CarriesTextsInTheirOrder) {
  ASSERT_TRUE(one.send("first", {}, deadline));
  ASSERT_TRUE(one.send("", {}, deadline));
  ASSERT_TRUE(one.send(std::string(3, '\0'), {}, deadline));

  EXPECT_EQ(next().text, "first");
  EXPECT_EQ(next().text, "");
  EXPECT_EQ(next().text, std::string(3, '\0'));
}

TEST_F(UpgradeChannel, CarriesMoreThanTheKernelHasRoomFor) {
  std::string much(std::size_t{8} << 20, 'x');
  std::thread sender{[&] { EXPECT_TRUE(one.send(much, {}, deadline)); }};

  auto came = next();

  sender.join();
  EXPECT_EQ(came.text, much);
}

TEST_F(UpgradeChannel, CarriesMoreDescriptorsThanOneCallTakes) {
  auto sent = null_device();
  std::vector<int> many(600, sent.fd());
  std::thread sender{[&] {
    EXPECT_TRUE(one.send("many", many, deadline));
    EXPECT_TRUE(one.send("one", {sent.fd()}, deadline));
  }};

  auto first = next();
  auto second = next();

  sender.join();
  EXPECT_EQ(first.text, "many");
  ASSERT_THAT(first.descriptors, SizeIs(600));
  for (auto& each : first.descriptors) {
    EXPECT_TRUE(is_null_device(each.fd()));
    EXPECT_NE(::fcntl(each.fd(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_THAT(second.descriptors, SizeIs(1));
}

TEST_F(UpgradeChannel, HasNothingYetWhileTheOtherSideIsSilent) {
  auto nothing = other.receive();

  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  auto still = other.wait(1ms);
  ASSERT_TRUE(still);
  EXPECT_FALSE(*still);
}

TEST_F(UpgradeChannel, DeliversWhatCameBeforeTheEnd) {
  ASSERT_TRUE(one.send("last", {}, deadline));
  { auto gone = std::move(one); }

  EXPECT_EQ(next().text, "last");
  auto end = other.receive();
  ASSERT_FALSE(end);
  EXPECT_THAT(end.error(), HasSubstr("closed"));
}

TEST_F(UpgradeChannel, RefusesWhatIsNoMessage) {
  std::string rubbish(64, '\xff');
  ASSERT_EQ(::write(one.fd(), rubbish.data(), rubbish.size()), 64);

  auto end = other.wait(deadline);

  ASSERT_FALSE(end);
  EXPECT_THAT(end.error(), HasSubstr("no message"));
}

TEST_F(UpgradeChannel, GivesUpOnOneThatDoesNotRead) {
  std::string much(std::size_t{8} << 20, 'x');

  EXPECT_FALSE(one.send(much, {}, 10ms));
}

TEST_F(UpgradeChannel, CarriesAHandover) {
  handover given{.pid = 4711, .version = "1.2.3", .limit = 30s};
  given.sockets.push_back({"echo", null_device()});
  auto& listener = given.listeners.emplace_back();
  listener.name = "two";
  listener.where = "127.0.0.1:0";
  listener.port = 6001;
  listener.sockets.push_back(null_device());
  listener.sockets.push_back(null_device());
  listener.suspended = true;
  listener.limits = R"({"max_connections":3})";
  given.admin = handover::admin_port{"unix:/run/admin", null_device()};
  ASSERT_TRUE(send(one, given));

  auto read = read_handover(next());

  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->pid, 4711);
  EXPECT_EQ(read->version, "1.2.3");
  EXPECT_EQ(read->limit, 30s);
  ASSERT_THAT(read->sockets, SizeIs(1));
  EXPECT_EQ(read->sockets.front().name, "echo");
  EXPECT_TRUE(is_null_device(read->sockets.front().sock.fd()));
  ASSERT_THAT(read->listeners, SizeIs(1));
  auto& seen = read->listeners.front();
  EXPECT_EQ(seen.name, "two");
  EXPECT_EQ(seen.where, "127.0.0.1:0");
  EXPECT_EQ(seen.port, 6001);
  EXPECT_THAT(seen.sockets, SizeIs(2));
  EXPECT_TRUE(seen.suspended);
  EXPECT_EQ(seen.limits, listener.limits);
  ASSERT_TRUE(read->admin);
  EXPECT_EQ(read->admin->where, "unix:/run/admin");
  EXPECT_TRUE(is_null_device(read->admin->sock.fd()));
}

TEST_F(UpgradeChannel, SaysWhenAnotherVersionSpeaksAnotherWay) {
  auto of = [](const char* text) {
    auto read = read_handover({text});
    return read ? std::string{} : read.error();
  };

  EXPECT_THAT(of(R"({"protocol": 2, "version": "9.0"})"),
              HasSubstr("version 9.0 cannot be replaced"));
  for (auto* text :
       {"", "[]", "{}", R"({"protocol": "1"})", R"({"protocol": 1})",
        R"({"protocol": 1, "pid": 1, "version": "1", "limit_ms": 1,
            "passed": ["one that is not there"], "listeners": []})"})
    EXPECT_NE(of(text), "") << text;
}

TEST_F(UpgradeChannel, CarriesWords) {
  ASSERT_TRUE(send(one, word{words::ready, {"echo", "", "\xff"}}));

  auto read = read_word(next());

  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->what, words::ready);
  ASSERT_THAT(read->texts, SizeIs(3));
  EXPECT_EQ(read->text(), "echo");
  EXPECT_FALSE(read_word({"{}"}));
  EXPECT_FALSE(read_word({"[1]"}));
}

} // namespace upgrade_channel_test
