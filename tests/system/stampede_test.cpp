// SPDX-License-Identifier: BSD-3-Clause

#include "listener_api.hpp"
#include "server_fixture.hpp"
#include "tree_paths.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace coppice_test::stampede_test {

namespace {

// COPPICE_TEST_SEED repeats a run, as far as the machine's timing allows.
unsigned seed_of_this_run() {
  const char* given = std::getenv("COPPICE_TEST_SEED");
  return given != nullptr
           ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
           : std::random_device{}();
}

// A client that talks, and comes back whenever it was cut off.
class stubborn_client {
public:
  explicit stubborn_client(const server_process& server)
      : done_(std::async(std::launch::async, [this, &server] {
          while (!stop_)
            talk(server);
        })) {}
  ~stubborn_client() {
    finish();
  }

  void finish() {
    stop_ = true;
    if (done_.valid())
      done_.get();
  }
  int lines() const {
    return lines_;
  }

private:
  void talk(const server_process& server) {
    constexpr milliseconds pause{20};
    try {
      tcp_client client(server.host(), server.port());
      while (!stop_ && client.echo("still here\n") == "still here\n") {
        ++lines_;
        client.receive_rest(pause);
      }
      client.reset();
    } catch (const std::exception&) {
      // Cut off, or refused for a moment: comes back.
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> lines_ = 0;
  std::future<void> done_;
};

// Whether the supervisor at `path` can afford one more restart after `pending`
// others.
bool affordable(const json& tree, const std::string& path,
                std::size_t pending) {
  const json* supervisor = find_node(tree, path);
  return supervisor == nullptr || !supervisor->contains("intensity")
         || supervisor->at("budget_used").get<std::size_t>() + pending
              < supervisor->at("intensity").get<std::size_t>();
}

// Picks any actor of the tree but its root, a connection as likely as not.
// Spares those whose end would make a supervisor give up: that is for the
// tests of escalation. While something is healing, an end may fail the start
// of all that is above it, so that each level has to afford it.
class victims {
public:
  explicit victims(unsigned seed) : generator_(seed) {}

  std::string next(const json& tree) {
    const bool a_connection = generator_() % 2 == 0;
    forget_noticed(tree);
    const bool at_rest = heals_nothing(tree);
    const auto paths = paths_of(tree, [&](const json& node) {
      const std::string path = node.at("path");
      return path != paths::root && is_connection(node) == a_connection
             && (a_connection || spares_supervisors(tree, path, at_rest));
    });
    return paths.empty() ? std::string() : paths[generator_() % paths.size()];
  }

  void killed(const json& tree, const std::string& path) {
    const json* node = find_node(tree, path);
    if (node != nullptr && !is_connection(*node))
      pending_.emplace_back(path, node->at("incarnation"));
  }

private:
  void forget_noticed(const json& tree) {
    std::erase_if(pending_, [&](const auto& kill) {
      const json* node = find_node(tree, kill.first);
      return node != nullptr && node->at("incarnation") != kill.second;
    });
  }

  bool heals_nothing(const json& tree) const {
    return pending_.empty() && paths_of(tree, [](const json& node) {
                                 return node.at("state") != "running"
                                        && !is_connection(node);
                               }).empty();
  }

  bool spares_supervisors(const json& tree, std::string path,
                          bool at_rest) const {
    do {
      path = parent_of(path);
      if (!affordable(tree, path, pending_.size()))
        return false;
    } while (!at_rest && path != paths::root);
    return true;
  }

  std::mt19937 generator_;
  // Those whose end was not in the tree yet, with their incarnation.
  std::vector<std::pair<std::string, std::uint64_t>> pending_;
};

class Stampede : public topology_test {
protected:
  // A victim every 100 ms for ten seconds, and for longer on a busy machine,
  // until there were `enough`; how many were killed.
  static int run(server_process& server, unsigned seed, int enough) {
    constexpr milliseconds duration{10'000};
    constexpr milliseconds deadline{90'000};
    constexpr milliseconds interval{100};
    victims victim_of(seed);
    int kills = 0;
    auto next = milliseconds(0);
    const stopwatch since;
    const auto goes_on = [&] {
      return since.elapsed() < (kills < enough ? deadline : duration);
    };
    for (; goes_on(); next += interval) {
      // Paced, for such is a stampede.
      eventually([&] { return since.elapsed() >= next; });
      try {
        admin_api admin(server.admin_port());
        const json tree = admin.tree_with_connections();
        const std::string victim = victim_of.next(tree);
        if (victim.empty() || admin.kill(victim) != 200)
          continue;
        victim_of.killed(tree, victim);
        ++kills;
      } catch (const std::exception&) {
        // The admin page is one of the victims.
      }
    }
    return kills;
  }
};
INSTANTIATE_TEST_SUITE_P(, Stampede, every_topology, topology_name);

TEST_P(Stampede, IsSurvivedAndEveryConnectionIsAccountedFor) {
  constexpr int clients = 100;
  constexpr int expected_kills = 30;
  const unsigned seed = seed_of_this_run();
  std::cout << "COPPICE_TEST_SEED=" << seed << "\n";
  RecordProperty("seed", std::to_string(seed));
  auto& server = serve_topology(
    {{"--acceptors", "2", "--max-restarts", "1000000", "--max-seconds", "1"}});
  std::vector<std::unique_ptr<stubborn_client>> herd;
  for (int count = 0; count < clients; ++count)
    herd.push_back(std::make_unique<stubborn_client>(server));

  const int kills = run(server, seed, expected_kills);
  EXPECT_GE(kills, expected_kills);
  ASSERT_TRUE(server.running()) << "the tree gave up";
  // The last of them may have been the port.
  EXPECT_TRUE(eventually([&] { return bool(serves(server)); }));

  for (auto& client : herd)
    client->finish();
  for (auto& client : herd)
    EXPECT_GT(client->lines(), 0);
  admin_api admin(server.admin_port());
  EXPECT_TRUE(admin.await_healed());
  EXPECT_TRUE(admin.await_connections(0));
  EXPECT_TRUE(serves(server));
  listener_api listener(server);
  EXPECT_TRUE(listener.await_active(0));
  EXPECT_TRUE(listener.await_balance()) << listener.status();
}

} // namespace

} // namespace coppice_test::stampede_test
