// A protocol of one's own, from the first line to the last goodbye: sends back
// what it gets, in capitals. `shout [PORT]`; Ctrl-C drains it.

#include <coppice/actor/compat.hpp>
#include <coppice/actor/messages.hpp>
#include <coppice/actor/tree_root.hpp>
#include <coppice/net/connection.hpp>
#include <coppice/net/handler.hpp>
#include <coppice/net/listener.hpp>
#include <coppice/net/reactor.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>

using namespace coppice;
using namespace std::chrono_literals;

class shout final : public net::handler {
public:
  void on_data(net::connection& self, std::string_view data) override {
    std::string text{data};
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
    self.write(text);
  }

  void on_drain(net::connection& self) override {
    self.write("WE ARE ABOUT TO CLOSE\n");
  }

  void on_shutdown(net::connection& self) override {
    self.write("GOODBYE\n");
  }
};

int main(int argc, char** argv) {
  // Before there are threads, so that all of them leave the signals to sigwait.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  actor::register_core_types();
  actor::register_types<caf::id_block::coppice_actor>();
  caf::actor_system_config config;
  actor::configure_scheduler(config, 2); // for supervisors, not connections
  caf::actor_system system{config};
  auto rt = std::make_shared<actor::runtime>(system);

  std::vector<net::reactor_ptr> reactors;
  for (unsigned i = 0; i < net::allowed_cpus(); ++i) {
    reactors.push_back(std::make_shared<net::reactor>(system, i));
    reactors.back()->start_thread();
  }

  auto port = argc > 1 ? std::atoi(argv[1]) : 0;
  auto listener = std::make_shared<net::listener>(
    net::listener_config{
      .name = "shout",
      .where
      = *net::endpoint::parse("127.0.0.1", static_cast<std::uint16_t>(port)),
      .topology = net::topology::supervised,
      .make_handler = [] { return std::make_unique<shout>(); },
      .limits = {.max_connections = 10'000, .idle = 5min},
    },
    rt, reactors);

  auto tree = actor::tree_root::start(rt, "app", {}, {listener->child()});
  if (!tree.root) {
    std::cerr << "could not start: " << tree.error << std::endl;
    return 1;
  }
  std::cout << "listening on " << to_string(*listener->local()) << std::endl;

  int signal = 0;
  sigwait(&stop_signals, &signal);

  // No more clients; those who are there have eight seconds to finish.
  std::promise<void> drained;
  listener->drain([&] { drained.set_value(); });
  drained.get_future().wait_for(8s);

  // Who is left is told goodbye, and then ended.
  std::promise<void> ended;
  tree.root->on_end([&](auto) { ended.set_value(); });
  tree.root->stop(supervision::exit_reason::shutdown());
  ended.get_future().wait();
  for (auto& reactor : reactors)
    reactor->stop_thread();
  std::cout << listener->counters().accepted << " served" << std::endl;
}
