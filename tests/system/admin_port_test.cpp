// SPDX-License-Identifier: BSD-3-Clause

#include "faults.hpp"
#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace coppice_test::admin_port_test {

namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* token = "correct-horse-battery-staple";

// What clients that are slow, greedy, odd or of another user can do to the
// admin port.
class AdminPort : public server_test {
protected:
  static std::string head(const server_process& server, std::string_view first,
                          std::string_view more = {}) {
    return std::string(first) + " HTTP/1.1\r\nHost: " + server.admin_address()
           + "\r\nConnection: close\r\n" + std::string(more) + "\r\n";
  }

  // All that comes back until the server closes.
  static std::string exchange(const server_process& server,
                              std::string_view bytes) {
    tcp_client client("127.0.0.1", server.admin_port());
    try {
      client.send_all(bytes);
    } catch (const std::exception&) {
      // It was refused before it was complete.
    }
    return client.receive_rest().data;
  }

  static json order() {
    return {{"path", paths::acceptor(0)}};
  }
};

TEST_F(AdminPort, SlowClientsDelayNeitherProbesNorTheEnd) {
  auto& server = serve();
  std::vector<tcp_client> slow;
  for (int count = 0; count < 40; ++count) {
    slow.emplace_back("127.0.0.1", server.admin_port());
    slow.back().send_all("POST /kill HTTP/1.1\r\nX: ");
  }
  std::vector<milliseconds> took;
  for (int count = 0; count < 10; ++count) {
    const stopwatch watch;
    EXPECT_THAT(exchange(server, head(server, "GET /livez")),
                StartsWith("HTTP/1.1 200"));
    took.push_back(watch.elapsed());
  }
  // The machine may be busy once, but not each time.
  std::nth_element(took.begin(), took.begin() + 5, took.end());
  EXPECT_LT(took[5], milliseconds(100));

  const stopwatch watch;
  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_LT(watch.elapsed(), milliseconds(5000));
}

TEST_F(AdminPort, ADrippingClientIsCut) {
  auto& server = serve();
  tcp_client client("127.0.0.1", server.admin_port());
  const stopwatch watch;
  client.send_all("GET /tree HTTP/1.1\r\nX: ");
  // Each byte comes in time, and the request does not.
  std::string answer;
  received got;
  do {
    client.send_all("x");
    got = client.receive_rest(milliseconds(100));
    answer += got.data;
  } while (got.end == ending::deadline && watch.elapsed() < patience);
  EXPECT_LT(watch.elapsed(), milliseconds(6000));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(got.end, ending::eof);
}

TEST_F(AdminPort, LargeHeadsAreRefused) {
  auto& server = serve();
  const std::string large(17 * 1024, 'x');
  for (const std::string& request :
       {"GET /tree HTTP/1.1\r\nX: " + large,
        head(server, "GET /tree", "X: " + large + "\r\n"), "GET /" + large}) {
    EXPECT_THAT(exchange(server, request), StartsWith("HTTP/1.1 431"));
  }
  std::string lines;
  for (int count = 0; count < 101; ++count)
    lines += "X: y\r\n";
  EXPECT_THAT(exchange(server, head(server, "GET /tree", lines)),
              StartsWith("HTTP/1.1 431"));
}

TEST_F(AdminPort, LargeBodiesAreRefusedInEitherFramingButTheTokenIsFirst) {
  serve_options with_token;
  with_token.env = {{"COPPICE_ADMIN_TOKEN", token}};
  auto& server = serve(with_token);
  const std::string body(65 * 1024, 'x');
  const std::string json_type = "Content-Type: application/json\r\n";
  const std::string permit
    = std::string("Authorization: Bearer ") + token + "\r\n";
  for (const std::string& framing :
       {"Content-Length: " + std::to_string(body.size()) + "\r\n",
        std::string("Transfer-Encoding: chunked\r\n")}) {
    SCOPED_TRACE(framing);
    const std::string sent
      = framing.front() == 'T' ? "10400\r\n" + body + "\r\n0\r\n\r\n" : body;
    const auto lines = json_type + framing;
    EXPECT_THAT(exchange(server, head(server, "POST /kill", lines) + sent),
                StartsWith("HTTP/1.1 401"));
    EXPECT_THAT(
      exchange(server, head(server, "POST /kill", permit + lines) + sent),
      StartsWith("HTTP/1.1 413"));
    // Nor is it waited for.
    EXPECT_THAT(exchange(server, head(server, "POST /kill", lines)),
                StartsWith("HTTP/1.1 401"));
  }
}

TEST_F(AdminPort, AnswersWhatClientsOfOtherServersSend) {
  auto& server = serve();
  const auto get_tree = exchange(server, head(server, "GET /metrics"));
  const auto head_only = exchange(server, head(server, "HEAD /metrics"));
  EXPECT_THAT(get_tree, HasSubstr("\r\nContent-Type: text/plain"));
  EXPECT_THAT(head_only, StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(head_only.ends_with("\r\n\r\n"));
  EXPECT_THAT(exchange(server, "GET /livez HTTP/1.0\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(exchange(server, "GET /livez HTTP/1.1\r\nConnection: close"
                               "\r\n\r\n"),
              StartsWith("HTTP/1.1 403"));

  const auto stream = exchange(server, head(server, "HEAD /events/stream"));
  EXPECT_THAT(stream, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(stream, HasSubstr("\r\nContent-Type: text/event-stream\r\n"));
  EXPECT_TRUE(stream.ends_with("\r\n\r\n"));
  EXPECT_EQ(stream.find("\r\n\r\n"), stream.size() - 4);
  EXPECT_THAT(exchange(server, head(server, "HEAD /events/stream?since=x")),
              StartsWith("HTTP/1.1 400"));

  const auto no_body = exchange(server, head(server, "POST /drain"));
  EXPECT_THAT(no_body, StartsWith("HTTP/1.1 415")); // as with a length of 0
  const auto empty
    = exchange(server, head(server, "POST /listeners/echo/resume",
                            "Content-Type: application/json\r\n"));
  EXPECT_THAT(empty, StartsWith("HTTP/1.1 200"));

  EXPECT_THAT(exchange(server, head(server, "PUT /kill")),
              HasSubstr("\r\nAllow: POST, OPTIONS\r\n"));
  EXPECT_THAT(exchange(server, head(server, "OPTIONS /tree")),
              HasSubstr("\r\nAllow: GET, HEAD, OPTIONS\r\n"));

  const auto two
    = exchange(server, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
                         + head(server, "GET /log"));
  EXPECT_EQ(count_of("HTTP/1.1 200", two), 2) << two;
}

TEST_F(AdminPort, PatchesToxics) {
  auto& server = serve({{"--allow-faults"}});
  http_client http(server.admin_port());
  const std::string toxics = "/listeners/echo/toxics";
  const http_headers as_json{{"Content-Type", "application/json"}};
  ASSERT_EQ(
    http.post(toxics, R"({"type":"latency","attributes":{"latency":1}})")
      .status,
    200);
  const auto changed = http.request("PATCH", toxics + "/latency_downstream",
                                    as_json, R"({"attributes":{"latency":2}})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(json::parse(changed.body)["attributes"]["latency"], 2);
}

TEST_F(AdminPort, NamesOfAProxyAreAllowedWhenTheyAreGiven) {
  const std::vector<std::string> lines{
    "Host: ops.example\r\n", "Host: ops.example:8443\r\n",
    "Host: OPS.example\r\nOrigin: https://ops.example\r\n"};
  auto& strict = serve();
  auto& allowed
    = serve({{"--admin-host", "other", "--admin-host", "ops.example",
              "--admin-origin", "https://ops.example"}});
  for (const auto& line : lines) {
    SCOPED_TRACE(line);
    const auto request
      = "GET /tree HTTP/1.1\r\nConnection: close\r\n" + line + "\r\n";
    const auto refused = exchange(strict, request);
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(refused, HasSubstr("--admin-host"));
    EXPECT_THAT(exchange(allowed, request), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_THAT(exchange(allowed, head(allowed, "GET /tree",
                                     "Origin: https://ops.example.evil\r\n")),
              HasSubstr("--admin-origin"));
}

TEST_F(AdminPort, TokensAreTrimmedComparedAsTheyAreAndOfAnyScheme) {
  serve_options options;
  options.env = {{"COPPICE_ADMIN_TOKEN", "percent%41token\n"}};
  auto& server = serve(options);
  http_client http(server.admin_port());
  auto kill = [&](const std::string& value) {
    return http.post("/kill", order().dump(), {{"Authorization", value}})
      .status;
  };
  EXPECT_EQ(kill("Bearer percentAtoken"), 401);
  EXPECT_EQ(kill("bearer percent%41token"), 200);
  EXPECT_EQ(server
              .cli({"kill", paths::admin},
                   {{"COPPICE_ADMIN_TOKEN", "percent%41token\r\n"}})
              .exit_code,
            0);
}

TEST_F(AdminPort, TheOptionOfATokenGoesBeforeTheVariable) {
  const temporary_directory directory;
  const auto file = directory.file("token");
  std::ofstream(file) << token << "\n";
  ::chmod(file.c_str(), 0600);
  serve_options options{{"--admin-token-file", file}};
  options.env = {{"COPPICE_ADMIN_TOKEN", "of-the-variable"}};
  auto& server = serve(options);
  http_client http(server.admin_port());
  EXPECT_EQ(http
              .post("/kill", order().dump(),
                    {{"Authorization", "Bearer of-the-variable"}})
              .status,
            401);
  EXPECT_EQ(http
              .post("/kill", order().dump(),
                    {{"Authorization", std::string("Bearer ") + token}})
              .status,
            200);
}

TEST_F(AdminPort, AStopOfNobodyLeavesNoEvent) {
  auto& server = serve();
  http_client http(server.admin_port());
  const std::string nobody = "coppice/listener:echo/nobody";
  for (const char* what : {"stop", "restart", "start"})
    EXPECT_EQ(
      http.post(std::string("/actors/") + what, json{{"path", nobody}}.dump())
        .status,
      404);
  const auto events = json::parse(http.get("/events").body);
  EXPECT_EQ(events.dump().find("nobody"), std::string::npos);
}

TEST_F(AdminPort, EventsComeInPages) {
  auto& server = serve();
  http_client http(server.admin_port());
  auto page = json::parse(http.get("/events?limit=2").body);
  EXPECT_EQ(page["events"].size(), 2U);
  EXPECT_EQ(page["more"], true);
  std::size_t seen = 2;
  while (page["more"].get<bool>()) {
    page = json::parse(
      http.get("/events?limit=2&since=" + page["next"].dump()).body);
    seen += page["events"].size();
    ASSERT_LT(seen, 1000U);
  }
  EXPECT_EQ(seen, page["last_seq"]);
  EXPECT_EQ(page["next"], page["last_seq"]);
}

TEST_F(AdminPort, ThePagesClientTakesNoPlace) {
  auto& server = serve({{"--max-connections", "1"}});
  tcp_client page("127.0.0.1", server.admin_port());
  page.send_all("GET /events/stream?canary=true HTTP/1.1\r\nHost: "
                + server.admin_address() + "\r\n\r\n");
  // Two of its reports: it had the time to connect.
  std::string got;
  EXPECT_TRUE(eventually([&] {
    got += page.receive_rest(milliseconds(50)).data;
    return count_of("event: traffic", got) >= 2;
  }));
  auto client = connect_to(server);
  EXPECT_TRUE(echoes(client));
  http_client http(server.admin_port());
  EXPECT_EQ(
    json::parse(
      http.get("/listeners").body)["listeners"][0]["counters"]["accepted"],
    1);
}

TEST_F(AdminPort, SurvivesWhatAcceptMayFailWith) {
  faults shim;
  serve_options options;
  shim.inject(options);
  auto& server = serve(options);
  int injected = 0;
  for (const int error :
       {ECONNABORTED, EPROTO, EPERM, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    SCOPED_TRACE(std::strerror(error));
    shim.fail_admin_accept(server, error, 1);
    EXPECT_THAT(exchange(server, head(server, "GET /livez")),
                StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(shim.injected(), ++injected);
  }
  EXPECT_EQ(admin_api(server.admin_port()).incarnation(paths::admin), 1);
}

TEST_F(AdminPort, IsRestartedOnceNothingCanBeAcceptedAnyMore) {
  faults shim;
  serve_options options;
  shim.inject(options);
  auto& server = serve(options);
  shim.fail_admin_accept(server, EBADF, 1);
  try {
    tcp_client unlucky("127.0.0.1", server.admin_port());
  } catch (const std::exception&) {
    // The port may close before it knows that it is connected.
  }
  ASSERT_TRUE(shim.await_injected(1));

  EXPECT_TRUE(eventually([&] {
    try {
      admin_api admin(server.admin_port());
      const auto lineage = admin.try_lineage_at(paths::admin);
      return lineage && lineage->back() == 2;
    } catch (const std::exception&) {
      return false;
    }
  }));
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(eventually([&] {
    return server.err().find("cannot accept: Bad file descriptor")
           != std::string::npos;
  }))
    << server.err();
}

// -- Unix sockets -------------------------------------------------------------

class AdminUnixSocket : public AdminPort {
protected:
  serve_options options(bool with_token) const {
    serve_options result;
    result.admin = "unix:" + path_;
    if (with_token)
      result.env = {{"COPPICE_ADMIN_TOKEN", token}};
    return result;
  }

  bool file_exists() const {
    struct stat info {};
    return ::lstat(path_.c_str(), &info) == 0;
  }

  // A command of a user who is somebody else.
  command_result as_nobody(std::vector<std::string> args) const {
    launch_options options;
    options.args = std::move(args);
    options.args.insert(options.args.end(), {"--admin", "unix:" + path_});
    options.as_nobody = true;
    return run_coppice(options);
  }

  const temporary_directory directory_;
  const std::string path_ = directory_.file("admin.sock");
};

TEST_F(AdminUnixSocket, ItsUserNeedsNoToken) {
  auto& server = serve(options(true));
  struct stat info {};
  ASSERT_EQ(::lstat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0660U);

  EXPECT_EQ(server.cli({"tree"}).exit_code, 0);
  const auto killed = server.cli({"kill", paths::acceptor(0)});
  EXPECT_EQ(killed.exit_code, 0) << killed.err;
  EXPECT_EQ(server.cli({"healthcheck"}).exit_code, 0);

  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
  EXPECT_FALSE(file_exists());
}

TEST_F(AdminUnixSocket, OthersMayLookButNeedTheToken) {
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can become the unprivileged user";
  for (const bool with_token : {true, false}) {
    SCOPED_TRACE(with_token);
    auto& server = serve(options(with_token));
    ::chmod(path_.c_str(), 0666);
    ::chmod(path_.substr(0, path_.rfind('/')).c_str(), 0755);

    const auto looked = as_nobody({"tree"});
    if (looked.exit_code == 127)
      GTEST_SKIP() << "the unprivileged user cannot run it: " << looked.err;
    EXPECT_EQ(looked.exit_code, 0) << looked.err;
    const auto refused = as_nobody({"kill", paths::acceptor(0)});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr(with_token ? "token" : "only root"));
    EXPECT_TRUE(serves(server));
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait_exit(), 0);
  }
}

TEST_F(AdminUnixSocket, TakesOverAStaleFileButNotALiveOne) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  path_.copy(local.sun_path, sizeof local.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
  ::close(fd);
  auto& server = serve(options(false));
  EXPECT_EQ(server.cli({"tree"}).exit_code, 0);

  launch_options second;
  second.args
    = {"serve", "0", "--bind", "127.0.0.1", "--admin", "unix:" + path_};
  const auto refused = run_coppice(second);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("another program listens there"));
  EXPECT_EQ(server.cli({"tree"}).exit_code, 0);
}

// -- health -------------------------------------------------------------------

class Health : public AdminPort {
protected:
  static int status(const server_process& server, const char* resource) {
    return http_client(server.admin_port()).get(resource).status;
  }
};

TEST_F(Health, AStalledReactorIsNotAliveForSoLong) {
  auto& server = serve({{"--allow-faults", "--acceptors", "2"}});
  ASSERT_EQ(status(server, "/livez"), 200);
  http_client http(server.admin_port());
  // A machine may be too busy to ask three times while the reactor stalls. It
  // stalls longer then.
  for (auto stall = milliseconds(4000);; stall *= 2) {
    const stopwatch watch;
    ASSERT_EQ(http
                .post("/actors/stall", R"({"reactor": 1, "time_ms": )"
                                         + std::to_string(stall.count()) + "}")
                .status,
              200);
    EXPECT_TRUE(eventually([&] { return status(server, "/livez") == 503; }));
    const auto noticed = watch.elapsed();
    const auto ready = status(server, "/readyz");
    const auto said = server.cli({"healthcheck"});
    const auto in_time = watch.elapsed() < stall;
    EXPECT_TRUE(eventually([&] { return status(server, "/livez") == 200; }));
    if (!in_time && stall < milliseconds(30'000))
      continue;
    EXPECT_LT(noticed, milliseconds(3000));
    EXPECT_EQ(ready, 200);
    EXPECT_EQ(said.exit_code, 1);
    EXPECT_THAT(said.err, HasSubstr("reactor:1 has not turned for"));
    break;
  }
}

TEST_F(Health, IsReadyWhileThereIsAnOpenPortAndRoom) {
  auto& server = serve({{"--max-connections", "1"}});
  EXPECT_EQ(server.cli({"healthcheck"}).exit_code, 0);
  {
    auto client = connect_to(server);
    EXPECT_TRUE(echoes(client));
    EXPECT_EQ(status(server, "/readyz"), 503);
    EXPECT_EQ(status(server, "/livez"), 200);
    const auto said = server.cli({"healthcheck"});
    EXPECT_EQ(said.exit_code, 1);
    EXPECT_THAT(said.err, HasSubstr("is full: 1 of 1 connections"));
    EXPECT_EQ(server.cli({"healthcheck", "--live"}).exit_code, 0);
  }
  EXPECT_TRUE(eventually([&] { return status(server, "/readyz") == 200; }));

  EXPECT_EQ(server.cli({"suspend"}).exit_code, 0);
  EXPECT_EQ(status(server, "/readyz"), 503);
  EXPECT_THAT(server.cli({"healthcheck"}).err, HasSubstr("is suspended"));
  EXPECT_EQ(server.cli({"resume"}).exit_code, 0);
  EXPECT_EQ(status(server, "/readyz"), 200);
}

TEST_F(Health, IsNotReadyButServesDuringTheDrainDelay) {
  auto& server = serve({{"--drain-delay", "10m"}});
  server.signal(SIGTERM);

  EXPECT_TRUE(eventually([&] { return status(server, "/readyz") == 503; }));
  EXPECT_THAT(http_client(server.admin_port()).get("/readyz").body,
              HasSubstr("draining soon"));
  EXPECT_EQ(status(server, "/livez"), 200);
  EXPECT_TRUE(serves(server));

  server.signal(SIGTERM);
  EXPECT_EQ(server.wait_exit(), 0);
}

TEST_F(Health, SaysThatNobodyOrSomebodyElseAnswers) {
  auto& server = serve();
  launch_options options;
  options.args
    = {"healthcheck", "--admin", "127.0.0.1:" + std::to_string(server.port())};
  EXPECT_EQ(run_coppice(options).exit_code, 3); // an echo
  options.args.back() = "127.0.0.1:1";
  EXPECT_EQ(run_coppice(options).exit_code, 3);
}

} // namespace

} // namespace coppice_test::admin_port_test
