// SPDX-License-Identifier: BSD-3-Clause

#include "faults.hpp"
#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <cerrno>

namespace coppice_test::counters_test {

namespace {

using Counters = topology_test;
INSTANTIATE_TEST_SUITE_P(, Counters, every_topology, topology_name);

TEST_P(Counters, OfAFreshServerAreZero) {
  const json status = listener_api(serve_topology()).status();
  EXPECT_EQ(status.at("name"), "echo");
  EXPECT_EQ(status.at("path"), paths::listener);
  EXPECT_EQ(status.at("state"), "listening");
  EXPECT_EQ(status.at("topology"), GetParam());
  EXPECT_EQ(status.at("active"), 0);
  for (const char* name :
       {"accepted", "closed", "rejected", "rejected_by_address",
        "rejected_by_rate", "accept_pauses", "read_pauses", "bytes_in",
        "bytes_out"})
    EXPECT_EQ(status.at("counters").at(name), 0) << name;
  EXPECT_EQ(status.at("counters").at("accept_errors"),
            json({{"transient", 0}, {"exhausted", 0}, {"fatal", 0}}));
  EXPECT_EQ(status.at("counters").at("accept_errnos"), json::object());
}

TEST_P(Counters, AgreeWithTheClients) {
  constexpr std::size_t size = 100'000;
  auto& server = serve_topology();
  listener_api listener(server);
  const std::string data = random_bytes(size - 1) + "\n";
  std::vector<tcp_client> clients;
  for (int count = 0; count < 5; ++count) {
    clients.push_back(connect_to(server));
    EXPECT_TRUE(same_bytes(clients.back().echo(data), data));
  }
  clients.erase(clients.begin() + 2, clients.end());
  ASSERT_TRUE(listener.await_active(2));
  const json counters = listener.counters();
  EXPECT_EQ(counters.at("accepted"), 5);
  EXPECT_EQ(counters.at("closed"), 3);
  EXPECT_EQ(counters.at("rejected"), 0);
  EXPECT_EQ(counters.at("bytes_in"), 5 * size);
  EXPECT_EQ(counters.at("bytes_out"), 5 * size);
}

TEST_P(Counters, AddUpAfterAThousandClients) {
  constexpr int clients = 1'000;
  auto& server = serve_topology();
  listener_api listener(server);
  for (int count = 0; count < clients; ++count) {
    auto client = connect_to(server);
    if (count % 3 == 0)
      client.send_all("hello\n");
    if (count % 5 == 0)
      client.reset();
  }
  ASSERT_TRUE(listener.await_active(0));
  EXPECT_TRUE(listener.await_counter("closed", clients));
  EXPECT_TRUE(listener.await_balance()) << listener.status();
  EXPECT_EQ(listener.counters().at("accepted"), clients);
}

TEST_P(Counters, OfReactorsAddUpToThoseOfTheListener) {
  auto& server = serve_topology({{"--acceptors", "3"}});
  listener_api listener(server);
  for (int count = 0; count < 100; ++count)
    EXPECT_TRUE(serves(server));
  ASSERT_TRUE(listener.await_active(0));
  const json status = listener.status();
  EXPECT_EQ(status.at("acceptors"), 3);
  ASSERT_EQ(status.at("reactors").size(), 3U);
  for (const char* name : {"accepted", "closed", "bytes_in", "bytes_out"}) {
    std::int64_t sum = 0;
    for (const auto& reactor : status.at("reactors"))
      sum += reactor.at("counters").at(name).get<std::int64_t>();
    EXPECT_EQ(status.at("counters").at(name), sum) << name;
  }
}

TEST_P(Counters, OfRejectedClientsAgree) {
  auto& server = serve_topology({{"--max-connections", "1", "--overflow",
                                  "reject", "--reject-after", "50ms"}});
  listener_api listener(server);
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  for (int count = 1; count <= 5; ++count) {
    auto next = connect_to(server);
    EXPECT_TRUE(ends(next));
    EXPECT_TRUE(listener.await_counter("rejected", count));
  }
  EXPECT_EQ(listener.counters().at("rejected"), 5);
  EXPECT_EQ(listener.active(), 1);
  EXPECT_TRUE(listener.await_balance()) << listener.status();
}

TEST_P(Counters, TellAcceptErrorsByKindAndErrno) {
  faults accept;
  serve_options options{{"--acceptors", "1"}};
  accept.inject(options);
  auto& server = serve_topology(options);
  listener_api listener(server);
  int done = 0;
  const auto fail = [&](int error, int count) {
    accept.fail_accept(server, error, count);
    EXPECT_TRUE(serves(server));
    done += count;
    EXPECT_EQ(accept.injected(), done);
  };
  fail(ECONNABORTED, 10);
  fail(EPROTO, 3);
  fail(ENFILE, 2);
  const json counters = listener.counters();
  EXPECT_EQ(counters.at("accept_errors"),
            json({{"transient", 13}, {"exhausted", 2}, {"fatal", 0}}));
  EXPECT_EQ(counters.at("accept_errnos"),
            json({{"ECONNABORTED", 10}, {"EPROTO", 3}, {"ENFILE", 2}}));

  accept.fail_accept(server, EBADF, 1);
  connect_to(server).reset();
  EXPECT_TRUE(listener.await([](const json& now) {
    return now.at("counters").at("accept_errors").at("fatal") == 1;
  }));
}

TEST_P(Counters, AreListedForEveryListener) {
  auto& server = serve_topology();
  http_client http(server.admin_port());
  const http_response answer = http.get("/listeners");
  ASSERT_EQ(answer.status, 200);
  const json listeners = json::parse(answer.body).at("listeners");
  ASSERT_EQ(listeners.size(), 1U);
  EXPECT_EQ(listeners.front(), listener_api(server).status());
  EXPECT_EQ(http.get("/listeners/nobody").status, 404);
}

TEST_P(Counters, CommandPrintsTheJsonOfTheAdminPage) {
  auto& server = serve_topology();
  EXPECT_TRUE(serves(server));
  ASSERT_TRUE(listener_api(server).await_active(0));
  http_client http(server.admin_port());
  const command_result result = server.cli({"status", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json::parse(result.out), json::parse(http.get("/listeners").body));
}

TEST_P(Counters, CommandTellsStateAddressAndNumbers) {
  auto& server = serve_topology({{"--max-connections", "77"}});
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  const command_result result = server.cli({"status"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const std::string& part :
       {std::string("echo"), std::string("listening"), std::string("77"),
        server.host() + ":" + std::to_string(server.port())})
    EXPECT_NE(result.out.find(part), std::string::npos) << part << " in\n"
                                                        << result.out;
  listener_api(server).suspend();
  EXPECT_NE(server.cli({"status"}).out.find("suspended"), std::string::npos);
}

TEST_P(Counters, OrdersThatChangeSomethingNeedTheToken) {
  serve_options options;
  options.env = {{"COPPICE_ADMIN_TOKEN", "sesame"}};
  auto& server = serve_topology(options);
  listener_api listener(server);
  for (const char* what : {"suspend", "resume", "limits"})
    EXPECT_EQ(listener.order(what).status, 401) << what;
  EXPECT_EQ(listener.drain().status, 401);
  EXPECT_EQ(listener.status().at("state"), "listening");
  EXPECT_EQ(server.cli({"suspend"}).exit_code, 1);
  EXPECT_TRUE(serves(server));
}

} // namespace

} // namespace coppice_test::counters_test
