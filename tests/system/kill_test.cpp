// SPDX-License-Identifier: BSD-3-Clause

#include "server_fixture.hpp"

#include "tree_paths.hpp"

#include <cctype>
#include <exception>
#include <ostream>

namespace coppice_test::kill_test {

namespace {

// A path that every server of this topology has; each is killed on a server
// of its own, so that no budget of restarts is shared.
struct target {
  const char* topology;
  std::string path;
};

std::vector<target> targets() {
  std::vector<target> result;
  for (const char* topology : {"linked", "supervised"}) {
    for (const auto& path :
         {paths::helpers, paths::journal, paths::listener, paths::accepting,
          paths::port, paths::acceptors, paths::acceptor(0), paths::acceptor(1),
          paths::admin})
      result.push_back({topology, path});
  }
  for (const auto& path :
       {paths::connections, paths::connection_hub(0), paths::connection_hub(1)})
    result.push_back({"supervised", path});
  return result;
}

std::string target_name(const ::testing::TestParamInfo<target>& info) {
  std::string result = info.param.topology;
  for (const char byte : info.param.path.substr(paths::root.size()))
    result += std::isalnum(static_cast<unsigned char>(byte)) ? byte : '_';
  return result;
}

void PrintTo(const target& wanted, std::ostream* out) {
  *out << wanted.path << ", " << wanted.topology;
}

class KillOf : public server_test,
               public ::testing::WithParamInterface<target> {};

INSTANTIATE_TEST_SUITE_P(, KillOf, ::testing::ValuesIn(targets()), target_name);

// The admin page may die before it has answered for its own death.
void kill_at(admin_api& admin, const std::string& path) {
  try {
    EXPECT_EQ(admin.kill(path), 200);
  } catch (const std::exception& problem) {
    EXPECT_TRUE(path == paths::admin || path == paths::helpers)
      << path << ": " << problem.what();
  }
}

TEST_P(KillOf, AnyPartIsHealed) {
  auto& server
    = serve({{"--topology", GetParam().topology, "--acceptors", "2"}});
  const std::string& path = GetParam().path;
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(path);
  ASSERT_TRUE(before);
  kill_at(admin, path);
  ASSERT_TRUE(admin.await_restart(path, *before));
  ASSERT_TRUE(admin.await_healed());

  const auto after = admin.lineage_at(path);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->back(), before->back() + 1);
  for (std::size_t at = 0; at + 1 < before->size(); ++at)
    EXPECT_EQ((*after)[at], (*before)[at]) << "an ancestor died too";
  EXPECT_TRUE(serves(server));
  EXPECT_TRUE(server.running());
}

using Kill = topology_test;
INSTANTIATE_TEST_SUITE_P(, Kill, every_topology, topology_name);

TEST_P(Kill, AnsweredRequestRepeatsPathAndReason) {
  http_client http(serve_topology().admin_port());
  const json body{{"path", paths::acceptor(0)}, {"reason", "boom"}};
  const http_response response = http.post("/kill", body.dump());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body), body);
}

TEST_P(Kill, ReasonIsKillUnlessGiven) {
  http_client http(serve_topology().admin_port());
  const json body{{"path", paths::acceptor(0)}};
  const http_response response = http.post("/kill", body.dump());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body).at("reason"), "kill");
}

TEST_P(Kill, AnyReasonCrashesAWorker) {
  auto& server = serve_topology();
  admin_api admin(server.admin_port());
  for (const char* reason : {"boom", "kill", "a \"quoted\" \\ reason"}) {
    SCOPED_TRACE(reason);
    const auto before = admin.lineage_at(paths::acceptor(0));
    ASSERT_TRUE(before);
    EXPECT_EQ(admin.kill(paths::acceptor(0), reason), 200);
    ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  }
  EXPECT_TRUE(serves(server));
}

TEST_P(Kill, UnknownPathIsNotFoundAndHarmsNothing) {
  auto& server = serve_topology();
  admin_api admin(server.admin_port());
  const json before = admin.tree();
  for (const char* path :
       {"coppice/nothing", "nothing", "/", "coppice/", "/coppice",
        "coppice/helpers/journal/", "coppice/helpers//journal", "Coppice",
        "coppice/listener:echo/accepting/acceptors/acceptor:99",
        "coppice/listener:echo/accepting/acceptors/acceptor:0/connection:9"})
    EXPECT_EQ(admin.kill(path), 404) << path;
  EXPECT_EQ(admin.tree(), before);
}

TEST_P(Kill, CommandKillsAndSaysSo) {
  auto& server = serve_topology();
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::acceptor(0));
  ASSERT_TRUE(before);
  const command_result plain = server.cli({"kill", paths::acceptor(0)});
  EXPECT_EQ(plain.exit_code, 0);
  EXPECT_EQ(plain.out, "killed " + paths::acceptor(0) + " (kill)\n");
  EXPECT_EQ(plain.err, "");
  ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
}

TEST_P(Kill, CommandTakesAReason) {
  auto& server = serve_topology();
  admin_api admin(server.admin_port());
  for (const char* reason : {"boom", "a \"quoted\" \\ reason"}) {
    const auto before = admin.lineage_at(paths::acceptor(0));
    ASSERT_TRUE(before);
    const command_result result
      = server.cli({"kill", paths::acceptor(0), "--reason", reason});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out,
              "killed " + paths::acceptor(0) + " (" + reason + ")\n");
    ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  }
}

TEST_P(Kill, SiblingsOfAnAcceptorLiveOn) {
  auto& server = serve_topology({{"--acceptors", "2"}});
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::acceptor(0));
  ASSERT_TRUE(before);
  EXPECT_EQ(admin.kill(paths::acceptor(0)), 200);
  ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
  for (const auto& spared :
       {paths::root, paths::helpers, paths::journal, paths::listener,
        paths::accepting, paths::port, paths::acceptors, paths::acceptor(1),
        paths::admin})
    EXPECT_EQ(admin.incarnation(spared), 1) << spared;
}

TEST_P(Kill, RestForOneRestartsWhatWasStartedAfterThePort) {
  auto& server = serve_topology();
  admin_api admin(server.admin_port());
  const auto acceptors = admin.lineage_at(paths::acceptors);
  const auto port = admin.lineage_at(paths::port);
  ASSERT_TRUE(acceptors && port);
  EXPECT_EQ(admin.kill(paths::port), 200);
  EXPECT_TRUE(admin.await_restart(paths::port, *port));
  EXPECT_TRUE(admin.await_restart(paths::acceptors, *acceptors));
  EXPECT_EQ(admin.incarnation(paths::accepting), 1);
  EXPECT_TRUE(admin.await_healed());
  EXPECT_TRUE(serves(server));
}

TEST_P(Kill, SparesWhatWasStartedBeforeTheAcceptors) {
  auto& server = serve_topology();
  admin_api admin(server.admin_port());
  const auto before = admin.lineage_at(paths::acceptors);
  ASSERT_TRUE(before);
  EXPECT_EQ(admin.kill(paths::acceptors), 200);
  ASSERT_TRUE(admin.await_restart(paths::acceptors, *before));
  EXPECT_EQ(admin.incarnation(paths::port), 1);
  EXPECT_EQ(admin.incarnation(paths::accepting), 1);
}

} // namespace

} // namespace coppice_test::kill_test
