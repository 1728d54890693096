// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "process_view.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace coppice_test::listen_sockets_test {

namespace {

constexpr int failed = 1;
constexpr int usage_error = 2;

using ListenSockets = topology_test;
INSTANTIATE_TEST_SUITE_P(, ListenSockets, every_topology, topology_name);

TEST_P(ListenSockets, ShareOnePortAndAreAllServed) {
  constexpr int many = 200;
  auto& server
    = serve_topology({{"--acceptors", "4", "--listen-sockets", "4"}});
  EXPECT_EQ(count_listening_sockets(server.port()), 4);
  EXPECT_EQ(listener_api(server).status().at("sockets"), 4);
  std::vector<tcp_client> clients;
  for (int count = 0; count < many; ++count) {
    clients.push_back(connect_to(server));
    ASSERT_TRUE(echoes(clients.back()));
  }
}

TEST_P(ListenSockets, IsOneUnlessToldOtherwise) {
  auto& server = serve_topology({{"--acceptors", "2"}});
  EXPECT_EQ(count_listening_sockets(server.port()), 1);
  EXPECT_EQ(listener_api(server).status().at("sockets"), 1);
}

TEST_P(ListenSockets, AreNotSharedWithAnotherServerUnlessItSaysSo) {
  auto& server
    = serve_topology({{"--acceptors", "2", "--listen-sockets", "2"}});
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{}, {"--listen-sockets", "2"}}) {
    launch_options options;
    options.args = {"serve",       std::to_string(server.port()),
                    "--bind",      "127.0.0.1",
                    "--admin",     "off",
                    "--acceptors", "2"};
    options.args.insert(options.args.end(), more.begin(), more.end());
    const command_result result = run_coppice(options);
    EXPECT_EQ(result.exit_code, failed) << result.err;
    EXPECT_NE(result.err.find("the port is taken"), std::string::npos);
  }
}

TEST_P(ListenSockets, AreSharedWithAnotherServerIfBothSaySo) {
  auto& first = serve_topology({{"--share-port"}});
  serve_options options{{"--share-port"}};
  options.port = std::to_string(first.port());
  auto& second = serve_topology(options);
  EXPECT_EQ(second.port(), first.port());
  EXPECT_EQ(count_listening_sockets(first.port()), 2);
  first.signal(SIGTERM);
  EXPECT_EQ(first.wait_exit(), 0);
  EXPECT_TRUE(serves(second));
}

TEST_P(ListenSockets, FewerThanAcceptorsServeToo) {
  auto& server
    = serve_topology({{"--acceptors", "3", "--listen-sockets", "2"}});
  for (int round = 0; round < 50; ++round)
    ASSERT_TRUE(serves(server)) << round;
}

TEST_P(ListenSockets, AreAllBackWhenThePortWasKilled) {
  auto& server
    = serve_topology({{"--acceptors", "2", "--listen-sockets", "2"}});
  admin_api admin(server.admin_port());
  for (const auto& path : {paths::acceptor(1), paths::port}) {
    SCOPED_TRACE(path);
    const auto before = admin.lineage_at(path);
    ASSERT_TRUE(before);
    ASSERT_EQ(admin.kill(path), 200);
    ASSERT_TRUE(admin.await_restart(path, *before));
    ASSERT_TRUE(admin.await_healed());
    EXPECT_EQ(count_listening_sockets(server.port()), 2);
    for (int round = 0; round < 50; ++round)
      ASSERT_TRUE(serves(server)) << round;
  }
}

TEST_P(ListenSockets, AreAllClosedAndOpenedTogether) {
  auto& server
    = serve_topology({{"--acceptors", "2", "--listen-sockets", "2"}});
  listener_api listener(server);
  listener.suspend();
  EXPECT_EQ(count_listening_sockets(server.port()), 0);
  listener.resume();
  EXPECT_EQ(count_listening_sockets(server.port()), 2);
  EXPECT_TRUE(serves(server));
}

TEST_P(ListenSockets, OnAPortOfSomebodyElseAreAFailure) {
  const listening_socket taken;
  launch_options options;
  options.args = {"serve",
                  std::to_string(taken.port()),
                  "--bind",
                  "127.0.0.1",
                  "--admin",
                  "off",
                  "--acceptors",
                  "2",
                  "--listen-sockets",
                  "2"};
  const command_result result = run_coppice(options);
  EXPECT_EQ(result.exit_code, failed);
  EXPECT_EQ(result.err.rfind("coppice: ", 0), 0U) << result.err;
}

TEST_P(ListenSockets, MoreThanAcceptorsOrNoneAreAUsageError) {
  for (const char* number : {"0", "3", "1025", "-1", "x"}) {
    launch_options options;
    options.args = {"serve",       "0", "--admin",          "off",
                    "--acceptors", "2", "--listen-sockets", number};
    EXPECT_EQ(run_coppice(options).exit_code, usage_error) << number;
  }
}

TEST_P(ListenSockets, BacklogOutOfRangeIsAUsageError) {
  for (const char* number : {"0", "65536", "-1", "x"}) {
    launch_options options;
    options.args = {"serve", "0", "--admin", "off", "--backlog", number};
    EXPECT_EQ(run_coppice(options).exit_code, usage_error) << number;
  }
}

// Sockets that systemd (here: the test) has opened before the start.
class SocketActivation : public topology_test {
protected:
  static serve_options handed(const listening_socket& socket) {
    serve_options options;
    options.listen_fds = {socket.fd()};
    options.bind = "";
    options.port = "";
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(, SocketActivation, every_topology, topology_name);

TEST_P(SocketActivation, ServesClientsThatCameBeforeTheStart) {
  const listening_socket socket;
  tcp_client early("127.0.0.1", socket.port());
  early.send_all("first\n");
  auto& server = serve_topology(handed(socket));
  EXPECT_EQ(server.port(), socket.port());
  EXPECT_EQ(early.receive(6), "first\n");
  EXPECT_TRUE(serves(server));
}

TEST_P(SocketActivation, ServesEverySocketThatWasHandedOver) {
  const listening_socket one;
  const listening_socket two;
  serve_options options = handed(one);
  options.listen_fds.push_back(two.fd());
  options.args = {"--acceptors", "2"};
  auto& server = serve_topology(options);
  EXPECT_EQ(listener_api(server).status().at("sockets"), 2);
  for (const auto port : {one.port(), two.port()}) {
    for (int round = 0; round < 20; ++round) {
      tcp_client client("127.0.0.1", port);
      ASSERT_TRUE(echoes(client));
    }
  }
}

TEST_P(SocketActivation, ServesMoreSocketsThanThereAreAcceptors) {
  const listening_socket one;
  const listening_socket two;
  const listening_socket three;
  serve_options options = handed(one);
  options.listen_fds.push_back(two.fd());
  options.listen_fds.push_back(three.fd());
  options.args = {"--acceptors", "2"};
  serve_topology(options);
  for (const auto port : {one.port(), two.port(), three.port()}) {
    for (int round = 0; round < 10; ++round) {
      tcp_client client("127.0.0.1", port);
      ASSERT_TRUE(echoes(client));
    }
  }
}

TEST_P(SocketActivation, BesideAPortOrAnAddressIsAUsageError) {
  const listening_socket socket;
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{
         {"0"}, {"--bind", "::"}, {"--listen-sockets", "2"}}) {
    launch_options options;
    options.args = {"serve", "--admin", "off", "--acceptors", "2"};
    options.args.insert(options.args.end(), more.begin(), more.end());
    options.listen_fds = {socket.fd()};
    const command_result result = run_coppice(options);
    EXPECT_EQ(result.exit_code, usage_error);
    EXPECT_NE(result.err.find("LISTEN_FDS"), std::string::npos) << result.err;
  }
}

TEST_P(SocketActivation, ByVariablesThatMakeNoSenseIsAUsageError) {
  const listening_socket socket;
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{
         {"LISTEN_FDS", "1x"},
         {"LISTEN_FDS", ""},
         {"LISTEN_FDS", "-1"},
         {"LISTEN_FDS", "100000"},
         {"LISTEN_PIDFDID", ""},
         {"LISTEN_PIDFDID", "1x"}}) {
    SCOPED_TRACE(std::string(name) + "=" + value);
    launch_options options;
    options.args = {"serve", "--admin", "off"};
    options.env = {{name, value}};
    options.listen_fds = {socket.fd()};
    const command_result result = run_coppice(options);
    EXPECT_EQ(result.exit_code, usage_error);
    EXPECT_NE(result.err.find(name), std::string::npos) << result.err;
  }
}

TEST_P(SocketActivation, IsForTheListenerOfItsName) {
  const listening_socket one;
  const listening_socket two;
  launch_options options;
  options.args = {"serve", "--admin", "off"};
  options.env = {{"LISTEN_FDNAMES", "echo:web"}};
  options.listen_fds = {one.fd(), two.fd()};
  const command_result result = run_coppice(options);
  EXPECT_EQ(result.exit_code, usage_error);
  EXPECT_NE(result.err.find("\"web\" is neither echo nor admin"),
            std::string::npos)
    << result.err;
}

TEST_P(SocketActivation, IsForTheAdminApiByItsName) {
  const listening_socket one;
  const listening_socket two;
  serve_options options = handed(one);
  options.listen_fds.push_back(two.fd());
  options.env = {{"LISTEN_FDNAMES", "echo:admin"}};
  auto& server = serve_topology(options);
  EXPECT_EQ(server.port(), one.port());
  EXPECT_EQ(server.admin_port(), two.port());
  EXPECT_EQ(listener_api(server).status().at("sockets"), 1);
}

TEST_P(SocketActivation, SaysWhatClientsGetWhileItIsSuspended) {
  const listening_socket socket;
  auto& server = serve_topology(handed(socket));
  listener_api listener(server);
  EXPECT_EQ(listener.status().at("new_clients"), "are served");
  listener.suspend();
  EXPECT_EQ(listener.status().at("new_clients"), "wait");
  tcp_client waiting("127.0.0.1", socket.port());
  waiting.send_all("hello\n");
  EXPECT_TRUE(stays_silent(waiting));
  listener.resume();
  EXPECT_EQ(waiting.receive(6), "hello\n");
}

TEST_P(SocketActivation, NobodyIsRefusedWhileTheServerIsReplaced) {
  const listening_socket socket;
  auto& first = serve_topology(handed(socket));
  EXPECT_TRUE(serves(first));
  first.signal(SIGKILL);
  EXPECT_EQ(first.wait_exit(), 128 + SIGKILL);
  tcp_client between("127.0.0.1", socket.port());
  between.send_all("between\n");
  EXPECT_TRUE(serves(serve_topology(handed(socket))));
  EXPECT_EQ(between.receive(8), "between\n");
}

TEST_P(SocketActivation, IsHealedLikeAnyPort) {
  const listening_socket socket;
  auto& server = serve_topology(handed(socket));
  admin_api admin(server.admin_port());
  for (const auto& path : {paths::acceptor(0), paths::port}) {
    const auto before = admin.lineage_at(path);
    ASSERT_TRUE(before);
    ASSERT_EQ(admin.kill(path), 200);
    ASSERT_TRUE(admin.await_restart(path, *before));
    ASSERT_TRUE(admin.await_healed());
    EXPECT_TRUE(serves(server));
  }
}

TEST_P(SocketActivation, OfAnotherProcessIsNotMeant) {
  serve_options options;
  options.env = {{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}};
  EXPECT_TRUE(serves(serve_topology(options)));
}

TEST_P(SocketActivation, WithWhatIsNoListeningSocketIsAFailure) {
  const int unbound = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int datagrams = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::FILE* file = std::tmpfile();
  for (const int fd : {unbound, datagrams, ::fileno(file)}) {
    launch_options options;
    options.args = {"serve", "--admin", "off", "--topology", GetParam()};
    options.listen_fds = {fd};
    const command_result result = run_coppice(options);
    EXPECT_EQ(result.exit_code, failed);
    EXPECT_EQ(result.err.rfind("coppice: ", 0), 0U) << result.err;
  }
  ::close(unbound);
  ::close(datagrams);
  std::fclose(file);
}

} // namespace

} // namespace coppice_test::listen_sockets_test
