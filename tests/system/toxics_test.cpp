// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "listener_api.hpp"
#include "process_view.hpp"

#include <gmock/gmock.h>

namespace coppice_test::toxics_test {

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string all_toxics = "/listeners/echo/toxics";
const std::string latency
  = R"({"type": "latency", "attributes": {"latency": 100}})";

class Toxics : public topology_test {
protected:
  server_process& serve_faults(std::vector<std::string> more = {},
                               const std::string& token = {}) {
    serve_options options;
    options.args = {"--allow-faults"};
    options.args.insert(options.args.end(), more.begin(), more.end());
    if (!token.empty())
      options.env = {{"COPPICE_ADMIN_TOKEN", token}};
    return serve_topology(options);
  }

  static json order(const server_process& server, const std::string& method,
                    const std::string& path, const std::string& body = {}) {
    http_client http(server.admin_port());
    const auto answer = http.request(
      method, path, {{"Content-Type", "application/json"}}, body);
    EXPECT_EQ(answer.status, 200) << method << " " << path << answer.body;
    return json::parse(answer.body);
  }

  static int status_of(const server_process& server, const std::string& method,
                       const std::string& path, const std::string& body = {},
                       http_headers headers
                       = {{"Content-Type", "application/json"}}) {
    http_client http(server.admin_port());
    return http.request(method, path, std::move(headers), body).status;
  }
};

TEST_P(Toxics, AreAddedLookedAtChangedAndRemoved) {
  auto& server = serve_faults();
  const auto added = order(server, "POST", all_toxics, latency);
  EXPECT_EQ(added, json::parse(R"({"name": "latency_downstream",
    "type": "latency", "stream": "downstream", "toxicity": 1.0,
    "attributes": {"latency": 100, "jitter": 0}})"));
  EXPECT_EQ(order(server, "GET", all_toxics), json::array({added}));

  const std::string one = all_toxics + "/latency_downstream";
  const auto changed
    = order(server, "POST", one, R"({"attributes": {"jitter": 7}})");
  EXPECT_EQ(changed["attributes"], json({{"latency", 100}, {"jitter", 7}}));
  EXPECT_EQ(order(server, "GET", one), changed);

  order(server, "DELETE", one);
  EXPECT_EQ(order(server, "GET", all_toxics), json::array());
  EXPECT_EQ(status_of(server, "GET", one), 404);
}

TEST_P(Toxics, DelayEveryEchoUntilTheyAreHealed) {
  auto& server = serve_faults();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  order(server, "POST", all_toxics, latency);
  order(server, "POST", all_toxics,
        R"({"type": "bandwidth", "stream": "upstream",
            "attributes": {"rate": 0}})");
  client.send_all("held\n");
  EXPECT_TRUE(stays_silent(client));

  order(server, "DELETE", all_toxics + "/bandwidth_upstream");

  EXPECT_EQ(client.receive(5), "held\n");
  const stopwatch watch;
  EXPECT_TRUE(echoes(client));
  EXPECT_GE(watch.elapsed(), milliseconds(100));
  EXPECT_EQ(order(server, "DELETE", all_toxics), json::array());
  EXPECT_TRUE(echoes(client));
}

TEST_P(Toxics, LimitTheRate) {
  auto& server = serve_faults();
  order(server, "POST", all_toxics,
        R"({"type": "bandwidth", "attributes": {"rate": 200}})");
  auto client = connect_to(server);
  const std::string data = random_bytes(100'000);
  const stopwatch watch;

  EXPECT_TRUE(echoes(client, data));

  EXPECT_GE(watch.elapsed(), milliseconds(500));
}

TEST_P(Toxics, ShareARateAmongAllConnections) {
  auto& server = serve_faults();
  const command_result added = server.cli(
    {"toxic", "add", "bandwidth", "-a", "rate=200", "-a", "shared=1"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("rate=200 shared=1"));
  const std::string data = random_bytes(50'000);
  std::vector<tcp_client> clients;
  const stopwatch watch;
  for (int number = 0; number < 3; ++number) {
    clients.push_back(connect_to(server));
    clients.back().send_all(data);
  }

  for (auto& client : clients)
    EXPECT_TRUE(same_bytes(client.receive(data.size()), data));

  EXPECT_GE(watch.elapsed(), milliseconds(750));
}

TEST_P(Toxics, CorruptBytes) {
  auto& server = serve_faults();
  order(server, "POST", all_toxics,
        R"({"type": "corrupt", "attributes": {"per_million": 1000000}})");
  auto client = connect_to(server);
  client.send_all("aaaa\n");

  const std::string got = client.receive(5);

  EXPECT_EQ(got.find('a'), std::string::npos);
}

TEST_P(Toxics, EndConnectionsInTheirWays) {
  auto& server = serve_faults();
  struct end_case {
    const char* toxic;
    const char* data;
    ending end;
  };
  for (const auto& wanted : std::vector<end_case>{
         {R"({"type": "timeout", "attributes": {"timeout": 50}})", "",
          ending::eof},
         {R"({"type": "limit_data", "attributes": {"bytes": 3}})", "123",
          ending::eof},
         {R"({"type": "limit_time", "attributes": {"time": 50}})", "12345",
          ending::eof},
         {R"({"type": "reset_peer", "attributes": {"timeout": 50}})", "",
          ending::reset}}) {
    SCOPED_TRACE(wanted.toxic);
    order(server, "POST", all_toxics, wanted.toxic);
    auto client = connect_to(server);
    client.send_all("12345");
    const received got = client.receive_rest();
    EXPECT_EQ(got.data, wanted.data);
    EXPECT_EQ(got.end, wanted.end);
    order(server, "DELETE", all_toxics);
  }
  EXPECT_TRUE(listener_api(server).await_balance());
}

TEST_P(Toxics, AreOnTheSameConnectionsForTheSameSeed) {
  const auto picks = [this](const std::string& seed) {
    auto& server = serve_faults({"--acceptors", "1", "--fault-seed", seed});
    order(server, "POST", all_toxics,
          R"({"type": "limit_data", "toxicity": 0.5})");
    std::string result;
    for (int i = 0; i < 32; ++i) {
      auto client = connect_to(server);
      result += echoes(client) ? 'o' : 'x';
    }
    return result;
  };

  const std::string first = picks("42");

  EXPECT_THAT(first, HasSubstr("o"));
  EXPECT_THAT(first, HasSubstr("x"));
  EXPECT_EQ(picks("42"), first);
  EXPECT_NE(picks("43"), first);
}

TEST_P(Toxics, TakeTheListenerDownAndUpAgain) {
  auto& server = serve_faults();
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));

  order(server, "POST", all_toxics, R"({"type": "down"})");

  EXPECT_TRUE(ends(client));
  EXPECT_EQ(connect_error(server.host(), server.port()), ECONNREFUSED);
  listener_api listener(server);
  EXPECT_EQ(listener.status()["state"], "down");
  EXPECT_EQ(listener.order("resume").status, 503);
  order(server, "DELETE", all_toxics + "/down_downstream");
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(listener.await_balance());
}

TEST_P(Toxics, ConcernASingleConnection) {
  auto& server = serve_faults();
  auto one = connect_to(server);
  auto other = connect_to(server);
  EXPECT_TRUE(echoes(one));
  EXPECT_TRUE(echoes(other));
  admin_api admin(server.admin_port());
  const auto path = admin.await_connection_of(one.local_port());
  ASSERT_TRUE(path);
  const std::string id = path->substr(path->rfind(':') + 1);
  const std::string query = "?connection=" + id;

  const auto added = order(server, "POST", all_toxics,
                           R"({"type": "timeout", "connection": )" + id + "}");
  EXPECT_EQ(added["connection"], std::stoi(id));
  one.send_all("lost\n");
  EXPECT_TRUE(stays_silent(one));
  EXPECT_TRUE(echoes(other));
  EXPECT_EQ(order(server, "GET", all_toxics + query).size(), 1U);
  EXPECT_EQ(order(server, "GET", all_toxics + "?connection=999").size(), 0U);
  EXPECT_EQ(status_of(server, "GET", all_toxics + "/timeout_downstream"), 404);

  order(server, "DELETE", all_toxics + "/timeout_downstream" + query);
  EXPECT_TRUE(ends(one)); // bytes are missing
  EXPECT_TRUE(echoes(other));
}

TEST_P(Toxics, AreRefusedWithoutAllowFaults) {
  auto& server = serve_topology();
  http_client http(server.admin_port());
  const auto refused = http.post(all_toxics, latency);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("--allow-faults"));
  EXPECT_EQ(status_of(server, "POST", all_toxics + "/x", latency), 403);
  EXPECT_EQ(status_of(server, "DELETE", all_toxics), 200);
  EXPECT_EQ(order(server, "GET", all_toxics), json::array());

  const command_result cli
    = server.cli({"toxic", "add", "latency", "-a", "latency=1"});
  EXPECT_EQ(cli.exit_code, 1);
  EXPECT_THAT(cli.err, HasSubstr("--allow-faults"));
  EXPECT_TRUE(serves(server));
}

TEST_P(Toxics, AreRefusedWithoutTheToken) {
  auto& server = serve_faults({}, "sesame");
  EXPECT_EQ(status_of(server, "POST", all_toxics, latency), 401);
  EXPECT_EQ(status_of(server, "DELETE", all_toxics), 401);
  EXPECT_EQ(status_of(server, "GET", all_toxics), 200);
  EXPECT_EQ(
    server.cli({"toxic", "add", "latency", "-a", "latency=1"}).exit_code, 1);

  const std::vector<std::pair<std::string, std::string>> token{
    {"COPPICE_ADMIN_TOKEN", "sesame"}};
  EXPECT_EQ(
    server.cli({"toxic", "add", "latency", "-a", "latency=1"}, token).exit_code,
    0);
  EXPECT_EQ(server.cli({"toxic", "reset"}, token).exit_code, 0);
}

TEST_P(Toxics, AreNotForThePagesOfOthers) {
  auto& server = serve_faults();
  EXPECT_EQ(status_of(server, "POST", all_toxics, latency,
                      {{"Content-Type", "text/plain"}}),
            415);
  for (const char* method : {"POST", "DELETE"}) {
    EXPECT_EQ(status_of(server, method, all_toxics, latency,
                        {{"Content-Type", "application/json"},
                         {"Origin", "http://evil.example"}}),
              403);
    EXPECT_EQ(status_of(server, method, all_toxics, latency,
                        {{"Content-Type", "application/json"},
                         {"Host", "evil.example"}}),
              403);
  }
  EXPECT_EQ(order(server, "GET", all_toxics), json::array());
}

TEST_P(Toxics, ThatMakeNoSenseAreRefused) {
  auto& server = serve_faults();
  order(server, "POST", all_toxics, latency);
  for (const char* body :
       {"", "[]", "{", "{}", R"({"type": "lag"})",
        R"({"type": "latency", "toxicity": 2})",
        R"({"type": "latency", "stream": "sideways"})",
        R"({"type": "latency", "attributes": {"delay": 1}})",
        R"({"type": "latency", "attributes": {"latency": -1}})",
        R"({"type": "latency", "connection": "x"})",
        R"({"type": "down", "toxicity": 0.5})"})
    EXPECT_EQ(status_of(server, "POST", all_toxics, body), 400) << body;
  EXPECT_EQ(status_of(server, "POST", all_toxics, latency), 409);
  EXPECT_EQ(status_of(server, "POST", all_toxics + "/x", "{}"), 404);
  EXPECT_EQ(status_of(server, "POST", all_toxics,
                      R"({"type": "timeout", "connection": 999})"),
            404);
  EXPECT_EQ(status_of(server, "DELETE", all_toxics + "/x"), 404);
  EXPECT_EQ(status_of(server, "DELETE", all_toxics + "?connection=x"), 400);
  EXPECT_EQ(status_of(server, "POST", "/listeners/x/toxics", latency), 404);
  EXPECT_EQ(status_of(server, "PUT", all_toxics, latency), 405);
  EXPECT_EQ(status_of(server, "DELETE", "/listeners/echo"), 405);
  EXPECT_EQ(order(server, "GET", all_toxics).size(), 1U);
}

// -- from the command line ----------------------------------------------------

TEST_P(Toxics, AreAtHandOnTheCommandLine) {
  auto& server = serve_faults();
  auto client = connect_to(server);
  EXPECT_EQ(server.cli({"toxic", "list"}).out, "no toxics\n");

  const command_result added
    = server.cli({"toxic", "add", "latency", "--upstream", "--toxicity", "1",
                  "--name", "slow", "-a", "latency=100", "-a", "jitter=0"});
  EXPECT_EQ(added.exit_code, 0) << added.err;
  EXPECT_EQ(added.out, "slow  latency  upstream  jitter=0 latency=100\n");
  EXPECT_EQ(server.cli({"toxic", "list", "echo"}).out, added.out);
  const auto listed = json::parse(server.cli({"toxic", "list", "--json"}).out);
  EXPECT_EQ(listed.at(0).at("name"), "slow");
  const stopwatch watch;
  EXPECT_TRUE(echoes(client));
  EXPECT_GE(watch.elapsed(), milliseconds(100));

  EXPECT_EQ(server.cli({"toxic", "add", "timeout"}).exit_code, 0);
  EXPECT_EQ(server.cli({"toxic", "remove", "slow"}).exit_code, 0);
  EXPECT_THAT(server.cli({"toxic", "list"}).out, StartsWith("timeout_down"));
  EXPECT_EQ(server.cli({"toxic", "reset"}).out, "no toxics\n");
}

TEST_P(Toxics, OnTheCommandLineHaveTheExitCodesOfTheOthers) {
  auto& server = serve_faults();
  constexpr int failed = 1;
  constexpr int usage_error = 2;
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
         {"toxic"},
         {"toxic", "add"},
         {"toxic", "add", "lag"},
         {"toxic", "add", "latency", "-a", "latency"},
         {"toxic", "add", "latency", "-a", "latency=soon"},
         {"toxic", "add", "latency", "-a", "rate=1"},
         {"toxic", "add", "latency", "--toxicity", "2"},
         {"toxic", "add", "latency", "--upstream", "--downstream"},
         {"toxic", "remove"}}) {
    const command_result result = server.cli(args);
    EXPECT_EQ(result.exit_code, usage_error) << args.back();
    EXPECT_THAT(result.err, StartsWith("coppice: "));
  }
  EXPECT_EQ(server.cli({"toxic", "remove", "x"}).exit_code, failed);
  EXPECT_EQ(server.cli({"toxic", "list", "nobody"}).exit_code, failed);
  EXPECT_EQ(
    server.cli({"toxic", "add", "timeout", "--connection", "999"}).exit_code,
    failed);

  const std::string address = server.admin_address();
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  launch_options gone;
  gone.args = {"toxic", "list", "--admin", address};
  EXPECT_EQ(run_coppice(gone).exit_code, 3);
}

// -- many times ---------------------------------------------------------------

TEST_P(Toxics, LeaveNothingBehindAfterAHundredRounds) {
  auto& server = serve_faults();
  listener_api listener(server);
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(listener.await_balance());
  const int before = count_open_files(server.pid());
  const std::vector<std::string> toxics{
    latency,
    R"({"type": "bandwidth", "attributes": {"rate": 100}})",
    R"({"type": "slow_close", "attributes": {"delay": 5}})",
    R"({"type": "timeout", "attributes": {"timeout": 5}})",
    R"({"type": "reset_peer", "attributes": {"timeout": 5}})",
    R"({"type": "slicer", "attributes": {"average_size": 2, "delay": 50}})",
    R"({"type": "limit_data", "attributes": {"bytes": 3}})",
    R"({"type": "limit_time", "attributes": {"time": 5}})",
    R"({"type": "packet_loss", "attributes": {"per_million": 1000}})",
    R"({"type": "corrupt", "attributes": {"per_million": 1000}})",
    R"({"type": "bandwidth", "attributes": {"rate": 100, "shared": 1}})",
    R"({"type": "down"})"};

  for (std::size_t round = 0; round < 100; ++round) {
    auto client = connect_to(server);
    client.send_all("12345");
    order(server, "POST", all_toxics, toxics[round % toxics.size()]);
    order(server, "DELETE", all_toxics);
  }

  EXPECT_TRUE(listener.await_active(0));
  EXPECT_TRUE(listener.await_balance());
  EXPECT_TRUE(
    eventually([&] { return count_open_files(server.pid()) <= before; }));
  EXPECT_TRUE(serves(server));
}

INSTANTIATE_TEST_SUITE_P(Topology, Toxics, every_topology, topology_name);

} // namespace

} // namespace coppice_test::toxics_test
