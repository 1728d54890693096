// SPDX-License-Identifier: BSD-3-Clause

#include "net/listener_core.hpp"

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/deliver.hpp"
#include "net/acceptor.hpp"
#include "net/connection_supervisor.hpp"
#include "net/event_loop.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coppice::net {

using namespace supervision;

namespace {

// How long a Unix socket may be without its file.
constexpr std::chrono::seconds look_period{1};

// Owns the port and does nothing else, so that nothing can crash it by
// accident.
class port_actor final : public caf::event_based_actor {
public:
  port_actor(caf::actor_config& cfg, listener_core_ptr owner,
             std::uint64_t number)
      : caf::event_based_actor(cfg), owner_(std::move(owner)), number_(number) {
    // nop
  }

  const char* name() const override {
    return "coppice.port";
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    if (!is_unix())
      return actor::others(*this, [](caf::message&) {
        // nop: it takes no messages
      });
    look_later();
    // Others may send what they like; each look has the next one follow.
    return actor::others(*this, [this](caf::message& what) {
      if (what.match_elements<std::string>()
          && what.get_as<std::string>(0).empty())
        look();
    });
  }

  void on_exit() override {
    owner_->port().disown(number_);
  }

private:
  bool is_unix() const {
    auto local = owner_->port().local();
    return local && local->is_unix() && owner_->config().inherited.empty();
  }

  // Nothing reports that a file was removed.
  void look() {
    if (auto news = owner_->port().look_after_file(number_))
      owner_->rt().events.publish({.kind = observe::event_kind::notice,
                                   .path = owner_->port().owner_path(),
                                   .detail = *std::move(news)});
    look_later();
  }

  // A reactor has the clock; it must not look itself, since that may block.
  void look_later() {
    auto& loop = owner_->hubs().reactors().front()->loop();
    loop.run_soon([&loop, self = caf::weak_actor_ptr{ctrl()}] {
      loop.run_after(look_period, [self] {
        if (auto alive = self.lock())
          actor::deliver(caf::actor_cast<caf::actor>(alive), std::string{});
      });
    });
  }

  listener_core_ptr owner_;
  std::uint64_t number_;
};

template <class T>
actor::start_function start_on(listener_core_ptr core, reactor_ptr where) {
  return [core, where](const actor::start_args& args) -> actor::start_result {
    return actor::starting{
      args.rt->system.spawn<T>(core, std::ref(where->loop()), args.path, args)};
  };
}

// -- the tree -----------------------------------------------------------------

actor::child_spec connections_child(const listener_core_ptr& core) {
  std::vector<actor::child_spec> children;
  for (auto& reactor : core->hubs().reactors())
    children.push_back(
      {{.id = "connections:" + std::to_string(reactor->index()),
        .type = child_type::supervisor},
       start_on<connection_supervisor>(core, reactor)});
  return actor::supervisor_child(
    "connections",
    {.strategy = strategy::one_for_one,
     .intensity = core->config().acceptor_intensity,
     .period = core->config().acceptor_period},
    std::move(children));
}

actor::child_spec port_child(const listener_core_ptr& core) {
  auto start = [core](const actor::start_args& args) -> actor::start_result {
    auto number = core->port().own(args.path, args.supervisor.id());
    if (number == 0)
      return start_failed{exit_reason::abnormal(core->port().open_error())};
    return actor::running{args.rt->system.spawn<port_actor>(core, number)};
  };
  return {{.id = "port"}, std::move(start)};
}

actor::child_spec acceptors_child(const listener_core_ptr& core) {
  std::vector<actor::child_spec> children;
  for (auto& reactor : core->hubs().reactors())
    children.push_back({{.id = "acceptor:" + std::to_string(reactor->index())},
                        start_on<acceptor>(core, reactor)});
  return actor::supervisor_child(
    "acceptors",
    {.strategy = strategy::one_for_one,
     .intensity = core->config().acceptor_intensity,
     .period = core->config().acceptor_period},
    std::move(children));
}

actor::child_spec accepting_child(const listener_core_ptr& core) {
  return actor::supervisor_child(
    "accepting", {.strategy = strategy::rest_for_one, .intensity = 1},
    {port_child(core), acceptors_child(core)});
}

} // namespace

actor::child_spec listener_tree(const listener_core_ptr& core) {
  std::vector<actor::child_spec> children;
  if (core->config().topology == topology::supervised)
    children.push_back(connections_child(core));
  children.push_back(accepting_child(core));
  return actor::supervisor_child(
    "listener:" + core->config().name,
    {.strategy = strategy::rest_for_one, .intensity = 1}, std::move(children));
}

} // namespace coppice::net
