// SPDX-License-Identifier: BSD-3-Clause

// What a configuration file may say, and what is said about one that is wrong.

#include "server/config_file.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace coppice {

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const config_reader reader{.default_port = 6000, .default_protocol = "echo"};

auto read(std::string_view text) {
  return reader.read(text, "c.toml");
}

// All that is wrong.
std::vector<std::string> wrong(std::string_view text) {
  auto result = read(text);
  return result ? std::vector<std::string>{} : result.error();
}

// -- what it may say ----------------------------------------------------------

TEST(config_file, a_listener_has_the_defaults_of_the_command_line) {
  auto result = read("[[listener]]\n");
  ASSERT_TRUE(result) << result.error().front();
  ASSERT_EQ(result->listeners.size(), 1u);
  auto& plan = result->listeners.front();
  EXPECT_EQ(plan.config.name, "echo");
  EXPECT_EQ(to_string(plan.config.where), "[::]:6000");
  EXPECT_EQ(plan.config.topology, net::topology::linked);
  EXPECT_EQ(plan.echoes_until, "stop");
  EXPECT_EQ(plan.drain_timeout, 8s);
  EXPECT_THAT(plan.keys, IsEmpty());
  EXPECT_TRUE(plan.config.make_handler);
}

TEST(config_file, says_what_each_listener_is) {
  auto result = read(R"(log_level = "debug"   # für alle
log_connections = true
admin_host = ["ops.example", "two.example"]

[[listener]]
port = 7000
bind = "127.0.0.1"
max_connections = 100
idle_timeout = "30s"
proxy_from = "10.0.0.0/8"

[[listener]]
name = "rooms"
protocol = "chat"
port = 7001
topology = "supervised"
acceptors = 3
)");
  ASSERT_TRUE(result) << result.error().front();
  EXPECT_EQ(result->program.log.level, "debug");
  EXPECT_TRUE(result->program.log.connections);
  EXPECT_THAT(result->program.admin.hosts,
              ElementsAre("ops.example", "two.example"));
  EXPECT_EQ(result->keys.at("admin_host").value, "ops.example, two.example");
  ASSERT_EQ(result->listeners.size(), 2u);
  auto& echo = result->listeners[0];
  EXPECT_EQ(to_string(echo.config.where), "127.0.0.1:7000");
  EXPECT_EQ(echo.config.limits.max_connections, 100u);
  EXPECT_EQ(echo.config.limits.idle, 30s);
  EXPECT_EQ(echo.config.proxy.from.size(), 1u);
  EXPECT_TRUE(echo.keys.at("idle_timeout").live);
  EXPECT_FALSE(echo.keys.at("port").live);
  auto& rooms = result->listeners[1];
  EXPECT_EQ(rooms.config.name, "rooms");
  EXPECT_EQ(rooms.config.topology, net::topology::supervised);
  EXPECT_EQ(rooms.acceptors, 3u);
  EXPECT_EQ(rooms.echoes_until, "");
}

TEST(config_file, the_command_line_wins) {
  auto with_level = reader;
  with_level.program.log.level = "error";
  with_level.given = {"--log-level"};
  auto result
    = with_level.read("log_level = \"debug\"\n[[listener]]\n", "c.toml");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->program.log.level, "error");
  EXPECT_THAT(result->keys, IsEmpty());
}

// A key that is unknown would say so.
TEST(config_file, has_a_key_for_each_option) {
  program_arguments program;
  listener_arguments network;
  for (auto [of_program, least] : {std::pair{true, 10}, {false, 30}}) {
    CLI::App app;
    if (of_program)
      add_options(app, program);
    else
      add_options(app, network);
    auto count = 0;
    for (auto* each : app.get_options({})) {
      if (each == app.get_help_ptr())
        continue;
      auto key = each->get_lnames().empty() ? std::string{"port"}
                                            : each->get_lnames().front();
      std::ranges::replace(key, '-', '_');
      auto text = of_program ? key + " = []\n[[listener]]\n"
                             : "[[listener]]\n" + key + " = []\n";
      for (auto& complaint : wrong(text))
        EXPECT_THAT(complaint, Not(HasSubstr("unknown"))) << key;
      ++count;
    }
    EXPECT_GE(count, least);
  }
}

// -- what is wrong with it ----------------------------------------------------

struct mistake {
  const char* text;
  const char* said; // all of it
};

class config_mistake : public testing::TestWithParam<mistake> {};

TEST_P(config_mistake, is_said_with_its_line) {
  EXPECT_THAT(wrong(GetParam().text), ElementsAre(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
  of_all_kinds, config_mistake,
  testing::Values(
    mistake{"", "c.toml:1: there is no [[listener]]: the server would serve "
                "nobody"},
    mistake{"listener = []\n",
            "c.toml:1: there is no [[listener]]: the server would serve "
            "nobody"},
    mistake{"\nlistener = [1]\n",
            "c.toml:2: a listener is a table: [[listener]]"},
    mistake{"[listener]\nport = 1\n",
            "c.toml:1: there may be several listeners, so it is [[listener]], "
            "in two brackets"},
    mistake{"[[listener]]\nport = 1\nmax_conections = 5\n",
            "c.toml:3: unknown key \"max_conections\"; did you mean "
            "max_connections?"},
    mistake{"[[listener]]\nqwertz = 5\n", "c.toml:2: unknown key \"qwertz\""},
    mistake{"[[listener]]\n\"\" = 5\n", "c.toml:2: unknown key \"\""},
    mistake{"[[listener]]\nlistener = 5\n",
            "c.toml:2: unknown key \"listener\""},
    mistake{"port = 1\n[[listener]]\n",
            "c.toml:1: the key \"port\" belongs into a [[listener]]"},
    mistake{"[[listener]]\nname = \"a\"\nlog_level = \"info\"\n",
            "c.toml:3: listener \"a\": the key \"log_level\" belongs before "
            "the first [[listener]]"},
    mistake{"[[listener]]\nport = 70000\n",
            "c.toml:2: port: \"70000\" is no whole number from 0 to 65535"},
    mistake{"[[listener]]\nport = true\n",
            "c.toml:2: port: a text or a whole number is needed here, and this "
            "is true or false"},
    mistake{"[[listener]]\nport = 6000.5\n",
            "c.toml:2: port: a text or a whole number is needed here, and this "
            "is a number with a point"},
    mistake{"[[listener]]\nport = [1]\n",
            "c.toml:2: port: a text or a whole number is needed here, and this "
            "is a list"},
    mistake{"[[listener]]\nshare_port = \"yes\"\n",
            "c.toml:2: share_port: true or false is needed here, and this is a "
            "text"},
    mistake{"[[listener]]\nproxy_from = {}\n",
            "c.toml:2: proxy_from: a text or a list of texts is needed here, "
            "and this is a table"},
    mistake{"[[listener]]\nproxy_from = [1979-05-27]\n",
            "c.toml:2: proxy_from: a text is needed here, and this is a date "
            "or time"},
    mistake{"[[listener]]\nbind = \"\"\n",
            "c.toml:2: bind: an empty text is no value"},
    mistake{"[[listener]]\nbind = \"example.org\"\n",
            "c.toml:2: bind: \"example.org\" is no numeric address; an example "
            "is 127.0.0.1, ::1 or unix:/run/echo.sock"},
    mistake{"[[listener]]\nbind = \"unix:/run/x\"\nport = 3\n",
            "c.toml:3: port: a Unix socket has none; leave it out"},
    mistake{"[[listener]]\ntopology = \"linkd\"\n",
            "c.toml:2: topology: \"linkd\" is none of linked, supervised; did "
            "you mean linked?"},
    mistake{"[[listener]]\nprotocol = \"ecko\"\n",
            "c.toml:2: protocol: \"ecko\" is none of echo, line, discard, "
            "chargen, chat; did you mean echo?"},
    mistake{"[[listener]]\nname = \"a b\"\n",
            "c.toml:2: name: letters, digits, _, - and . make a name"},
    mistake{"[[listener]]\nport = 1\n[[listener]]\nport = 2\n",
            "c.toml:3: the name \"echo\" is that of the listener on line 1, "
            "too: give it another name"},
    mistake{"[[listener]]\n[[listener]]\nname = \"b\"\n",
            "c.toml:2: listener \"b\": [::]:6000 is where another one listens: "
            "\"echo\""},
    mistake{"[[listener]]\nport = 7\n[[listener]]\nname = \"b\"\n"
            "bind = \"127.0.0.1\"\nport = 7\n",
            "c.toml:6: listener \"b\": 127.0.0.1:7 is where another one "
            "listens: \"echo\""},
    mistake{"[[listener]]\nlisten_sockets = 3\nacceptors = 2\n",
            "c.toml:2: listen_sockets: 3 sockets need as many acceptors, and "
            "there are 2: see acceptors"},
    mistake{"[[listener]]\nidle_timeout = -3\n",
            "c.toml:2: idle_timeout: \"-3\" is no duration such as 500ms, 8s "
            "or 2m, nor off"},
    mistake{"[[listener]]\noverflow = \"reject\"\n",
            "c.toml:2: overflow: says what happens beyond max_connections, "
            "which is not set: give max_connections COUNT, too"},
    mistake{"[[listener]]\ndrain_timeout = \"soon\"\n",
            "c.toml:2: drain_timeout: \"soon\" is no duration such as 500ms, "
            "8s or 2m"},
    mistake{"[[listener]]\nproxy_from = \"ten\"\n",
            "c.toml:2: proxy_from: \"ten\" is no network such as 10.0.0.0/8, "
            "192.0.2.7, fd00::/8 or unix"},
    mistake{"[[listener]]\nproxy_timeout = \"1s\"\n",
            "c.toml:2: proxy_timeout: no proxy is believed: give proxy_from "
            "NETWORK, too"},
    mistake{"[[listener]]\ntls_key = \"k\"\n",
            "c.toml:2: tls_key: there is no TLS: give tls_cert FILE, too"},
    mistake{"[[listener]]\n\ntls_cert = \"/nowhere/c.pem\"\n",
            "c.toml:3: /nowhere/c.pem: No such file or directory"},
    mistake{"admin = \"here\"\n[[listener]]\n",
            "c.toml:1: admin: \"here\" is not HOST:PORT, with a numeric HOST "
            "or localhost"},
    mistake{"admin_origin = \"x\"\n[[listener]]\n",
            "c.toml:1: admin_origin: \"x\" is no origin such as "
            "https://ops.example"},
    mistake{"log_level = \"loud\"\n[[listener]]\n",
            "c.toml:1: log_level: \"loud\" is none of debug, info, warning, "
            "error, off"},
    mistake{"journal_age = \"old\"\n[[listener]]\n",
            "c.toml:1: journal_age: \"old\" is no duration such as 500ms, 8s "
            "or 2m"},
    mistake{"# gr\xC3\xBC\xC3\x9F dich\n[[listener]]\nf\xC3\xBCr = 1\n",
            "c.toml:3: no TOML: a letter beyond ASCII has to be in double "
            "quotes or in a comment"}));

// The rest of it is toml++'s.
TEST(config_file, that_is_no_toml_says_on_which_line) {
  EXPECT_THAT(wrong("[[listener]]\nport = \n"),
              ElementsAre(testing::StartsWith("c.toml:2: no TOML: ")));
}

TEST(config_file, says_all_that_is_wrong_at_once) {
  EXPECT_THAT(wrong(R"(log_levle = "info"
[[listener]]
name = "a"
port = 99999
idle_timeout = 5
[[listener]]
name = "b"
idle_timeout = "5 minutes"
first_byte_timeout = "x"
drain_delay = "y"
tls_min = "1.3"
)"),
              ElementsAre(HasSubstr("c.toml:1: unknown key \"log_levle\""),
                          HasSubstr("c.toml:4: listener \"a\": port: "),
                          HasSubstr("c.toml:8: listener \"b\": idle_timeout: "),
                          HasSubstr("c.toml:9: listener \"b\": first_byte_t"),
                          HasSubstr("c.toml:10: listener \"b\": drain_delay: "),
                          HasSubstr("c.toml:11: listener \"b\": tls_min: ")));
}

TEST(config_file, is_no_larger_than_a_mebibyte) {
  std::string text(config_reader::most_bytes + 1, '#');
  EXPECT_THAT(wrong(text), ElementsAre("c.toml: has more than 1 MiB"));
  text.resize(config_reader::most_bytes - 13);
  EXPECT_THAT(wrong(text + "\n[[listener]]"), IsEmpty());
}

TEST(config_file, that_is_not_there_is_an_error) {
  auto result = reader.read_file("/nowhere/c.toml");
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error(),
              ElementsAre("/nowhere/c.toml: cannot be read: No such file or "
                          "directory"));
  auto folder = reader.read_file("/");
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error(), ElementsAre("/: cannot be read: Is a directory"));
}

// Whatever is in it, something is said, or it is right.
TEST(config_file, that_is_damaged_is_read_to_the_end) {
  const std::string whole = R"(admin = "127.0.0.1:0"
log_connections = true
[[listener]]
name = "a"
port = 7000
proxy_from = ["10.0.0.0/8", 'unix']
max_connections = 5
[[listener]]
name = """b"""
port = 7001
limits = { a = 1.5, b = [1, 2] }
)";
  std::mt19937 chance{17};
  const std::string bytes = "\"'\n[]{}=.#, a1\\\xC3\x80";
  auto refused = 0;
  for (auto round = 0; round < 3000; ++round) {
    auto text = whole;
    for (auto n = 1 + chance() % 4; n > 0; --n) {
      auto at = chance() % text.size();
      if (chance() % 2 == 0)
        text[at] = bytes[chance() % bytes.size()];
      else
        text.erase(at, 1 + chance() % 9);
    }
    if (auto result = read(text); !result) {
      ++refused;
      EXPECT_THAT(result.error(), Not(IsEmpty())) << text;
      EXPECT_THAT(result.error(), Each(testing::StartsWith("c.toml:")));
    }
  }
  EXPECT_GT(refused, 1000);
}

} // namespace

} // namespace coppice
