// SPDX-License-Identifier: BSD-3-Clause

#include "admin/metrics.hpp"

#include "actor/actor_faults.hpp"
#include "admin/api.hpp"
#include "coppice/fault/point.hpp"
#include "net/event_loop.hpp"
#include "support/listener_fixture.hpp"

#include <gmock/gmock.h>

#include <set>

namespace metrics_test {

using namespace coppice;
using namespace coppice::admin;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

constexpr auto acceptors_path = "top/listener:test/accepting/acceptors";

class Metrics : public test::listener_fixture {
protected:
  std::string scraped() {
    return write(to_metrics(measure(*rt, {listener}, "1.2.3")));
  }

  bool shows(const std::string& line) {
    return wait_until(
      [&] { return scraped().find("\n" + line + "\n") != std::string::npos; });
  }
};

std::string labels(const std::string& name, const std::string& inner) {
  return name + "{" + inner + "}";
}

std::string path(const std::string& what) {
  return "path=\"" + what + "\"";
}

} // namespace

TEST_F(Metrics, HaveZerosBeforeAnythingHappens) {
  serve(net::topology::linked, 2);

  auto got = scraped();

  for (auto line :
       {labels("coppice_restarts_total",
               path(test::acceptor_path) + ",reason=\"killed\"")
          + " 0\n",
        labels("coppice_supervisor_budget_used", path(acceptors_path)) + " 0\n",
        labels("coppice_supervisor_budget_nearly_used_total",
               path(acceptors_path))
          + " 0\n",
        std::string{"coppice_downtime_seconds_count 0\n"},
        std::string{"coppice_events_missed_total 0\n"},
        std::string{"coppice_accept_errors_total{listener=\"test\","
                    "class=\"exhausted\"} 0\n"},
        std::string{"coppice_rate_pauses_total{listener=\"test\","
                    "of=\"accepting\"} 0\n"},
        std::string{"coppice_connections_rejected_total{listener=\"test\","
                    "limit=\"address_rate\"} 0\n"},
        std::string{"coppice_build_info{version=\"1.2.3\"} 1\n"}})
    EXPECT_THAT(got, HasSubstr(line));
}

TEST_F(Metrics, TellOfARestartAndItsBudget) {
  serve(net::topology::linked, 2, 5);
  ASSERT_TRUE(actor::crash(*rt, test::acceptor_path,
                           supervision::exit_reason::abnormal("a \"b\"\n")));

  EXPECT_TRUE(shows(labels("coppice_restarts_total",
                           path(test::acceptor_path) + ",reason=\"abnormal\"")
                    + " 1"));
  EXPECT_TRUE(shows("coppice_downtime_seconds_count 1"));
  EXPECT_TRUE(shows(
    labels("coppice_supervisor_budget_used", path(acceptors_path)) + " 1"));
  EXPECT_TRUE(shows(
    labels("coppice_children", path(acceptors_path) + ",state=\"running\"")
    + " 2"));
  EXPECT_THAT(scraped(), Not(HasSubstr("a \\\"b")));
}

TEST_F(Metrics, TellOfConnectionsAndBytes) {
  serve(net::topology::supervised, 1);
  auto client = connect();
  EXPECT_EQ(client.ask("hello"), "hello");

  for (auto line :
       {"coppice_connections{listener=\"test\"} 1",
        "coppice_connections_accepted_total{listener=\"test\",reactor=\"0\"} 1",
        "coppice_received_bytes_total{listener=\"test\",reactor=\"0\"} 5",
        "coppice_sent_bytes_total{listener=\"test\",reactor=\"0\"} 5"})
    EXPECT_TRUE(shows(line)) << line << "\n" << scraped();
}

TEST_F(Metrics, TellOfRates) {
  serve(net::topology::linked, 1, 1000,
        {.accept_rate_per_address = 1,
         .accept_burst_per_address = 100,
         .read_rate = 1});
  auto client = connect();
  ASSERT_TRUE(client.sends("123"));
  EXPECT_TRUE(
    wait_until([this] { return listener->counters().read_pauses > 0; }));
  listener->set_limits(
    {.accept_rate_per_address = 1, .accept_burst_per_address = 1});
  EXPECT_EQ(client.receive(3), "123");
  EXPECT_TRUE(
    shows("coppice_rate_pauses_total{listener=\"test\",of=\"reading\"} "
          + std::to_string(listener->counters().read_pauses)));

  // The second within a second.
  EXPECT_TRUE(wait_until([this] { return connect().ask("1").empty(); }));

  EXPECT_TRUE(shows("coppice_connections_rejected_total{listener=\"test\","
                    "limit=\"address_rate\"} 1"));
}

TEST_F(Metrics, TellHowLongTheRoundsOfAReactorTake) {
  serve(net::topology::linked, 1);
  ASSERT_TRUE(listener->stall(0, std::chrono::milliseconds{20}));

  EXPECT_TRUE(wait_until([&] {
    auto got = reactors.front()->loop().rounds();
    return got.sum >= std::chrono::milliseconds{20}
           && got.counts.size() == got.bounds.size() + 1;
  }));
  EXPECT_THAT(scraped(),
              HasSubstr("coppice_reactor_loop_seconds_bucket{reactor=\"0\","
                        "le=\"+Inf\"}"));
}

TEST_F(Metrics, TellOfMessagesThatWait) {
  serve(net::topology::linked, 1);
  ASSERT_EQ(actor::suspend(*rt, acceptors_path), actor::fault_outcome::done);
  ASSERT_EQ(actor::flood(*rt, acceptors_path, 3), actor::fault_outcome::done);

  auto line = labels("coppice_mailbox_messages", path(acceptors_path));
  EXPECT_TRUE(shows(line + " 3"));

  actor::resume(*rt, acceptors_path);

  EXPECT_TRUE(shows(line + " 0"));
}

TEST_F(Metrics, TellOfFaultsThatFired) {
  serve(net::topology::linked, 1);
  fault::basic_point<true> uut{rt->faults, "test.point", "of this test"};
  auto line = std::string{"coppice_faults_fired_total{point=\"test.point\"} "};
  EXPECT_THAT(scraped(), HasSubstr(line + "0\n"));
  auto term = fault::parse_term("drop").value();
  ASSERT_TRUE(rt->faults.arm("test.point", term));

  EXPECT_TRUE(uut.hit());

  EXPECT_THAT(scraped(), HasSubstr(line + "1\n"));
}

TEST_F(Metrics, AreServedToWhoeverMayLook) {
  serve(net::topology::linked, 1);
  api uut{rt, {listener}, {.token = "secret"}, {}};

  auto got = uut.handle(
    {.method = "GET", .path = "/metrics", .host = "localhost:6060"});

  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(got.body, HasSubstr("# TYPE coppice_connections gauge\n"));
}

TEST_F(Metrics, AreEachThereOnce) {
  serve(net::topology::linked, 1);
  std::set<std::string> names;

  for (auto& each : to_metrics(measure(*rt, {listener, listener}, "1"))) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_FALSE(each.help.empty()) << each.name;
  }
}

} // namespace metrics_test
