// SPDX-License-Identifier: BSD-3-Clause
//
// What serves nobody cannot end what serves.

#include "server_fixture.hpp"

#include "admin_api.hpp"
#include "faults.hpp"
#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace coppice_test::helpers_test {

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Restarts, before a helper has to wait for more.
constexpr int more_than_allowed = 16;

class Helpers : public server_test {
protected:
  std::string file() const {
    return directory_.file("journal.db");
  }

  command_result ask(std::vector<std::string> args) const {
    args.insert(args.end(), {"--journal", file()});
    launch_options options;
    options.args = std::move(args);
    return run_coppice(options);
  }

  // One incarnation after the other; it may be down for a while in between.
  static void kill_again_and_again(server_process& server,
                                   const std::string& path, int times) {
    admin_api admin(server.admin_port());
    for (int done = 0; done < times; ++done) {
      std::optional<lineage> before;
      ASSERT_TRUE(eventually(
        [&] {
          before = admin.try_lineage_at(path);
          return before.has_value();
        },
        long_patience))
        << path << " " << done;
      try {
        admin.kill(path, "boom");
      } catch (const std::exception&) {
        // The admin API may be gone before it has answered.
      }
      ASSERT_TRUE(
        eventually([&] { return admin.try_lineage_at(path) != before; }))
        << path << " " << done;
    }
  }

  temporary_directory directory_;
};

TEST_F(Helpers, MayEndHoweverOftenWithoutALostClient) {
  auto& server = serve({{"--journal", file()}});
  auto client = connect_to(server);
  ASSERT_TRUE(echoes(client));

  for (const auto& path : {paths::journal, paths::admin, paths::helpers}) {
    SCOPED_TRACE(path);
    ASSERT_NO_FATAL_FAILURE(kill_again_and_again(server, path, 20));
    EXPECT_TRUE(server.running());
    EXPECT_TRUE(echoes(client));
  }

  admin_api admin(server.admin_port());
  EXPECT_TRUE(eventually(
    [&] {
      const auto all = admin.try_lineage_at(paths::admin);
      return all && admin.healed();
    },
    long_patience));
  EXPECT_EQ(admin.incarnation(paths::listener), 1);
  EXPECT_TRUE(serves(server));
}

TEST_F(Helpers, SayThatTheirBudgetIsUsedUpAndAreStartedLater) {
  auto& server = serve({{"--journal", file()}});
  admin_api admin(server.admin_port());

  ASSERT_NO_FATAL_FAILURE(
    kill_again_and_again(server, paths::journal, more_than_allowed));

  EXPECT_TRUE(eventually([&] {
    return ask({"events", "--path", "journal"}).out.find("is used up")
           != std::string::npos;
  }));
  EXPECT_TRUE(admin.await_healed());
  EXPECT_GT(admin.incarnation(paths::journal), more_than_allowed);
}

// Nobody writes while the journal is down: the end of the process has to.
TEST_F(Helpers, ThatAreDownAtTheEndLeaveTheirStory) {
  auto& server = serve({{"--journal", file(), "--log-format", "json"}});
  ASSERT_NO_FATAL_FAILURE(
    kill_again_and_again(server, paths::journal, more_than_allowed));

  server.signal(SIGTERM);
  ASSERT_EQ(server.wait_exit(), 0);

  EXPECT_THAT(server.err(),
              AllOf(HasSubstr("is used up"), HasSubstr("\"reason\":\"boom\"")));
  EXPECT_THAT(ask({"events", "--path", "journal"}).out,
              HasSubstr("is used up"));
}

TEST_F(Helpers, LastLineOfATreeThatGaveUpNamesTheReason) {
  auto& server = serve(
    {{"--journal", "off", "--log-format", "json", "--log-level", "off"}});
  admin_api admin(server.admin_port());
  for (int kills = 0; kills < 20 && server.running(); ++kills)
    try {
      const auto before = admin.try_lineage_at(paths::listener);
      admin.kill(paths::listener, "the reason");
      eventually([&] {
        return !server.running()
               || admin.try_lineage_at(paths::listener) != before;
      });
    } catch (const std::exception&) {
      // It has ended.
    }

  ASSERT_EQ(server.wait_exit(), 4);
  const json last = json::parse(server.err());
  EXPECT_EQ(last.at("exit_code"), 4);
  EXPECT_THAT(last.at("text").get<std::string>(),
              AllOf(HasSubstr("the tree gave up"),
                    HasSubstr("listener:echo failed once too often"),
                    HasSubstr("the reason")));
}

TEST_F(Helpers, DoWithoutAThreadAndComeBack) {
  faults threads;
  serve_options options{{"--journal", file()}};
  threads.inject(options);
  auto& server = serve(options);
  auto client = connect_to(server);
  ASSERT_TRUE(echoes(client));
  admin_api admin(server.admin_port());

  threads.take_threads();
  ASSERT_EQ(admin.kill(paths::journal), 200);
  http_client http(server.admin_port());
  EXPECT_TRUE(eventually([&] {
    return http.get("/events").body.find("cannot start the thread")
           != std::string::npos;
  }));
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(server.running());
  threads.give_threads();

  EXPECT_TRUE(admin.await_healed());
  EXPECT_TRUE(eventually([&] {
    return ask({"events", "--path", "journal"}).out.find("failed to start")
           != std::string::npos;
  }));
}

TEST_F(Helpers, DoWithoutAThreadIfItIsTheAdminApi) {
  faults threads;
  serve_options options{{"--journal", file()}};
  threads.inject(options);
  auto& server = serve(options);
  auto client = connect_to(server);
  ASSERT_TRUE(echoes(client));

  threads.take_threads();
  try {
    admin_api(server.admin_port()).kill(paths::admin);
  } catch (const std::exception&) {
    // It may be gone before it has answered.
  }
  EXPECT_TRUE(eventually([&] {
    return server.err().find(paths::admin + " failed to start")
           != std::string::npos;
  }));
  EXPECT_TRUE(echoes(client));
  EXPECT_TRUE(server.running());
  threads.give_threads();

  EXPECT_TRUE(eventually(
    [&] {
      return admin_api(server.admin_port())
        .try_lineage_at(paths::admin)
        .has_value();
    },
    long_patience));
}

} // namespace

} // namespace coppice_test::helpers_test
