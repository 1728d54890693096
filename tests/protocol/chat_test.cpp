// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/chat.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>

namespace chat_test {

using namespace coppice;
using namespace coppice::test;

namespace {

class Chat : public listener_fixture {
protected:
  void SetUp() override {
    serve(net::topology::linked, 2, 1000, {}, protocol::make_chat());
  }

  /// Up to the next line's end.
  static std::string line(client& from) {
    std::string result;
    while (!result.ends_with('\n')) {
      auto byte = from.receive(1);
      if (byte.empty())
        return result + "(no more)";
      result += byte;
    }
    return result;
  }

  /// A client that has been greeted, so that it sees all later ones join.
  client join() {
    auto who = connect();
    EXPECT_THAT(line(who), ::testing::StartsWith("you are "));
    return who;
  }
};

} // namespace

TEST_F(Chat, HandsLinesOnToAllOthers) {
  auto a = join();
  auto b = join();
  EXPECT_EQ(line(a), "2 has joined\n");

  ASSERT_TRUE(a.sends("hello\r\nwor"));
  ASSERT_TRUE(a.sends("ld\n"));
  EXPECT_EQ(line(b), "1: hello\n");
  EXPECT_EQ(line(b), "1: world\n");

  ASSERT_TRUE(b.sends("hi\n"));
  EXPECT_EQ(line(a), "2: hi\n"); // and none of its own
}

TEST_F(Chat, TellsOfThoseWhoLeave) {
  auto a = join();
  {
    auto b = join();
    EXPECT_EQ(line(a), "2 has joined\n");
    ASSERT_TRUE(b.sends("stop\n"));
    EXPECT_EQ(b.receive_all(), "");
    EXPECT_EQ(b.ending(), "eof");
  }
  EXPECT_EQ(line(a), "2 has left\n");
}

TEST_F(Chat, SaysGoodbye) {
  auto a = join();

  listener->drain({});
  EXPECT_EQ(line(a), "the server is about to stop\n");
  stop();

  EXPECT_EQ(a.receive_all(), "goodbye\n");
}

} // namespace chat_test
