#include "coppice/net/listener.hpp"

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/tree_root.hpp"
#include "net/acceptor.hpp"
#include "net/connection_actor.hpp"
#include "net/connection_supervisor.hpp"
#include "net/connection_table.hpp"
#include "observe/path.hpp"

#include <future>
#include <thread>
#include <utility>

namespace coppice::net {

using namespace supervision;

namespace {

constexpr std::chrono::seconds answer_limit{1};

// Owns the port and does nothing else, so that nothing can crash it by
// accident.
class port_actor final : public caf::event_based_actor {
public:
  port_actor(caf::actor_config& cfg, listener_ptr owner, std::uint64_t number)
      : caf::event_based_actor(cfg), owner_(std::move(owner)), number_(number) {
    // nop
  }

  const char* name() const override {
    return "coppice.port";
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return actor::others(*this, [](caf::message&) {
      // nop: there is nothing to say to it
    });
  }

  void on_exit() override {
    owner_->disown_port(number_);
  }

private:
  listener_ptr owner_;
  std::uint64_t number_;
};

template <class T>
actor::start_function start_on(listener_ptr owner, reactor_ptr home) {
  return [owner, home](const actor::start_args& args) -> actor::start_result {
    return actor::starting{
      args.rt->system.spawn<T>(owner, std::ref(*home), args.path, args)};
  };
}

} // namespace

// -- the tree -----------------------------------------------------------------

actor::child_spec listener::child() {
  std::vector<actor::child_spec> children;
  if (config_.topology == topology::supervised)
    children.push_back(connections_child());
  children.push_back(accepting_child());
  return actor::supervisor_child(
    "listener:" + config_.name,
    {.strategy = strategy::rest_for_one, .intensity = 1}, std::move(children));
}

actor::child_spec listener::connections_child() {
  std::vector<actor::child_spec> children;
  for (auto& home : reactors_)
    children.push_back(
      {{.id = "connections:" + std::to_string(home->index()),
        .type = child_type::supervisor},
       start_on<connection_supervisor>(shared_from_this(), home)});
  return actor::supervisor_child("connections",
                                 {.strategy = strategy::one_for_one,
                                  .intensity = config_.acceptor_intensity,
                                  .period = config_.acceptor_period},
                                 std::move(children));
}

actor::child_spec listener::accepting_child() {
  return actor::supervisor_child(
    "accepting", {.strategy = strategy::rest_for_one, .intensity = 1},
    {port_child(), acceptors_child()});
}

actor::child_spec listener::port_child() {
  auto start = [owner = shared_from_this()](
                 const actor::start_args& args) -> actor::start_result {
    auto number = owner->own_port(args.path, args.supervisor.id());
    if (number == 0)
      return start_failed{exit_reason::abnormal(owner->open_error())};
    return actor::running{args.rt->system.spawn<port_actor>(owner, number)};
  };
  return {{.id = "port"}, std::move(start)};
}

actor::child_spec listener::acceptors_child() {
  std::vector<actor::child_spec> children;
  for (auto& home : reactors_)
    children.push_back({{.id = "acceptor:" + std::to_string(home->index())},
                        start_on<acceptor>(shared_from_this(), home)});
  return actor::supervisor_child("acceptors",
                                 {.strategy = strategy::one_for_one,
                                  .intensity = config_.acceptor_intensity,
                                  .period = config_.acceptor_period},
                                 std::move(children));
}

// -- looking into hubs --------------------------------------------------------

// Runs `fn` with the connections of the hub at `path`, on its reactor.
template <class F>
bool listener::on_hub(std::string_view path, F fn) const {
  auto hub = rt_->directory.find(path);
  auto colon = path.rfind(':');
  if (!hub || colon == std::string_view::npos)
    return false;
  for (auto& home : reactors_) {
    if (path.substr(colon + 1) != std::to_string(home->index()))
      continue;
    auto answered = std::make_shared<std::promise<bool>>();
    auto answer = answered->get_future();
    home->run_soon([hub = hub->handle, answered, fn]() mutable {
      auto* actor = caf::actor_cast<caf::abstract_actor*>(hub);
      auto* table = dynamic_cast<connection_hub*>(actor);
      auto usable = table != nullptr && table->connections() != nullptr;
      if (usable)
        fn(*table->connections());
      answered->set_value(usable);
    });
    return answer.wait_for(answer_limit) == std::future_status::ready
           && answer.get();
  }
  return false;
}

std::optional<std::vector<listener::connection_view>>
listener::connections(std::string_view path) const {
  auto found = std::make_shared<std::vector<connection_view>>();
  auto collect = [found](connection_table& table) {
    table.for_each([&](connection_actor& c) {
      found->push_back(
        {"connection:" + std::to_string(c.id()), to_string(c.peer())});
    });
  };
  if (!on_hub(path, collect))
    return {};
  return std::move(*found);
}

// Runs `fn` with the connection at `path`, on its reactor.
template <class F>
bool listener::on_connection(std::string_view path, F fn) const {
  auto found = std::make_shared<bool>(false);
  auto hit = [found, fn, path = std::string{path}](connection_table& table) {
    table.for_each([&](connection_actor& c) {
      if (c.path() != path)
        return;
      *found = true;
      fn(c);
    });
  };
  return on_hub(observe::parent_of(path), hit) && *found;
}

bool listener::crash_connection(std::string_view path,
                                const std::optional<exit_reason>& reason,
                                std::string_view on_behalf) const {
  return on_connection(path,
                       [this, reason, path = std::string{path},
                        who = std::string{on_behalf}](connection_actor& c) {
                         actor::tell_who_asks(*rt_, path, reason, who);
                         if (reason)
                           actor::signal_exit(c.handle(), *reason);
                         else
                           actor::signal_kill(c.handle());
                       });
}

bool listener::suspend_connection(std::string_view path, bool on) const {
  return on_connection(path, [on](connection_actor& c) {
    if (on)
      c.suspend();
    else
      c.resume_suspended();
  });
}

bool listener::stall(std::size_t index,
                     std::chrono::milliseconds length) const {
  if (index >= reactors_.size())
    return false;
  reactors_[index]->run_soon([length] { std::this_thread::sleep_for(length); });
  return true;
}

} // namespace coppice::net
