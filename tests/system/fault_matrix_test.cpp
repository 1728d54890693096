// SPDX-License-Identifier: BSD-3-Clause
//
// Every action at every fault point of a running server. Whatever happens there
// is over when the fault is: the process lives, the port answers, other
// connections lose nothing, the numbers add up, and nothing is left behind.

#include "listener_api.hpp"
#include "process_view.hpp"
#include "sanitizer.hpp"
#include "server_fixture.hpp"
#include "support/tls_files.hpp"
#include "tls_talk.hpp"
#include "tree_paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace coppice_test::fault_matrix_test {

namespace {

using ::testing::Combine;
using ::testing::HasSubstr;
using ::testing::ValuesIn;

constexpr int rounds = 100;

constexpr double may_grow_mebibytes = under_address_sanitizer ? 1000 : 32;

// How long a client waits for an answer that a fault has lost.
constexpr milliseconds short_wait{20};

const std::vector<std::string> points{
  "net.accept", "net.connection.start",
  "net.recv",   "net.send",
  "net.timer",  "actor.start",
  "actor.stop", "tls.handshake",
  "tls.read",   "tls.write",
};

const std::vector<std::string> terms{
  "off",     "return", "return(3)",  "error(ECONNRESET)", "throw(x)",
  "exit(x)", "kill",   "delay(1ms)", "hang(1ms)",         "drop",
  "dup",     "log(x)", "abort",
};

std::string name_of(
  const ::testing::TestParamInfo<std::tuple<std::string, std::string>>& info) {
  auto name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  std::replace_if(
    name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); },
    '_');
  return name;
}

class FaultMatrix : public server_test,
                    public ::testing::WithParamInterface<
                      std::tuple<std::string, std::string>> {
protected:
  const std::string& point() const {
    return std::get<0>(GetParam());
  }
  // A supervisor that does not hear that it is to end has for ever to hear it.
  std::string armed() const {
    return point() == "actor.stop" ? "actor.stop:acceptor:0" : point();
  }
  const std::string& term() const {
    return std::get<1>(GetParam());
  }

  bool by_tls() const {
    return point().starts_with("tls.");
  }

  server_process& start() {
    serve_options options{{"--allow-faults", "--acceptors", "2", "--topology",
                           "supervised", "--max-restarts", "1000000",
                           "--max-seconds", "1"}};
    if (point() == "net.timer")
      options.args.insert(options.args.end(), {"--first-byte-timeout", "5ms"});
    if (by_tls())
      options.args.insert(options.args.end(),
                          {"--tls-cert", files_.write("server")});
    return serve(options);
  }

  http_response arm(server_process& server, const std::string& what) {
    return http_client(server.admin_port())
      .request("PUT", "/faults/" + armed(),
               {{"Content-Type", "application/json"}},
               json({{"term", what}}).dump());
  }

  static void disarm(server_process& server) {
    auto answer
      = http_client(server.admin_port()).request("DELETE", "/faults", {});
    EXPECT_EQ(answer.status, 200) << answer.body;
  }

  json description(server_process& server) {
    return json::parse(
      http_client(server.admin_port()).get("/faults/" + armed()).body);
  }

  bool knows(server_process& server) {
    const json actions
      = json::parse(
          http_client(server.admin_port()).get("/faults/" + point()).body)
          .at("actions");
    const auto word = term().substr(0, term().find('('));
    return word != "abort"
           && std::find(actions.begin(), actions.end(), word) != actions.end();
  }

  int fires(server_process& server) {
    return description(server).at("fires");
  }

  // Restarting what accepts again and again would use up a budget.
  int how_often() const {
    return point() == "actor.stop" ? 1 : rounds;
  }

  // Makes something hit the point.
  void hit_point(server_process& server) {
    if (point() == "actor.start" || point() == "actor.stop")
      return restart_something(server);
    try {
      if (by_tls()) {
        tls_talk client{server.port(), short_wait};
        client.send("hello\nstop\n");
        client.receive_rest();
        return;
      }
      auto client = connect_to(server);
      if (point() != "net.timer")
        client.send_all("hello\nstop\n");
      client.receive_rest(point() == "net.timer" ? patience : short_wait);
    } catch (const std::exception&) {
      // Such is a fault.
    }
  }

  bool serves_now(const server_process& server) {
    return by_tls() ? tls_talk{server.port()}.echoes() : bool{serves(server)};
  }

  // A client that is there all the time.
  class witness {
  public:
    witness(const server_process& server, bool by_tls) {
      if (by_tls)
        secure_.emplace(server.port());
      else
        plain_.emplace(connect_to(server));
    }

    bool is_served() {
      return secure_ ? secure_->echoes() : bool{echoes(*plain_)};
    }

  private:
    std::optional<tcp_client> plain_;
    std::optional<tls_talk> secure_;
  };

  // An acceptor alone, or the port and with it everything that accepts.
  void restart_something(server_process& server) {
    admin_api admin(server.admin_port());
    auto who = point() == "actor.start" ? paths::acceptor(0) : paths::port;
    auto before = admin.lineage_at(paths::acceptor(0));
    ASSERT_TRUE(before);
    ASSERT_EQ(admin.kill(who), 200);
    ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  }

private:
  coppice::test::tls_files files_;
};

INSTANTIATE_TEST_SUITE_P(, FaultMatrix,
                         Combine(ValuesIn(points), ValuesIn(terms)), name_of);

TEST_P(FaultMatrix, IsOverWhenTheFaultIs) {
  auto& server = start();
  if (!knows(server)) {
    auto refused = arm(server, term());
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body,
                HasSubstr(term() == "abort" ? "must not be" : "cannot"));
    return;
  }
  listener_api listener(server);
  witness other{server, by_tls()};
  ASSERT_TRUE(other.is_served());
  hit_point(server);
  ASSERT_TRUE(listener.await_active(1));
  const int files = count_open_files(server.pid());
  const int threads = count_threads(server.pid());
  const double memory = resident_mebibytes(server.pid());

  for (int round = 0; round < how_often(); ++round) {
    ASSERT_EQ(arm(server, "1*" + term()).status, 200);
    // Again, since an acceptor that was made late by the round before passes
    // the point with the next client, if the other one has accepted its own.
    ASSERT_TRUE(eventually([&] {
      hit_point(server);
      return HasFatalFailure() || term() == "off" || fires(server) == round + 1;
    }))
      << "round " << round;
    ASSERT_FALSE(HasFatalFailure());
  }
  disarm(server);

  const stopwatch since;
  EXPECT_TRUE(serves_now(server)) << server.err();
  EXPECT_LT(since.elapsed(), milliseconds(1000));
  EXPECT_TRUE(other.is_served()) << server.err();
  EXPECT_TRUE(admin_api(server.admin_port()).await_healed());
  EXPECT_TRUE(listener.await_active(1));
  EXPECT_TRUE(listener.await_balance()) << listener.status();
  EXPECT_TRUE(
    eventually([&] { return count_open_files(server.pid()) <= files; }))
    << files << " before, " << count_open_files(server.pid()) << " now";
  EXPECT_LE(count_threads(server.pid()), threads);
  EXPECT_LT(resident_mebibytes(server.pid()), memory + may_grow_mebibytes);
}

} // namespace

} // namespace coppice_test::fault_matrix_test
