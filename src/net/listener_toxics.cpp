// Toxics: how those of a listener come to its connections.

#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/listener.hpp"
#include "net/connection_actor.hpp"
#include "net/connection_table.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;
using result = toxic_collection::result;
using target = toxic_collection::target;

namespace {

constexpr std::chrono::seconds change_limit{1};

std::string text_of(const toxic& what) {
  auto text = "toxic " + what.name + " (" + std::string{to_string(what.stream)};
  for (auto& [name, value] : attributes(what.effect))
    text += ", " + std::string{name} + " " + std::to_string(value);
  return text + ")";
}

std::string on(target connection) {
  return connection ? " on connection " + std::to_string(*connection) : "";
}

} // namespace

std::uint64_t listener::toxic_seed() const noexcept {
  return config_.toxic_seed.value_or(rt_->faults.seed());
}

result listener::add_toxic(toxic what, target connection) {
  if (auto refused = toxics_.add(what, connection))
    return refused;
  if (!sync_toxics(connection) && connection) {
    toxics_.clear(connection);
    return toxic_refusal{toxic_refusal::kind::unknown,
                         "there is no connection "
                           + std::to_string(*connection)};
  }
  publish(observe::event_kind::fault_armed, text_of(what) + on(connection));
  return sync_down();
}

result listener::update_toxic(toxic what, target connection) {
  auto text = text_of(what) + on(connection);
  if (auto refused = toxics_.update(std::move(what), connection))
    return refused;
  publish(observe::event_kind::fault_armed, text);
  sync_toxics(connection);
  return {};
}

result listener::remove_toxic(std::string_view name, target connection) {
  if (auto refused = toxics_.remove(name, connection))
    return refused;
  publish(observe::event_kind::fault_cleared,
          "toxic " + std::string{name} + on(connection));
  sync_toxics(connection);
  return sync_down();
}

result listener::remove_all_toxics(target connection) {
  if (toxics_.empty())
    return {};
  toxics_.clear(connection);
  publish(observe::event_kind::fault_cleared, "all toxics" + on(connection));
  sync_toxics(connection);
  return sync_down();
}

// Each reactor looks at the list when it gets to it, so that the last change
// wins whatever order they come in. Returns whether that connection is there.
bool listener::sync_toxics(target connection) {
  std::vector<std::future<bool>> answers;
  for (auto& reactor : reactors_) {
    auto answer = std::make_shared<std::promise<bool>>();
    answers.push_back(answer->get_future());
    reactor->run_soon(
      [self = shared_from_this(), reactor = reactor.get(), answer, connection] {
        auto all = self->toxics();
        auto there = false;
        if (auto table = self->at(*reactor).table)
          table->for_each([&](connection_actor& c) {
            there |= c.id() == connection;
            c.sync_toxics(*all);
          });
        answer->set_value(there);
      });
  }
  auto until = reactor::clock::now() + change_limit;
  auto there = false;
  for (auto& answer : answers)
    if (answer.wait_until(until) == std::future_status::ready)
      there |= answer.get();
  return there;
}

// -- down ---------------------------------------------------------------------

// Closes the port if a toxic wants that, or opens it if none does any more.
result listener::sync_down() {
  std::lock_guard one_at_a_time{port_mutex_};
  auto all = toxics();
  auto wanted = std::any_of(all->begin(), all->end(), [](auto& placed) {
    return takes_listener_down(placed.what);
  });
  if (down_.exchange(wanted) == wanted)
    return {};
  if (!wanted)
    return come_up();
  shut();
  tell_acceptors(); // of the clients who wait, if the port was closed before
  end_connections();
  return {};
}

result listener::come_up() {
  std::unique_lock guard{mutex_};
  auto owned = port_owner_ != 0;
  guard.unlock();
  if (suspended_ || draining_ || !owned)
    return {}; // whoever ends that opens it
  if (!open()) {
    suspended_ = true; // `resume` tries again
    return toxic_refusal{toxic_refusal::kind::failed, open_error()};
  }
  publish(observe::event_kind::listening, to_string(*local()));
  return {};
}

void listener::end_connections() {
  for (auto& reactor : reactors_)
    reactor->run_soon([self = shared_from_this(), reactor = reactor.get()] {
      if (auto table = self->at(*reactor).table)
        table->end_all(exit_reason::shutdown("toxic_down"));
    });
}

} // namespace coppice::net
