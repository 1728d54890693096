// SPDX-License-Identifier: BSD-3-Clause
//
// The bytes of a connection, without the connection.

#include "net/byte_flow.hpp"
#include "support/stage_fixture.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace byte_flow_test {

using namespace coppice;
using namespace coppice::net;

namespace {

using flushed = byte_flow::flushed;
using turn = byte_flow::turn;

constexpr std::uint32_t in = EPOLLIN;
constexpr std::uint32_t out = EPOLLOUT;

class ByteFlow : public test::stage_fixture {
protected:
  // The events that it waits for by now.
  std::uint32_t wanted() {
    bytes.update_interest();
    return bytes.interest();
  }

  // Sends until the kernel takes no more, and lets the rest wait. Returns all.
  std::string fill() {
    std::string all;
    for (std::string_view rest; rest.empty();) {
      std::string piece(100'000, static_cast<char>('a' + all.size() % 26));
      rest = piece;
      EXPECT_EQ(bytes.send(rest), 0);
      bytes.push(rest);
      all += piece;
    }
    return all;
  }

  std::string peer_gets_all(std::size_t size) {
    std::string result;
    while (result.size() < size) {
      auto got = peer_gets(size);
      if (got.empty() && bytes.flush() == flushed::none) {
        ADD_FAILURE() << "got " << result.size() << " of " << size;
        break;
      }
      result += got;
    }
    return result;
  }

  ssize_t receive() {
    return bytes.receive(buffer);
  }

  char buffer[64];
  byte_flow bytes{std::move(ours), traffic, host, points};
};

} // namespace

// -- sending ------------------------------------------------------------------

TEST_F(ByteFlow, SendsAtOnceWhatThePeerTakes) {
  std::string_view data = "hello";

  EXPECT_EQ(bytes.send(data), 0);

  EXPECT_TRUE(data.empty());
  EXPECT_FALSE(bytes.output_waits());
  EXPECT_EQ(peer_gets(), "hello");
  EXPECT_EQ(traffic.bytes_out.get(), 5U);
}

TEST_F(ByteFlow, SendsNothingBeforeWhatWaits) {
  auto all = fill();
  std::string_view late = "late";
  while (!peer_gets(100'000).empty()) // there is room again
    ;

  EXPECT_EQ(bytes.send(late), 0);

  EXPECT_EQ(late, "late");
}

TEST_F(ByteFlow, KeepsTheOrderOfWhatWaits) {
  auto all = fill();
  bytes.push("the end");
  auto waiting = bytes.waiting_bytes();

  auto got = peer_gets_all(all.size() + 7);

  EXPECT_GT(waiting, 7U);
  EXPECT_TRUE(got == all + "the end");
  EXPECT_EQ(bytes.waiting_bytes(), 0U);
}

TEST_F(ByteFlow, SaysHowFarAFlushHasCome) {
  EXPECT_EQ(bytes.flush(), flushed::nothing_waits);
  auto all = fill();

  EXPECT_EQ(bytes.flush(), flushed::none);
  while (!peer_gets(100'000).empty())
    ;
  EXPECT_EQ(bytes.flush(), flushed::all);
}

TEST_F(ByteFlow, SaysWhyAPeerThatIsGoneGetsNothing) {
  peer.close();
  std::string_view data = "hello";

  EXPECT_EQ(bytes.send(data), EPIPE);
  bytes.push(data);
  EXPECT_EQ(bytes.flush(), flushed::failed);
  EXPECT_EQ(errno, EPIPE);
}

// -- reading ------------------------------------------------------------------

TEST_F(ByteFlow, TellsOfTheEndOfTheInputAndReadsNoMore) {
  peer_sends("x");
  ::shutdown(peer.fd(), SHUT_WR);

  EXPECT_EQ(receive(), 1);
  EXPECT_FALSE(bytes.input_ended());
  EXPECT_EQ(receive(), 0);

  EXPECT_TRUE(bytes.input_ended());
  EXPECT_FALSE(bytes.take_input_end());
  EXPECT_EQ(wanted(), 0U);
}

TEST_F(ByteFlow, ReadsNothingWhileItIsPaused) {
  bytes.pause(true);
  EXPECT_EQ(wanted(), 0U);

  bytes.pause(false);
  EXPECT_EQ(wanted(), in);
}

TEST_F(ByteFlow, SeesTheEndOfTheInputAlsoIfItIsPausedAndCloses) {
  bytes.pause(true);

  bytes.begin_close();

  EXPECT_EQ(wanted(), in);
}

TEST_F(ByteFlow, DiscardsWhatIsThereAndDoesNotWaitForMore) {
  peer_sends(std::string(100, 'x'));

  bytes.discard_input(buffer);

  EXPECT_EQ(receive(), -1);
  EXPECT_EQ(errno, EAGAIN);
}

// -- turns --------------------------------------------------------------------

TEST_F(ByteFlow, WaitsForInputUntilOutputWaits) {
  EXPECT_EQ(wanted(), in);
  EXPECT_FALSE(bytes.update_interest());

  bytes.push("x");

  EXPECT_TRUE(bytes.update_interest());
  EXPECT_EQ(bytes.interest(), out);
  EXPECT_EQ(bytes.flush(), flushed::all);
  EXPECT_EQ(wanted(), in);
}

TEST_F(ByteFlow, LetsReadingAndSendingTakeTurns) {
  bytes.call_when_writable();
  EXPECT_EQ(wanted(), in | out);

  EXPECT_EQ(bytes.next_turn(in | out), turn::write);
  EXPECT_EQ(bytes.next_turn(in | out), turn::read);
  EXPECT_EQ(bytes.next_turn(in | out), turn::write);
  EXPECT_EQ(bytes.next_turn(out), turn::write);
  EXPECT_EQ(bytes.next_turn(in), turn::read);
}

TEST_F(ByteFlow, WaitsToBeWritableUntilItIsFlushed) {
  bytes.call_when_writable();
  EXPECT_TRUE(bytes.can_flush());

  EXPECT_EQ(bytes.flush(), flushed::nothing_waits);

  EXPECT_EQ(wanted(), in);
  EXPECT_FALSE(bytes.can_flush());
}

TEST_F(ByteFlow, DoesNotWaitToBeWritableWhenItCloses) {
  bytes.call_when_writable();

  bytes.begin_close();

  EXPECT_EQ(wanted(), in);
  EXPECT_FALSE(bytes.can_flush());
}

TEST_F(ByteFlow, SeesThatThePeerHungUpIfItDoesNotRead) {
  bytes.pause(true);
  ASSERT_EQ(wanted(), 0U);

  EXPECT_EQ(bytes.next_turn(EPOLLHUP), turn::hung_up);
  EXPECT_EQ(bytes.next_turn(EPOLLRDHUP), turn::none);
  bytes.pause(false);
  ASSERT_EQ(wanted(), in);
  EXPECT_EQ(bytes.next_turn(EPOLLHUP), turn::read); // which tells why
}

// -- stages -------------------------------------------------------------------

TEST_F(ByteFlow, IsTheSocketAloneUntilAPointIsArmed) {
  peer_sends("xy");
  EXPECT_EQ(receive(), 2);
  EXPECT_TRUE(bytes.only_socket());
#if COPPICE_FAULT_INJECTION
  fault::armed_for scope{registry, "net.recv", "1*error(EIO)"};
  peer_sends("z");

  EXPECT_EQ(receive(), -1);

  EXPECT_EQ(errno, EIO);
  EXPECT_FALSE(bytes.only_socket());
  EXPECT_TRUE(scope.fired());
#endif
}

} // namespace byte_flow_test
