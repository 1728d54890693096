// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "temporary_directory.hpp"
#include "tree_paths.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>

namespace coppice_test::metrics_test {

namespace {

class Metrics : public server_test {
protected:
  // The value of a line such as `coppice_connections{listener="echo"} 1`.
  std::optional<double> value_of(const std::string& series) {
    const auto text = scrape();
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos)
      return {};
    return std::stod(text.substr(at + series.size() + 2));
  }

  std::string scrape() {
    const auto response = http_client(server_->admin_port()).get("/metrics");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"),
              "text/plain; version=0.0.4; charset=utf-8");
    return response.body;
  }

  bool becomes(const std::string& series, double wanted) {
    return eventually([&] { return value_of(series) == wanted; });
  }

  server_process* server_ = nullptr;
};

std::string restarts_of(const std::string& path, const std::string& reason) {
  return "coppice_restarts_total{path=\"" + path + "\",reason=\"" + reason
         + "\"}";
}

bool has_promtool() {
  return std::system("command -v promtool >/dev/null") == 0;
}

// What `promtool check metrics` has to complain of; empty if nothing.
std::string complaints_about(const std::string& metrics) {
  const temporary_directory directory;
  const auto name = directory.file("metrics");
  std::ofstream(name) << metrics;
  const auto command = "promtool check metrics <" + name + " 2>&1";
  std::string said;
  auto* out = ::popen(command.c_str(), "r");
  char part[4096];
  while (std::fgets(part, sizeof part, out) != nullptr)
    said += part;
  const int status = ::pclose(out);
  if (status != 0 && said.empty())
    said = "promtool ended with " + std::to_string(status);
  return said;
}

TEST_F(Metrics, CountAKilledAcceptor) {
  server_ = &serve({{"--acceptors", "2"}});
  admin_api admin(server_->admin_port());
  ASSERT_EQ(value_of(restarts_of(paths::acceptor(0), "killed")), 0);
  ASSERT_EQ(value_of(restarts_of(paths::acceptor(0), "abnormal")), 0);

  ASSERT_EQ(admin.kill(paths::acceptor(0)), 200);
  EXPECT_TRUE(becomes(restarts_of(paths::acceptor(0), "killed"), 1));
  ASSERT_EQ(admin.kill(paths::acceptor(0), "boom \"x\""), 200);
  EXPECT_TRUE(becomes(restarts_of(paths::acceptor(0), "abnormal"), 1));
  EXPECT_TRUE(becomes("coppice_downtime_seconds_count", 2));
  EXPECT_EQ(value_of(restarts_of(paths::acceptor(1), "killed")), 0);
  EXPECT_EQ(value_of("coppice_supervisor_budget_limit{path=\""
                     + paths::acceptors + "\"}"),
            5);
}

TEST_F(Metrics, ToldByEventsOutliveTheJournal) {
  server_ = &serve({{"--acceptors", "1"}});
  admin_api admin(server_->admin_port());
  ASSERT_EQ(admin.kill(paths::acceptor(0)), 200);
  ASSERT_TRUE(becomes(restarts_of(paths::acceptor(0), "killed"), 1));
  ASSERT_EQ(admin.kill(paths::journal), 200);

  EXPECT_TRUE(becomes(restarts_of(paths::journal, "killed"), 1));
  EXPECT_EQ(value_of(restarts_of(paths::acceptor(0), "killed")), 1);
  EXPECT_EQ(value_of("coppice_events_missed_total"), 0);
}

TEST_F(Metrics, CountWhatConnectionsDo) {
  server_ = &serve(one_reactor());
  auto client = connect_to(*server_);
  ASSERT_TRUE(echoes(client, "12345678\n"));

  EXPECT_TRUE(becomes("coppice_connections{listener=\"echo\"}", 1));
  EXPECT_TRUE(becomes(
    "coppice_received_bytes_total{listener=\"echo\",reactor=\"0\"}", 9));
  EXPECT_TRUE(
    becomes("coppice_sent_bytes_total{listener=\"echo\",reactor=\"0\"}", 9));
  EXPECT_GT(value_of("coppice_reactor_loop_seconds_count{reactor=\"0\"}"), 0);
}

TEST_F(Metrics, AreWhatPrometheusExpects) {
  if (!has_promtool())
    GTEST_SKIP() << "there is no promtool; apt-get install prometheus";
  server_ = &serve();
  admin_api admin(server_->admin_port());
  EXPECT_EQ(complaints_about(scrape()), "");
  ASSERT_EQ(admin.kill(paths::acceptor(0), "boom \"\\x\""), 200);
  ASSERT_TRUE(becomes(restarts_of(paths::acceptor(0), "abnormal"), 1));

  EXPECT_EQ(complaints_about(scrape()), "");
}

} // namespace

} // namespace coppice_test::metrics_test
