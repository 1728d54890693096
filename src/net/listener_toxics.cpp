// SPDX-License-Identifier: BSD-3-Clause

#include "net/listener_toxics.hpp"

#include "net/connection_actor.hpp"
#include "net/connection_table.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <utility>
#include <vector>

namespace coppice::net {

namespace {

using target = toxic_collection::target;

constexpr std::chrono::seconds change_limit{1};

std::string text_of(const toxic& value) {
  auto text
    = "toxic " + value.name + " (" + std::string{to_string(value.stream)};
  for (auto& [name, number] : attributes(value.effect))
    text += ", " + std::string{name} + " " + std::to_string(number);
  return text + ")";
}

// One of each reactor, in the order in which they come.
struct answers_of {
  explicit answers_of(std::size_t reactors) : all(reactors) {
    // nop
  }

  void add(bool answer) {
    all[came++].set_value(answer);
  }

  std::vector<std::promise<bool>> all;
  std::atomic<std::size_t> came = 0;
};

std::string on(target connection) {
  return connection ? " on connection " + std::to_string(*connection) : "";
}

} // namespace

listener_toxics::listener_toxics(hubs& connections, port_keeper& port,
                                 publisher publish)
    : hubs_(connections),
      port_(port),
      publish_(std::move(publish)),
      toxics_(std::make_shared<toxic_collection>()) {
  // nop
}

listener_toxics::result listener_toxics::add(toxic value, target connection) {
  if (auto changed = toxics_->add(value, connection); !changed)
    return changed;
  if (!sync(connection) && connection) {
    toxics_->clear(connection);
    return unexpected{
      toxic_refusal{toxic_refusal::kind::unknown,
                    "there is no connection " + std::to_string(*connection)}};
  }
  publish_(observe::event_kind::fault_armed, text_of(value) + on(connection));
  return sync_down();
}

listener_toxics::result listener_toxics::update(toxic value,
                                                target connection) {
  auto text = text_of(value) + on(connection);
  if (auto changed = toxics_->update(std::move(value), connection); !changed)
    return changed;
  publish_(observe::event_kind::fault_armed, text);
  sync(connection);
  return {};
}

listener_toxics::result listener_toxics::remove(std::string_view name,
                                                target connection) {
  if (auto changed = toxics_->remove(name, connection); !changed)
    return changed;
  publish_(observe::event_kind::fault_cleared,
           "toxic " + std::string{name} + on(connection));
  sync(connection);
  return sync_down();
}

listener_toxics::result listener_toxics::remove_all(target connection) {
  if (toxics_->empty())
    return {};
  toxics_->clear(connection);
  publish_(observe::event_kind::fault_cleared, "all toxics" + on(connection));
  sync(connection);
  return sync_down();
}

// Each reactor looks at the list when it gets to it, so that the last change
// wins whatever order they come in. Returns whether that connection is there.
bool listener_toxics::sync(target connection) {
  auto answers = std::make_shared<answers_of>(hubs_.reactors().size());
  hubs_.on_each([toxics = toxics_, answers, connection](hubs::place& here) {
    auto all = toxics->list();
    auto there = false;
    if (auto table = here.table)
      table->for_each([&](connection_actor& c) {
        there |= c.id() == connection;
        c.sync_toxics(*all);
      });
    answers->add(there);
  });
  hubs_.run_in_virtual_time();
  auto until = reactor::clock::now() + change_limit;
  auto there = false;
  for (auto& each : answers->all)
    if (auto answer = each.get_future();
        answer.wait_until(until) == std::future_status::ready)
      there |= answer.get();
  return there;
}

// Closes the port if a toxic wants that, or opens it if none does any more.
listener_toxics::result listener_toxics::sync_down() {
  auto updated = port_.update_down([this] {
    auto all = toxics_->list();
    return std::any_of(all->begin(), all->end(), [](auto& placed) {
      return takes_listener_down(placed.what);
    });
  });
  if (!updated)
    return unexpected{
      toxic_refusal{toxic_refusal::kind::failed, updated.error()}};
  return {};
}

} // namespace coppice::net
