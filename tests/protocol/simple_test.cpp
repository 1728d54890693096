// SPDX-License-Identifier: BSD-3-Clause

#include "protocol/protocols.hpp"
#include "protocol/simple.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>

#include <cstdint>

namespace simple_test {

using namespace coppice;
using namespace coppice::test;
using ::testing::ElementsAre;

namespace {

using lines = std::vector<std::string>;

// What a splitter makes of `pieces`; "too long" where it refuses.
lines split(const std::vector<std::string>& pieces, std::size_t limit = 1024) {
  protocol::line_splitter splitter{limit};
  lines result;
  for (auto& piece : pieces)
    if (!splitter.feed(piece, [&](std::string_view line) {
          result.emplace_back(line);
          return true;
        }))
      result.emplace_back("too long");
  return result;
}

class Protocol : public listener_fixture {
protected:
  client talk(const std::string& name) {
    serve_with(protocol::find(name));
    return connect();
  }

  void TearDown() override {
    stop();
  }
};

} // namespace

TEST(LineSplitter, CutsAtLfAndCrLf) {
  EXPECT_THAT(split({"a\nb\r\n\nc"}), ElementsAre("a", "b", ""));
}

TEST(LineSplitter, DoesNotMindHowTheStreamIsCut) {
  const std::string text = "one\r\ntwo\n\r\nthree\n";
  lines bytes;
  for (auto c : text)
    bytes.emplace_back(1, c);

  EXPECT_EQ(split(bytes), split({text}));
  EXPECT_THAT(split(bytes), ElementsAre("one", "two", "", "three"));
}

TEST(LineSplitter, KeepsNoMoreThanItsLimit) {
  EXPECT_THAT(split({"1234\n"}, 4), ElementsAre("1234"));
  EXPECT_THAT(split({"12345"}, 4), ElementsAre("too long"));
  EXPECT_THAT(split({"123", "45\n"}, 4), ElementsAre("too long"));
}

TEST(LineSplitter, StopsWhenItIsTold) {
  protocol::line_splitter splitter;
  lines seen;

  EXPECT_TRUE(splitter.feed("a\nb\nc\n", [&](std::string_view line) {
    seen.emplace_back(line);
    return line != "b";
  }));

  EXPECT_THAT(seen, ElementsAre("a", "b"));
}

TEST(Protocols, AreFoundByName) {
  EXPECT_EQ(protocol::names().front(), "echo");
  for (auto& name : protocol::names())
    EXPECT_TRUE(protocol::find(name)) << name;
  EXPECT_FALSE(protocol::find("gopher"));
}

TEST_F(Protocol, LineAnswersWholeLinesUntilStop) {
  auto peer = talk("line");

  EXPECT_TRUE(peer.sends("hel"));
  EXPECT_TRUE(peer.sends("lo\r\nstop\nmore\n"));

  EXPECT_EQ(peer.receive_all(), "hello\n");
  EXPECT_EQ(peer.ending(), "eof");
}

TEST_F(Protocol, LineEndsAPeerWhoseLineNeverEnds) {
  auto peer = talk("line");

  (void)peer.sends(std::string(100 * 1024, 'x'));

  EXPECT_EQ(peer.receive_all(), "");
}

TEST_F(Protocol, DiscardSaysNothing) {
  auto peer = talk("discard");

  EXPECT_TRUE(peer.sends(std::string(1 << 20, 'x')));
  peer.half_close();

  EXPECT_EQ(peer.receive_all(), "");
  EXPECT_EQ(peer.ending(), "eof");
  EXPECT_EQ(listener->counters().bytes_in, std::uint64_t{1} << 20);
}

TEST_F(Protocol, ChargenSendsForAsLongAsSomebodyReads) {
  auto peer = talk("chargen");

  auto text = peer.receive(8 << 20);

  ASSERT_EQ(text.size(), std::size_t{8 << 20});
  EXPECT_EQ(
    text.substr(0, 74),
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
    "abcdefg\r\n");
  EXPECT_EQ(text[74], '!'); // the next line begins one character later
}

TEST_F(Protocol, ChargenNoticesThatItsPeerIsGone) {
  { auto peer = talk("chargen"); }

  EXPECT_TRUE(wait_until([this] { return listener->active() == 0; }));
}

} // namespace simple_test
