// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "http_client.hpp"
#include "temporary_directory.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <cstdlib>

// Somebody else's server, examples/listener/shout.cpp: what `coppice serve`
// has beside its listener is there for it, too, with its own names.
namespace coppice_test::own_server_test {

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class OwnServer : public server_test {
protected:
  void SetUp() override {
    const char* program = std::getenv("COPPICE_OWN_SERVER");
    ASSERT_NE(program, nullptr) << "COPPICE_OWN_SERVER is not set";
    serve_options options{{"--acceptors", "2", "--journal", journal}};
    options.program = program;
    server = &serve(options);
    ASSERT_TRUE(shouts());
  }

  bool shouts() const {
    auto client = connect_to(*server);
    client.send_all("hello\n");
    return client.receive(6) == "HELLO\n";
  }

  // Kills the acceptor and waits until there is another.
  void kill_acceptor() {
    admin_api admin(server->admin_port());
    const auto before = admin.lineage_at(acceptor);
    ASSERT_TRUE(before);
    const auto result = server->cli({"kill", acceptor});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    ASSERT_TRUE(admin.await_restart(acceptor, *before));
  }

  temporary_directory folder;
  const std::string journal = folder.file("journal.db");
  const std::string acceptors = "shout/listener:shout/accepting/acceptors";
  const std::string acceptor = acceptors + "/acceptor:0";
  server_process* server = nullptr;
};

TEST_F(OwnServer, HasAJournalThatSaysWhyAnAcceptorWasRestarted) {
  kill_acceptor();

  launch_options why;
  why.args = {"why", "acceptor:0", "--journal", journal};
  command_result story;
  EXPECT_TRUE(eventually([&] { // it is written a moment later
    story = run_coppice(why);
    return story.out.find("(incarnation 2)") != std::string::npos;
  }))
    << story.out << story.err;
  EXPECT_THAT(story.out,
              AllOf(StartsWith(acceptor + "\n"),
                    HasSubstr("is asked to end: killed: by the admin API"),
                    HasSubstr("exited: killed"),
                    HasSubstr("restarting: permanent, exit \"killed\", 1 of "),
                    HasSubstr("it was away for ")));
  EXPECT_TRUE(shouts());
}

TEST_F(OwnServer, HasItsTreeInTheConsole) {
  const std::string script = "tree\ninfo " + acceptors + "\n";
  launch_options console;
  console.args = {"console", "--admin", server->admin_address()};

  const auto result = run_coppice_on(script, console);

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("\nshout "), HasSubstr("listener:shout "),
                    HasSubstr("acceptor:0 "), HasSubstr("acceptor:1 "),
                    HasSubstr("journal "), HasSubstr("admin "),
                    HasSubstr("strategy          one_for_one")));
}

TEST_F(OwnServer, CountsItsRestartsAndConnectionsForPrometheus) {
  kill_acceptor();
  http_client client(server->admin_port());
  const std::string restarts
    = "coppice_restarts_total{path=\"" + acceptor + "\",reason=\"killed\"} 1\n";

  http_response scraped;
  EXPECT_TRUE(eventually([&] {
    scraped = client.get("/metrics");
    return scraped.body.find(restarts) != std::string::npos;
  }))
    << scraped.body;
  EXPECT_EQ(scraped.status, 200);
  EXPECT_THAT(
    scraped.body,
    AllOf(HasSubstr("\ncoppice_connections{listener=\"shout\"} "),
          HasSubstr("\ncoppice_supervisor_budget_limit{path=\"shout\"} ")));
}

} // namespace

} // namespace coppice_test::own_server_test
