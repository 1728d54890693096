// SPDX-License-Identifier: BSD-3-Clause

#include "process_view.hpp"
#include "sanitizer.hpp"
#include "server_fixture.hpp"

#include <future>
#include <set>

namespace coppice_test::chat_test {

namespace {

// A member of the chat, who reads line by line.
class member {
public:
  explicit member(const server_process& server)
      : client_(server.host(), server.port()) {}

  void say(const std::string& text) {
    client_.send_all(text + "\n");
  }
  // The next line that contains `text`, whole; throws if there is none.
  std::string hear(const std::string& text) {
    std::string line;
    do {
      line.clear();
      while (line.empty() || line.back() != '\n')
        line += client_.receive(1);
      heard_ += line;
    } while (line.find(text) == std::string::npos);
    return line;
  }
  bool has_input() const {
    return client_.has_input();
  }
  // Everything that was read so far.
  const std::string& heard() const {
    return heard_;
  }
  tcp_client& client() {
    return client_;
  }

private:
  tcp_client client_;
  std::string heard_;
};

class Chat : public topology_test {
protected:
  server_process& serve_chat(std::vector<std::string> args = {}) {
    args.insert(args.end(), {"--protocol", "chat"});
    return serve_topology({std::move(args)});
  }

  // Members who hear each other. One that is connected may not have joined
  // yet, so the last repeats its greeting until it was heard by all others.
  static std::vector<member> members(const server_process& server, int count) {
    std::vector<member> result;
    for (int number = 0; number < count; ++number) {
      result.emplace_back(server);
      const std::string hello = "hello" + std::to_string(number) + ".";
      for (int other = 0; other < number; ++other)
        greet(result.back(), result[static_cast<std::size_t>(other)], hello);
    }
    return result;
  }

  static void greet(member& speaking, member& listening,
                    const std::string& hello) {
    eventually([&] {
      speaking.say(hello);
      return listening.has_input();
    });
    listening.hear(hello);
  }
};
INSTANTIATE_TEST_SUITE_P(, Chat, every_topology, topology_name);

std::string prefix_of(const std::string& line, const std::string& text) {
  return line.substr(0, line.find(text));
}

TEST_P(Chat, HoldsNoMoreThanItsBoundForThoseWhoDoNotRead) {
  constexpr double may_grow_mebibytes = under_address_sanitizer ? 1024 : 96;
  auto& server = serve_chat({"--acceptors", "2"});
  std::vector<tcp_client> silent;
  for (int number = 0; number < 40; ++number) {
    silent.push_back(connect_to(server));
    silent.back().receive(4); // of the greeting
  }
  const double before = resident_mebibytes(server.pid());
  const std::string line(1'000, 'x');
  for (int megabyte = 0; megabyte < 12; ++megabyte) {
    auto speaker = connect_to(server);
    for (int count = 0; count < 1'000; ++count)
      speaker.send_all(line + "\n");
    speaker.half_close();
    speaker.receive_rest();
    EXPECT_LT(resident_mebibytes(server.pid()), before + may_grow_mebibytes);
  }
  // Clients that read are served.
  member a(server);
  member b(server);
  EXPECT_TRUE(eventually([&] {
    a.say("anybody?");
    return b.has_input();
  }));
  b.hear("anybody?");
}

TEST_P(Chat, LineGoesToAllOthersUnderTheNameOfItsSender) {
  auto all = members(serve_chat({"--acceptors", "2"}), 3);
  std::set<std::string> names;
  for (std::size_t speaker = 0; speaker < all.size(); ++speaker) {
    const std::string text = "words of " + std::to_string(speaker);
    std::set<std::string> prefixes;
    all[speaker].say(text);
    for (std::size_t other = 0; other < all.size(); ++other) {
      if (other != speaker)
        prefixes.insert(prefix_of(all[other].hear(text), text));
    }
    ASSERT_EQ(prefixes.size(), 1U) << "others hear different names";
    EXPECT_NE(*prefixes.begin(), "");
    names.insert(*prefixes.begin());
  }
  EXPECT_EQ(names.size(), all.size()) << "two have one name";
}

TEST_P(Chat, LineDoesNotComeBackToItsSender) {
  auto all = members(serve_chat(), 2);
  all[0].say("my own words");
  all[1].hear("my own words");
  all[1].say("an answer");
  all[0].hear("an answer");
  EXPECT_EQ(all[0].heard().find("my own words"), std::string::npos);
}

TEST_P(Chat, ReachesMembersOfEveryReactorInOrder) {
  constexpr int lines = 100;
  auto all = members(serve_chat({"--acceptors", "4"}), 12);
  for (int number = 0; number < lines; ++number)
    all.front().say("line " + std::to_string(number) + ".");
  for (std::size_t other = 1; other < all.size(); ++other) {
    for (int number = 0; number < lines; ++number)
      all[other].hear("line " + std::to_string(number) + ".");
  }
}

TEST_P(Chat, StopLeavesAndTheOthersTalkOn) {
  auto& server = serve_chat();
  auto all = members(server, 3);
  all[2].say("stop");
  EXPECT_EQ(all[2].client().receive_rest().end, ending::eof);
  all[0].say("still here?");
  all[1].hear("still here?");
  EXPECT_EQ(all[1].heard().find("stop\n"), std::string::npos);
}

TEST_P(Chat, LostMembersDoNotDisturbTheOthers) {
  auto& server = serve_chat();
  admin_api admin(server.admin_port());
  auto all = members(server, 4);
  all[2].client().reset();
  const auto path = admin.await_connection_of(all[3].client().local_port());
  ASSERT_TRUE(path);
  ASSERT_EQ(admin.kill(*path, "boom"), 200);
  EXPECT_TRUE(ends(all[3].client()));
  ASSERT_TRUE(admin.await_connections(2));
  all[0].say("still here?");
  all[1].hear("still here?");
}

TEST_P(Chat, SilentMemberIsEndedHoweverMuchTheOthersSay) {
  constexpr milliseconds timeout{1'000};
  auto all = members(serve_chat({"--idle-timeout", "1s"}), 2);
  auto& silent = all[1].client();
  const stopwatch since;
  EXPECT_TRUE(eventually([&] {
    all[0].say("are you there?");
    return silent.receive_rest(milliseconds(50)).end != ending::deadline;
  }));
  // The silence began a little before the stopwatch.
  EXPECT_GE(since.elapsed(), timeout / 2);
}

TEST_P(Chat, MemberWhoDoesNotReadHoldsUpNobody) {
  constexpr int lines = 5'000;
  const std::string much(1'000, 'x');
  auto all = members(serve_chat(one_reactor().args), 3);
  auto& listening = all[1].client();
  auto talking = std::async(std::launch::async, [&] {
    for (int number = 0; number < lines; ++number)
      all[0].say(much);
    all[0].say("the end");
  });
  std::string heard;
  EXPECT_TRUE(eventually(
    [&] {
      heard += listening.receive_rest(milliseconds(10)).data;
      return heard.find("the end\n") != std::string::npos;
    },
    long_patience));
  talking.get();
  EXPECT_EQ(count_of(much, heard), lines);
}

} // namespace

} // namespace coppice_test::chat_test
