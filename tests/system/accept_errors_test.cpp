// SPDX-License-Identifier: BSD-3-Clause

#include "background.hpp"
#include "cpu_share.hpp"
#include "faults.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <cerrno>
#include <cstring>

namespace coppice_test::accept_errors_test {

namespace {

class AcceptErrors : public topology_test {
protected:
  server_process& serve_faulty() {
    serve_options options{{"--acceptors", "1"}};
    faults_.inject(options);
    return serve_topology(options);
  }

  // A client that is accepted after accept has failed `count` times.
  void greet_after(server_process& server, int error, int count) {
    const int wanted = faults_.injected() + count;
    faults_.fail_accept(server, error, count);
    auto client = connect_to(server);
    EXPECT_TRUE(echoes(client));
    EXPECT_EQ(faults_.injected(), wanted) << std::strerror(error);
  }

  faults faults_;
};
INSTANTIATE_TEST_SUITE_P(, AcceptErrors, every_topology, topology_name);

TEST_P(AcceptErrors, OfASingleConnectionDoNotHarmTheAcceptor) {
  auto& server = serve_faulty();
  admin_api admin(server.admin_port());
  auto early = connect_to(server);
  EXPECT_TRUE(echoes(early));
  for (const int error :
       {ECONNABORTED, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
        ENONET, ENOPROTOOPT, EOPNOTSUPP, EPERM, EINTR, EAGAIN}) {
    SCOPED_TRACE(std::strerror(error));
    greet_after(server, error, 10);
    EXPECT_TRUE(echoes(early));
  }
  EXPECT_EQ(admin.incarnation(paths::acceptor(0)), 1);
}

TEST_P(AcceptErrors, OfExhaustionMakeAPauseAndHarmNobody) {
  constexpr int pauses = 5;
  constexpr milliseconds each{100};
  auto& server = serve_faulty();
  admin_api admin(server.admin_port());
  auto early = connect_to(server);
  EXPECT_TRUE(echoes(early));
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    SCOPED_TRACE(std::strerror(error));
    const stopwatch since;
    greet_after(server, error, pauses);
    EXPECT_GE(since.elapsed(), (pauses - 1) * each);
    EXPECT_TRUE(echoes(early));
  }
  EXPECT_EQ(admin.incarnation(paths::acceptor(0)), 1);
}

TEST_P(AcceptErrors, OfExhaustionCostNearlyNoCpuAndFewWarnings) {
  constexpr int for_long = 1'000'000;
  auto& server = serve_faulty();
  auto early = connect_to(server);
  EXPECT_TRUE(echoes(early));
  faults_.fail_accept(server, ENFILE, for_long);
  auto waiting = connect_to(server);
  waiting.send_all("later\n");
  ASSERT_TRUE(faults_.await_injected(1));
  EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
  for (int round = 0; round < 10; ++round)
    EXPECT_TRUE(echoes(early));
  // One in ten seconds; a slow machine may see a second period.
  const int warnings = count_of(" warning ", server.err());
  EXPECT_GE(warnings, 1) << server.err();
  EXPECT_LE(warnings, 2);

  faults_.fail_accept(server, ENFILE, 0);
  EXPECT_EQ(waiting.receive(6), "later\n");
}

// The client stays at the head of the queue, so that trying again at once would
// go on for ever.
TEST_P(AcceptErrors, ThatPersistCostNearlyNoCpuAndAreToldOf) {
  constexpr int for_long = 1'000'000;
  for (const int error : {EACCES, EPERM, ENOSYS, ECONNABORTED, EIO}) {
    SCOPED_TRACE(std::strerror(error));
    auto& server = serve_faulty();
    auto early = connect_to(server);
    EXPECT_TRUE(echoes(early));
    faults_.fail_accept(server, error, for_long);
    auto waiting = connect_to(server);
    waiting.send_all("later\n");
    ASSERT_TRUE(faults_.await_injected(faults_.injected() + 1));
    EXPECT_LT(cpu_share(server.pid()), nearly_no_cpu);
    EXPECT_TRUE(echoes(early));
    EXPECT_GE(count_of(" warning ", server.err()), 1) << server.err();
    faults_.fail_accept(server, error, 0);
    EXPECT_EQ(waiting.receive(6), "later\n");
  }
}

TEST_P(AcceptErrors, OfAPortThatIsGoneRestartTheListeningSide) {
  for (const int error : {EBADF, EINVAL, ENOTSOCK}) {
    SCOPED_TRACE(std::strerror(error));
    auto& server = serve_faulty();
    admin_api admin(server.admin_port());
    auto early = connect_to(server);
    EXPECT_TRUE(echoes(early));
    const auto before = admin.lineage_at(paths::acceptor(0));
    ASSERT_TRUE(before);
    faults_.fail_accept(server, error, 1);
    connect_to(server).reset(); // to make it accept
    ASSERT_TRUE(admin.await_restart(paths::acceptor(0), *before));
    ASSERT_TRUE(admin.await_healed());
    EXPECT_TRUE(serves(server));
    EXPECT_TRUE(linked() ? ends(early) : echoes(early));
    EXPECT_EQ(admin.incarnation(paths::listener), 1);
  }
}

} // namespace

} // namespace coppice_test::accept_errors_test
