// SPDX-License-Identifier: BSD-3-Clause

// What a tree file may say, and what is said about one that is wrong.

#include "server/programs/tree_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::programs {

namespace {

using namespace std::chrono_literals;
using supervision::auto_shutdown;
using supervision::restart;
using supervision::shutdown;
using supervision::strategy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
using ready = process::readiness::kind;
using target = process::output::target;

// A machine with two users, of which this process is one.
class small_world final : public surroundings {
public:
  std::optional<std::string> variable(const std::string& name) const override {
    auto found = variables.find(name);
    if (found == variables.end())
      return {};
    return found->second;
  }

  expected<std::string, std::string>
  content(const std::string& file) const override {
    auto found = files.find(file);
    if (found == files.end())
      return unexpected{std::string{"No such file or directory"}};
    return found->second;
  }

  std::optional<std::uint32_t> user(const std::string& name) const override {
    if (name == "app" || name == "1000")
      return 1000;
    if (name == "www")
      return 33;
    return {};
  }

  std::uint32_t own_user() const override {
    return own;
  }

  expected<void, std::string> folder(const std::string&) const override {
    return {};
  }

  expected<void, std::string> program(const std::string&, const std::string&,
                                      const std::string&) const override {
    return {};
  }

  std::map<std::string, std::string> variables
    = {{"HOME", "/home/app"}, {"EMPTY", ""}, {"TWO", "a b"}};
  std::map<std::string, std::string> files = {};
  std::uint32_t own = 1000;
};

auto read(std::string_view text, const small_world& where = {}) {
  return read_tree(text, "t.toml", where);
}

// All that is wrong.
std::vector<std::string> wrong(std::string_view text,
                               const small_world& where = {}) {
  auto result = read(text, where);
  return result ? std::vector<std::string>{} : result.error();
}

// The only child of a file that is right.
child only_child(const std::string& keys, const small_world& where = {}) {
  auto result = read("[[child]]\nid = \"a\"\n" + keys, where);
  if (!result) {
    ADD_FAILURE() << ::testing::PrintToString(result.error());
    return {};
  }
  return result->children.at(0);
}

// -- what it may say ----------------------------------------------------------

TEST(tree_file, has_the_defaults_of_otp) {
  auto result = read("[[child]]\nid = \"a\"\ncommand = \"sleep 1\"\n");
  ASSERT_TRUE(result) << result.error().front();
  EXPECT_EQ(result->name, "programs");
  EXPECT_EQ(result->flags.strategy, strategy::one_for_one);
  EXPECT_EQ(result->flags.intensity, 1);
  EXPECT_EQ(result->flags.period, 5s);
  EXPECT_FALSE(result->stop_within);
  ASSERT_EQ(result->children.size(), 1u);
  auto& only = result->children.front();
  EXPECT_EQ(only.spec.restart, restart::permanent);
  EXPECT_FALSE(only.spec.shutdown);
  EXPECT_FALSE(only.disabled);
  EXPECT_EQ(only.copies, 0u);
  ASSERT_TRUE(only.program);
  EXPECT_THAT(only.program->command, ElementsAre("sleep", "1"));
  EXPECT_EQ(only.program->ready.when, ready::exec);
  EXPECT_EQ(only.program->stop_signal, SIGTERM);
  EXPECT_FALSE(only.program->inherit_environment);
}

TEST(tree_file, describes_a_whole_shop) {
  small_world where;
  where.own = 0;
  where.variables["SHOP_TOKEN"] = "s3cret";
  where.files["etc/web.env"] = "# ours\nDEBUG=1\n\nGREETING = \"hel lo\"\n";
  auto result = read_tree(R"(
[tree]
name = "shop"
strategy = "rest_for_one"
intensity = 3
period = "60s"
auto_shutdown = "any_significant"
exit_code_from = "web"
stop_within = "28s"

[defaults]
user = "app"
directory = "/srv/shop"
backoff = { initial = "200ms", limit = "30s" }
output = { to = "log", max_line = 1000, when_full = "drop" }
environment = { TZ = "UTC", DEBUG = 0 }

[[child]]
id = "migrate"
command = ["bin/migrate", "up"]
ready = { when = "exit" }
ready_within = "2m"

[[child]]
id = "storage"     # für alle
strategy = "one_for_all"
intensity = 5
period = "1m"

  [[child.child]]
  id = "postgres"
  command = ["postgres", "-D", "/var/lib/postgresql/data"]
  user = "www"
  stop_signal = "INT"
  shutdown = "15s"
  ready = { when = "connect", to = "unix:/run/postgresql/.s.PGSQL.5432" }
  ready_within = "30s"
  limits = { nofile = 4096, core = "unlimited" }

  [[child.child]]
  id = "redis"
  command = "redis-server --supervised systemd"
  ready = { when = "notify" }
  ready_within = "10s"

[[child]]
id = "web"
command = ["bin/web", "--port", "${PORT:-8080}"]
restart = "transient"
significant = true
success = [0, 3]
crash_on = ["TERM", "SIGHUP"]
shutdown = "8s"
ready = { when = "http", to = "http://127.0.0.1:8080/health" }
ready_within = "20s"
progress_within = "10s"
stall_signal = "ABRT"
stop_to = "group"
leftovers = "keep"
on_our_death = "term"
inherit_environment = ["PATH", "LANG"]
environment = { DATABASE_URL = "postgres:///shop", TOKEN = "${SHOP_TOKEN}" }
env_file = "web.env"
directory = "web"
output = { to = "file:log/web.log", stderr = "inherit" }
)",
                          "etc/tree.toml", where);
  ASSERT_TRUE(result) << ::testing::PrintToString(result.error());
  EXPECT_EQ(result->name, "shop");
  EXPECT_EQ(result->flags.strategy, strategy::rest_for_one);
  EXPECT_EQ(result->flags.intensity, 3);
  EXPECT_EQ(result->flags.period, 60s);
  EXPECT_EQ(result->flags.auto_shutdown, auto_shutdown::any_significant);
  EXPECT_EQ(result->exit_code_from, "web");
  EXPECT_EQ(result->stop_within, 28s);
  EXPECT_EQ(count_programs(result->children), 4u);
  ASSERT_EQ(result->children.size(), 3u);

  auto& migrate = result->children[0];
  EXPECT_EQ(migrate.program->ready.when, ready::exit);
  EXPECT_EQ(migrate.spec.ready_within, 2min);
  EXPECT_EQ(migrate.spec.backoff->initial, 200ms);
  EXPECT_EQ(migrate.program->user, "app");
  EXPECT_EQ(migrate.program->directory, "/srv/shop");
  EXPECT_EQ(migrate.program->standard_error.max_line, 1000u);
  EXPECT_EQ(migrate.program->standard_output.full,
            process::output::when_full::drop);
  EXPECT_THAT(migrate.program->environment,
              UnorderedElementsAre(Pair("TZ", "UTC"), Pair("DEBUG", "0")));

  auto& storage = result->children[1];
  EXPECT_FALSE(storage.program);
  EXPECT_EQ(storage.spec.type, supervision::child_type::supervisor);
  EXPECT_EQ(storage.flags.strategy, strategy::one_for_all);
  EXPECT_EQ(storage.flags.intensity, 5);
  EXPECT_FALSE(storage.spec.backoff);
  ASSERT_EQ(storage.children.size(), 2u);
  auto& postgres = storage.children[0];
  EXPECT_EQ(postgres.program->user, "www");
  EXPECT_EQ(postgres.program->stop_signal, SIGINT);
  EXPECT_EQ(postgres.spec.shutdown, shutdown::within(15s));
  EXPECT_EQ(postgres.program->ready.to, "unix:/run/postgresql/.s.PGSQL.5432");
  EXPECT_THAT(
    postgres.program->limits,
    UnorderedElementsAre(Pair("nofile", 4096u), Pair("core", std::nullopt)));
  EXPECT_THAT(storage.children[1].program->command,
              ElementsAre("redis-server", "--supervised", "systemd"));

  auto& web = result->children[2];
  EXPECT_TRUE(web.spec.significant);
  EXPECT_EQ(web.spec.restart, restart::transient);
  EXPECT_EQ(web.spec.progress_within, 10s);
  EXPECT_THAT(web.program->command, ElementsAre("bin/web", "--port", "8080"));
  EXPECT_THAT(web.program->success, ElementsAre(0, 3));
  EXPECT_THAT(web.program->crash_on, ElementsAre(SIGHUP, SIGTERM));
  EXPECT_EQ(web.program->stall_signal, SIGABRT);
  EXPECT_TRUE(web.program->stop_group);
  EXPECT_TRUE(web.program->keep_leftovers);
  EXPECT_EQ(web.program->on_our_death, SIGTERM);
  EXPECT_THAT(*web.program->inherit_environment, ElementsAre("PATH", "LANG"));
  EXPECT_THAT(web.program->environment,
              UnorderedElementsAre(Pair("TZ", "UTC"), Pair("DEBUG", "1"),
                                   Pair("GREETING", "hel lo"),
                                   Pair("DATABASE_URL", "postgres:///shop"),
                                   Pair("TOKEN", "s3cret")));
  EXPECT_EQ(web.program->directory, "etc/web");
  EXPECT_EQ(web.program->standard_output.to, target::file);
  EXPECT_EQ(web.program->standard_output.path, "etc/log/web.log");
  EXPECT_EQ(web.program->standard_error.to, target::inherit);
}

struct command_line {
  const char* text; // as TOML
  std::vector<std::string> words;
};

class tree_file_command : public ::testing::TestWithParam<command_line> {};

TEST_P(tree_file_command, is_split_as_a_shell_does) {
  auto result = only_child(std::string{"command = "} + GetParam().text + "\n");
  EXPECT_EQ(result.program->command, GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
  of_all_kinds, tree_file_command,
  ::testing::Values(
    command_line{R"("a  b	c")", {"a", "b", "c"}},
    command_line{R"('a "b c" d')", {"a", "b c", "d"}},
    command_line{R"("a 'b \"c' d")", {"a", "b \"c", "d"}},
    command_line{R"('a "" b')", {"a", "", "b"}},
    command_line{R"("a '' b")", {"a", "", "b"}},
    command_line{R"('a b\ c \"d')", {"a", "b c", "\"d"}},
    command_line{R"('a"b"c "d\"e" "\f"')", {"abc", "d\"e", "\\f"}},
    command_line{R"('a "|" "a;b" \> d=${HOME}')",
                 {"a", "|", "a;b", ">", "d=/home/app"}},
    command_line{R"("a ${TWO} \"${TWO}\" '${TWO}'")",
                 {"a", "a b", "a b", "a b"}},
    command_line{R"("a ${NO:-b c} d")", {"a", "b c", "d"}},
    command_line{R"("a ${EMPTY} ${EMPTY:-x}")", {"a", "", "x"}},
    command_line{R"('a $$ $HOME \${HOME} "\$x" $')",
                 {"a", "$", "$HOME", "${HOME}", "$x", "$"}},
    command_line{R"(["sh", "-c", "a | b; kill $$$$"])",
                 {"sh", "-c", "a | b; kill $$"}},
    command_line{"[\"a\", \"\", \"$(b)\"]", {"a", "", "$(b)"}},
    command_line{"\"\"\"a\n  b\\\\\n  c\"\"\"", {"a", "b", "c"}}));

TEST(tree_file, passes_on_the_environment_unless_told_otherwise) {
  const std::string command = "command = \"a\"\ninherit_environment = ";
  EXPECT_FALSE(only_child(command + "true\n").program->inherit_environment);
  EXPECT_THAT(*only_child(command + "false\n").program->inherit_environment,
              IsEmpty());
}

TEST(tree_file, gives_a_child_a_budget_of_its_own) {
  auto own = only_child("command = \"a\"\nintensity = 2\nperiod = \"1m\"\n");
  EXPECT_EQ(own.spec.intensity, 2);
  EXPECT_EQ(own.spec.period, 60s);
}

TEST(tree_file, knows_each_kind_of_readiness) {
  auto what = [](const char* keys) {
    return only_child("command = \"a\"\nready_within = \"9s\"\nready = { "
                      + std::string{keys} + " }\n")
      .program->ready;
  };
  EXPECT_EQ(what("when = \"exec\"").when, ready::exec);
  EXPECT_EQ(what("when = \"notify\"").when, ready::notify);
  EXPECT_EQ(what("when = \"fd\"").fd, 3);
  EXPECT_EQ(what("when = \"fd\", fd = 5").fd, 5);
  EXPECT_EQ(what("when = \"connect\", to = \"[::1]:80\"").to, "[::1]:80");
  EXPECT_EQ(what("when = \"http\", to = \"http://a\"").to, "http://a");
  EXPECT_EQ(what("when = \"file\", to = \"x\"").to, "x");
  EXPECT_THAT(what("when = \"command\", command = \"b c\"").command,
              ElementsAre("b", "c"));
  EXPECT_EQ(what("when = \"log\", to = \"^up\"").when, ready::log);
  EXPECT_EQ(what("when = \"alive\", for = \"1s\"").alive_for, 1s);
  EXPECT_EQ(what("when = \"exit\"").when, ready::exit);
}

TEST(tree_file, stops_programs_in_its_ways) {
  auto how = [](const char* value) {
    return *only_child("command = \"a\"\nshutdown = \"" + std::string{value}
                       + "\"\n")
              .spec.shutdown;
  };
  EXPECT_EQ(how("2m"), shutdown::within(2min));
  EXPECT_EQ(how("0s"), shutdown::within(0s));
  EXPECT_EQ(how("infinity"), shutdown::infinity());
  EXPECT_EQ(how("brutal_kill"), shutdown::brutal_kill());
}

TEST(tree_file, has_copies_and_disabled_children) {
  EXPECT_EQ(only_child("command = \"a\"\ncopies = 4\n").copies, 4u);
  EXPECT_TRUE(only_child("command = \"a\"\ndisabled = true\n").disabled);
  EXPECT_EQ(only_child("command = \"a\"\nstop_signal = \"RTMIN+3\"\n")
              .program->stop_signal,
            SIGRTMIN + 3);
}

TEST(tree_file, takes_the_exit_code_from_a_program_below) {
  auto result = read(R"([tree]
exit_code_from = "a/b"
[[child]]
id = "a"
[[child.child]]
id = "b"
command = "x"
)");
  ASSERT_TRUE(result) << result.error().front();
  EXPECT_EQ(result->exit_code_from, "a/b");
}

// -- what is wrong with it ----------------------------------------------------

struct tree_mistake {
  const char* text;
  const char* said; // all of it, without the file
};

class tree_file_mistake : public ::testing::TestWithParam<tree_mistake> {};

// Most of them are about one child: it begins on line 1.
TEST_P(tree_file_mistake, is_said_with_its_line) {
  std::string text = GetParam().text;
  if (text.find("[[child]]") == text.npos && text.find('!') == text.npos)
    text = "[[child]]\nid = \"a\"\ncommand = \"x\"\n" + text;
  std::erase(text, '!');
  EXPECT_THAT(wrong(text),
              ElementsAre(std::string{"t.toml:"} + GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
  of_the_whole, tree_file_mistake,
  ::testing::Values(
    tree_mistake{"!", "1: there is no [[child]]: nothing would run"},
    tree_mistake{"child = []\n!", "1: there is no [[child]]: nothing would "
                                  "run"},
    tree_mistake{"child = 3\n!", "1: there may be several children, so it is "
                                 "[[child]], in two brackets"},
    tree_mistake{"[child]\nid = \"a\"\n!",
                 "1: there may be several children, so it is [[child]], in two "
                 "brackets"},
    tree_mistake{"\nchild = [1]\n!", "2: a child is a table: [[child]]"},
    tree_mistake{"services:\n  web:\n!",
                 "1: expected TOML; \"services:\" looks like a docker-compose "
                 "file, see \"From docker-compose\""},
    tree_mistake{"version: '3'\nservices:\n!",
                 "2: expected TOML; \"services:\" looks like a docker-compose "
                 "file, see \"From docker-compose\""},
    tree_mistake{"[program:a]\ncommand=x\n!",
                 "1: expected TOML; \"[program:\" looks like a supervisord "
                 "file, see \"From supervisord\""},
    tree_mistake{"tree = 1\n[[child]]\nid = \"a\"\ncommand = \"x\"\n",
                 "1: tree: a table such as [tree] is needed here, and this is "
                 "a whole number"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"x\"\n[tre]\n",
                 "4: unknown key \"tre\"; did you mean \"tree\"?"},
    tree_mistake{"strategy = \"one_for_all\"\n[[child]]\nid = \"a\"\ncommand "
                 "= \"x\"\n",
                 "1: the key \"strategy\" belongs into [tree]"},
    tree_mistake{"command = \"x\"\n[[child]]\nid = \"a\"\ncommand = \"x\"\n",
                 "1: the key \"command\" belongs into a [[child]]"},
    tree_mistake{"[tree]\nuser = \"x\"\n[[child]]\nid = \"a\"\ncommand = "
                 "\"x\"\n",
                 "2: [tree]: the key \"user\" belongs into a [[child]]"},
    tree_mistake{"[tree]\nintensty = 3\n[[child]]\nid = \"a\"\ncommand = "
                 "\"x\"\n",
                 "2: [tree]: unknown key \"intensty\"; did you mean "
                 "\"intensity\"?"},
    tree_mistake{"[tree]\nname = \"a b\"\n[[child]]\nid = \"a\"\ncommand = "
                 "\"x\"\n",
                 "2: [tree]: name: letters, digits, _, - and . make a name"},
    tree_mistake{"[tree]\nname = \"helpers\"\n[[child]]\nid = \"a\"\ncommand = "
                 "\"x\"\n",
                 "2: [tree]: name: \"helpers\" is taken by coppice itself"},
    tree_mistake{"[tree]\nstrategy = \"simple_one_for_one\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\n",
                 "2: [tree]: strategy: \"simple_one_for_one\" is none of "
                 "one_for_one, one_for_all, rest_for_one"},
    tree_mistake{"[tree]\nstrategy = \"one_for_al\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\n",
                 "2: [tree]: strategy: \"one_for_al\" is none of one_for_one, "
                 "one_for_all, rest_for_one; did you mean \"one_for_all\" or "
                 "\"one_for_one\"?"},
    tree_mistake{"[tree]\nintensity = -1\n[[child]]\nid = \"a\"\ncommand = "
                 "\"x\"\n",
                 "2: [tree]: intensity: -1 is no whole number from 0 to "
                 "4294967295"},
    tree_mistake{"[tree]\nperiod = 60\n[[child]]\nid = \"a\"\ncommand = "
                 "\"x\"\n",
                 "2: [tree]: period: a time such as \"500ms\", \"10s\" or "
                 "\"2m\" is needed here, and this is a whole number"},
    tree_mistake{"[tree]\nperiod = \"1500ms\"\n[[child]]\nid = \"a\"\ncommand "
                 "= \"x\"\n",
                 "2: [tree]: period: 1500ms is no whole number of seconds, "
                 "from 1s on"},
    tree_mistake{"[tree]\nperiod = \"0s\"\n[[child]]\nid = \"a\"\ncommand = "
                 "\"x\"\n",
                 "2: [tree]: period: 0ms is no whole number of seconds, from "
                 "1s on"},
    tree_mistake{"[tree]\nstop_within = \"soon\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\n",
                 "2: [tree]: stop_within: \"soon\" is no time such as "
                 "\"500ms\", \"10s\" or \"2m\""},
    tree_mistake{"[tree]\nstop_within = \"0s\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\n",
                 "2: [tree]: stop_within: it has to be more than 0"},
    tree_mistake{"[tree]\nkill_grace = \"0s\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\n",
                 "2: [tree]: kill_grace: it has to be more than 0"},
    tree_mistake{"[tree]\nexit_code_from = \"webb\"\n[[child]]\nid = "
                 "\"web\"\ncommand = \"x\"\n",
                 "2: [tree]: exit_code_from: there is no program \"webb\"; did "
                 "you mean \"web\"?"},
    tree_mistake{"[tree]\nexit_code_from = \"a\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\ncopies = 2\n",
                 "2: [tree]: exit_code_from: \"a\" has copies, and one code is "
                 "needed"},
    tree_mistake{"[defaults]\ncommand = \"x\"\n[[child]]\nid = \"a\"\ncommand "
                 "= \"x\"\n",
                 "2: [defaults]: the key \"command\" belongs into a [[child]]"},
    tree_mistake{"[defaults]\nuser = \"nobody\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\n",
                 "2: [defaults]: user \"nobody\" is unknown"}));

INSTANTIATE_TEST_SUITE_P(
  of_a_child, tree_file_mistake,
  ::testing::Values(
    tree_mistake{"[[child]]\nid = \"web\"\ncomand = \"x\"\ncommand = \"x\"\n",
                 "3: child \"web\": unknown key \"comand\"; did you mean "
                 "\"command\"?"},
    tree_mistake{"working_dir = \"x\"\n",
                 "4: child \"a\": unknown key \"working_dir\"; did you mean "
                 "\"directory\"?"},
    tree_mistake{"healthcheck = \"x\"\n",
                 "4: child \"a\": unknown key \"healthcheck\"; did you mean "
                 "\"ready\"?"},
    tree_mistake{"[[child]]\ncommand = \"x\"\n",
                 "1: child \"?\": a child needs an id"},
    tree_mistake{"[[child]]\nid = \"a/b\"\ncommand = \"x\"\n",
                 "2: child \"?\": id: letters, digits, _, - and . make a name"},
    tree_mistake{"[[child]]\nid = 3\ncommand = \"x\"\n",
                 "2: child \"?\": id: a text is needed here, and this is a "
                 "whole number"},
    tree_mistake{"[[child]]\nid = \"\"\ncommand = \"x\"\n",
                 "2: child \"?\": id: an empty text is no value"},
    tree_mistake{"[[child]]\nid = \"storage\"\n[[child.child]]\nid = "
                 "\"redis\"\ncommand = \"x\"\n[[child.child]]\nid = "
                 "\"redis\"\ncommand = \"x\"\n",
                 "7: child \"storage/redis\": id is used twice (line 4)"},
    tree_mistake{"[[child]]\nid = \"a\"\n",
                 "1: child \"a\": it needs a command; a supervisor has "
                 "[[child.child]] in its place"},
    tree_mistake{"[[child]]\nid = \"a\"\nchild = []\n",
                 "3: child \"a\": there is no [[child.child]]: nothing would "
                 "run"},
    tree_mistake{"[[child]]\nid = \"a\"\n[child.child]\nid = \"b\"\n",
                 "3: child \"a\": there may be several children, so it is "
                 "[[child.child]], in two brackets"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"x\"\n[[child.child]]\nid "
                 "= \"b\"\ncommand = \"x\"\n",
                 "3: child \"a\": the key \"command\" is for a program, and "
                 "this is a supervisor: it has [[child.child]]"},
    tree_mistake{"strategy = \"one_for_all\"\n",
                 "4: child \"a\": the key \"strategy\" is for a supervisor, "
                 "which has [[child.child]] and no command"},
    tree_mistake{"significant = true\nrestart = \"transient\"\n",
                 "4: child \"a\": significant needs auto_shutdown of its "
                 "supervisor (bad_combination)"},
    tree_mistake{"[tree]\nauto_shutdown = \"any_significant\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\nsignificant = true\n",
                 "6: child \"a\": significant needs restart = \"transient\" or "
                 "\"temporary\" (bad_combination)"},
    tree_mistake{"[tree]\nauto_shutdown = \"any_significant\"\n[[child]]\nid = "
                 "\"a\"\ncommand = \"x\"\nsignificant = true\nrestart = "
                 "\"transient\"\ncopies = 2\n",
                 "6: child \"a\": significant does not go with copies "
                 "(bad_combination)"},
    tree_mistake{"disabled = true\nrestart = \"temporary\"\n",
                 "4: child \"a\": disabled: a temporary child that does not "
                 "run is forgotten (bad_combination)"},
    tree_mistake{"disabled = \"yes\"\n",
                 "4: child \"a\": disabled: true or false is needed here, and "
                 "this is a text"},
    tree_mistake{"copies = 0\n", "4: child \"a\": copies: 0 is no whole number "
                                 "from 1 to 1000"},
    tree_mistake{"period = \"5s\"\n",
                 "4: child \"a\": period: of a program it is that of a budget "
                 "of its own: give intensity, too"},
    tree_mistake{"intensity = 0\n",
                 "4: child \"a\": intensity: 0 is no whole number from 1 to "
                 "4294967295"},
    tree_mistake{"restart = \"always\"\n",
                 "4: child \"a\": restart: \"always\" is \"permanent\" here"},
    tree_mistake{"restart = \"on-failure\"\n",
                 "4: child \"a\": restart: \"on-failure\" is \"transient\" "
                 "here"},
    tree_mistake{"restart = \"no\"\n",
                 "4: child \"a\": restart: \"no\" is \"temporary\" here"},
    tree_mistake{"restart = \"permanant\"\n",
                 "4: child \"a\": restart: \"permanant\" is none of permanent, "
                 "transient, temporary; did you mean \"permanent\"?"},
    tree_mistake{"shutdown = \"brutal\"\n",
                 "4: child \"a\": shutdown: \"brutal\" is no time such as "
                 "\"500ms\", \"10s\" or \"2m\""},
    tree_mistake{"shutdown = 10\n",
                 "4: child \"a\": shutdown: a time such as \"500ms\", \"10s\" "
                 "or \"2m\" is needed here, and this is a whole number"},
    tree_mistake{"backoff = \"1s\"\n",
                 "4: child \"a\": backoff: a table such as { initial = "
                 "\"200ms\", limit = \"30s\" } is needed here, and this is a "
                 "text"},
    tree_mistake{"backoff = { inital = \"1s\" }\n",
                 "4: child \"a\": unknown key \"backoff.inital\"; did you mean "
                 "\"initial\"?"},
    tree_mistake{"backoff = { initial = \"0s\" }\n",
                 "4: child \"a\": backoff.initial: it has to be more than 0"},
    tree_mistake{"backoff = { limit = \"50ms\" }\n",
                 "4: child \"a\": backoff: limit is less than initial"},
    tree_mistake{"backoff = { factor = 0.5 }\n",
                 "4: child \"a\": backoff.factor: 0.5 is no number from 1 to "
                 "1000"},
    tree_mistake{"backoff = { jitter = \"x\" }\n",
                 "4: child \"a\": backoff.jitter: a number is needed here, and "
                 "this is a text"},
    tree_mistake{"ready_within = \"0s\"\n",
                 "4: child \"a\": ready_within: it has to be more than 0"},
    tree_mistake{"progress_within = \"0s\"\n",
                 "4: child \"a\": progress_within: it has to be more than 0"}));

INSTANTIATE_TEST_SUITE_P(
  of_a_program, tree_file_mistake,
  ::testing::Values(
    tree_mistake{"[[child]]\nid = \"web\"\ncommand = \"a | b\"\n",
                 "3: child \"web\": \"|\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"a && b\"\n",
                 "3: child \"a\": \"&&\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"a >b\"\n",
                 "3: child \"a\": \">\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"a <b\"\n",
                 "3: child \"a\": \"<\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"a; b\"\n",
                 "3: child \"a\": \";\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = 'a \"$(b)\"'\n",
                 "3: child \"a\": \"$(\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"a `b`\"\n",
                 "3: child \"a\": \"`\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \"a 'b\"\n",
                 "3: child \"a\": a ' is not closed"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = 'a \"b'\n",
                 "3: child \"a\": a \" is not closed"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = 'a \\'\n",
                 "3: child \"a\": a \\ at the end stands before nothing"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = \" \"\n",
                 "3: child \"a\": command: it names no program"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = []\n",
                 "3: child \"a\": command: it names no program"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = [\"\", \"b\"]\n",
                 "3: child \"a\": command: it names no program"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = [\"a\", 1]\n",
                 "3: child \"a\": command: a text is needed here, and this is "
                 "a whole number"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = 1\n",
                 "3: child \"a\": command: a text or a list of texts is needed "
                 "here, and this is a whole number"},
    tree_mistake{"[[child]]\nid = \"a\"\ncommand = [\"a\\u0000b\"]\n",
                 "3: child \"a\": command: a text cannot have a NUL in it"},
    tree_mistake{"environment = { A = \"${SHOP_TOKEN}\" }\n",
                 "4: child \"a\": ${SHOP_TOKEN} is not set, and has no "
                 "default"},
    tree_mistake{"environment = { A = \"${1-x}\" }\n",
                 "4: child \"a\": \"${1-x}\" is no variable: ${NAME} or "
                 "${NAME:-DEFAULT}, and \"$$\" stands for \"$\""},
    tree_mistake{"environment = { A = \"${HOME\" }\n",
                 "4: child \"a\": \"${\" without \"}\"; \"$$\" stands for "
                 "\"$\""},
    tree_mistake{"environment = { A = \"${NO:-${HOME}}\" }\n",
                 "4: child \"a\": the default of ${NO} cannot have a "
                 "variable"},
    tree_mistake{"environment = { \"A=B\" = \"x\" }\n",
                 "4: child \"a\": environment: \"A=B\" cannot be the name of a "
                 "variable"},
    tree_mistake{"environment = { A = [] }\n",
                 "4: child \"a\": environment.A: a text is needed here, and "
                 "this is a list"},
    tree_mistake{"environment = [\"A=B\"]\n",
                 "4: child \"a\": environment: a table such as { TZ = \"UTC\" "
                 "} is needed here, and this is a list"},
    tree_mistake{"inherit_environment = \"PATH\"\n",
                 "4: child \"a\": inherit_environment: true, false or a list "
                 "of names is needed here, and this is a text"},
    tree_mistake{"inherit_environment = [\"A=\"]\n",
                 "4: child \"a\": inherit_environment: \"A=\" cannot be the "
                 "name of a variable"},
    tree_mistake{"env_file = \"no.env\"\n",
                 "4: child \"a\": env_file: no.env: No such file or "
                 "directory"},
    tree_mistake{"user = \"www\"\n",
                 "4: child \"a\": user \"www\" needs root, or to be www "
                 "already (uid 33)"},
    tree_mistake{"user = \"wwww\"\n", "4: child \"a\": user \"wwww\" is "
                                      "unknown"},
    tree_mistake{"directory = \"\"\n",
                 "4: child \"a\": directory: an empty text is no value"},
    tree_mistake{"limits = { nofiles = 3 }\n",
                 "4: child \"a\": unknown key \"limits.nofiles\"; did you mean "
                 "\"nofile\"?"},
    tree_mistake{"limits = { nofile = \"many\" }\n",
                 "4: child \"a\": limits.nofile: a whole number or "
                 "\"unlimited\" is needed here, and this is a text"},
    tree_mistake{"limits = { nofile = -1 }\n",
                 "4: child \"a\": limits.nofile: -1 is no whole number from 0 "
                 "on"},
    tree_mistake{"success = [256]\n",
                 "4: child \"a\": success: 256 is no exit code from 0 to 255"},
    tree_mistake{"success = \"0\"\n",
                 "4: child \"a\": success: a whole number is needed here, and "
                 "this is a text"},
    tree_mistake{"crash_on = [\"TREM\"]\n",
                 "4: child \"a\": crash_on: \"TREM\" is no signal such as "
                 "TERM; did you mean \"TERM\" or \"TRAP\"?"},
    tree_mistake{"stop_signal = \"RTMIN+99\"\n",
                 "4: child \"a\": stop_signal: \"RTMIN+99\" is no signal such "
                 "as TERM"},
    tree_mistake{"stop_signal = \"KILL\"\n",
                 "4: child \"a\": stop_signal: no program can obey it; "
                 "shutdown = \"brutal_kill\" kills at once"},
    tree_mistake{"stop_to = \"all\"\n",
                 "4: child \"a\": stop_to: \"all\" is none of leader, group"},
    tree_mistake{"leftovers = \"stay\"\n",
                 "4: child \"a\": leftovers: \"stay\" is none of kill, keep"},
    tree_mistake{"on_our_death = \"die\"\n",
                 "4: child \"a\": on_our_death: \"die\" is none of kill, term, "
                 "none"},
    tree_mistake{"output = \"log\"\n",
                 "4: child \"a\": output: a table such as { to = \"log\" } is "
                 "needed here, and this is a text"},
    tree_mistake{"output = { to = \"logg\" }\n",
                 "4: child \"a\": output.to: \"logg\" is none of log, inherit, "
                 "null, file:PATH; did you mean \"log\"?"},
    tree_mistake{"output = { stderr = \"file:\" }\n",
                 "4: child \"a\": output.stderr: \"file:\" is none of log, "
                 "inherit, null, file:PATH"},
    tree_mistake{"output = { max_line = 0 }\n",
                 "4: child \"a\": output.max_line: 0 is no whole number from 1 "
                 "to 1048576"},
    tree_mistake{"output = { when_full = \"wait\" }\n",
                 "4: child \"a\": output.when_full: \"wait\" is none of block, "
                 "drop"}));

INSTANTIATE_TEST_SUITE_P(
  of_readiness, tree_file_mistake,
  ::testing::Values(
    tree_mistake{"ready = \"notify\"\n",
                 "4: child \"a\": ready: a table such as { when = \"notify\" } "
                 "is needed here, and this is a text"},
    tree_mistake{"ready = { when = \"notify\" }\n",
                 "4: child \"a\": ready when \"notify\" needs ready_within"},
    tree_mistake{"ready = { when = \"notfy\" }\n",
                 "4: child \"a\": ready.when: \"notfy\" is none of exec, "
                 "notify, fd, connect, http, file, command, log, alive, exit; "
                 "did you mean \"notify\"?"},
    tree_mistake{"ready = {}\n", "4: child \"a\": ready needs when"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"connect\" }\n",
                 "5: child \"a\": ready when \"connect\" needs to"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"notify\", to = "
                 "\"x\" }\n",
                 "5: child \"a\": ready.to: that is for connect, http, file "
                 "and log"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"connect\", to = "
                 "\"x\" }\n",
                 "5: child \"a\": ready.to: \"x\" is no HOST:PORT or "
                 "unix:PATH"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"http\", to = "
                 "\"https://x\" }\n",
                 "5: child \"a\": ready.to: \"https://x\" is no "
                 "http://HOST:PORT/PATH"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"log\", to = "
                 "\"(\" }\n",
                 "5: child \"a\": ready.to: \"(\" is no regular expression of "
                 "500 bytes at most"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"command\" }\n",
                 "5: child \"a\": ready when \"command\" needs command"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"command\", "
                 "command = \"a|b\" }\n",
                 "5: child \"a\": \"|\" needs a shell: command = [\"sh\", "
                 "\"-c\", \"…\"]"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"notify\", "
                 "command = \"a\" }\n",
                 "5: child \"a\": ready.command: that is for when = "
                 "\"command\""},
    tree_mistake{"ready = { when = \"alive\" }\n",
                 "4: child \"a\": ready when \"alive\" needs for"},
    tree_mistake{"ready = { when = \"alive\", for = \"0s\" }\n",
                 "4: child \"a\": ready.for: it has to be more than 0"},
    tree_mistake{"ready = { when = \"fd\", fd = 2 }\nready_within = \"1s\"\n",
                 "4: child \"a\": ready.fd: 2 is no whole number from 3 to "
                 "255"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"connect\", to = "
                 "\"a:99999\" }\n",
                 "5: child \"a\": expected HOST:PORT, found \"a:99999\" "
                 "(bad_ready)"},
    tree_mistake{"ready_within = \"1s\"\nready = { when = \"log\", to = "
                 "\"up\" }\noutput = { to = \"null\" }\n",
                 "5: child \"a\": ready when \"log\" needs a stream of output "
                 "that goes to the log (bad_ready)"},
    tree_mistake{"ready = { when = \"exec\", within = \"2s\" }\n",
                 "4: child \"a\": unknown key \"ready.within\""}));

TEST(tree_file, that_is_no_toml_says_on_which_line) {
  EXPECT_THAT(wrong("[[child]]\nid = \n"),
              ElementsAre(StartsWith("t.toml:2: no TOML: ")));
}

TEST(tree_file, says_all_that_is_wrong_at_once) {
  small_world where;
  where.files["a.env"] = "A=1\nB\n";
  EXPECT_THAT(
    wrong(R"([tree]
strategi = "one_for_all"
[defaults]
user = "nobody"
[[child]]
id = "a"
command = "x ${TOKEN}"
env_file = "a.env"
[[child]]
id = "b"
restart = "never"
[[child.child]]
id = "c"
comand = "x"
)",
          where),
    ElementsAre(HasSubstr("t.toml:2: [tree]: unknown key \"strategi\""),
                "t.toml:4: [defaults]: user \"nobody\" is unknown",
                "t.toml:7: child \"a\": ${TOKEN} is not set, and has no "
                "default",
                "t.toml:8: child \"a\": env_file: a.env:2: this is not "
                "NAME=VALUE",
                HasSubstr("t.toml:11: child \"b\": restart: "),
                HasSubstr("t.toml:12: child \"b/c\": it needs a command"),
                HasSubstr("t.toml:14: child \"b/c\": unknown key \"comand\"")));
}

// What is in the environment is nobody's business.
TEST(tree_file, shows_no_value_of_a_variable_file) {
  small_world where;
  where.files["a.env"] = "A=hush\nB hush\n";
  auto all = wrong("[[child]]\nid = \"a\"\ncommand = \"x\"\nenv_file = "
                   "\"a.env\"\n",
                   where);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_THAT(all.front(), Not(HasSubstr("hush")));
}

TEST(tree_file, is_no_larger_than_a_mebibyte) {
  std::string text(10'000'000, '#');
  EXPECT_THAT(wrong(text), ElementsAre("t.toml: has more than 1 MiB"));
}

TEST(tree_file, is_no_deeper_than_sixteen_supervisors) {
  auto nested = [](std::size_t levels) {
    std::string text, name = "child";
    for (std::size_t i = 0; i < levels; ++i, name += ".child")
      text += "[[" + name + "]]\nid = \"a\"\n"
              + (i + 1 == levels ? "command = \"x\"\n" : "");
    return text;
  };
  EXPECT_THAT(wrong(nested(most_levels)), IsEmpty());
  auto all = wrong(nested(most_levels + 1));
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all.back(), HasSubstr("more than 16 supervisors one below the "
                                    "other"));
}

// What is read one in the other would use up the stack.
TEST(tree_file, that_is_very_deep_is_refused) {
  std::string header = "[[child";
  std::string value = "a = ";
  for (auto i = 0; i < 150'000; ++i) {
    header += ".child";
    value += "{a=";
  }
  EXPECT_THAT(wrong("\n" + header + "]]\n"),
              ElementsAre("t.toml:2: no TOML: a key of more than 32 parts"));
  EXPECT_THAT(wrong(value), ElementsAre(StartsWith("t.toml:1: no TOML: ")));
  EXPECT_THAT(wrong("a = [" + std::string(100'000, '[')),
              ElementsAre(StartsWith("t.toml:1: no TOML: ")));
}

TEST(tree_file, that_is_not_there_is_an_error) {
  auto result = read_tree_file("/nowhere/t.toml", real_surroundings());
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error(),
              ElementsAre("/nowhere/t.toml: cannot be read: No such file or "
                          "directory"));
}

// Whatever is in it, something is said, or it is right.
TEST(tree_file, that_is_damaged_is_read_to_the_end) {
  const std::string whole = R"([tree]
strategy = "one_for_all"
[defaults]
environment = { A = "${HOME}", B = 3 }
backoff = { initial = "1s" }
[[child]]
id = "a"
command = "b 'c d' $$"
ready = { when = "connect", to = "localhost:80" }
ready_within = "3s"
[[child]]
id = "s"
[[child.child]]
id = "t"
command = ["x", "y"]
limits = { core = "unlimited" }
output = { to = "null" }
)";
  std::mt19937 chance{18};
  const std::string bytes = "\"'\n[]{}=.#, a1\\$\xC3\x80";
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
      ASSERT_FALSE(result.error().empty()) << text;
      for (auto& each : result.error())
        ASSERT_TRUE(each.starts_with("t.toml:")) << each;
    }
  }
  EXPECT_GT(refused, 1000);
}

} // namespace

} // namespace coppice::programs
