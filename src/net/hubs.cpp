// SPDX-License-Identifier: BSD-3-Clause

#include "net/hubs.hpp"

#include "actor/directory.hpp"
#include "actor/virtual_time.hpp"
#include "net/connection_actor.hpp"
#include "net/event_loop.hpp"
#include "net/port_keeper.hpp"
#include "observe/path.hpp"

#include <caf/actor_cast.hpp>

#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

namespace coppice::net {

namespace {

// How long starts and ends of connections may wait to be read together.
constexpr std::chrono::milliseconds log_delay{100};

constexpr std::chrono::seconds answer_limit{1};

} // namespace

hubs::hubs(actor::runtime_ptr rt, std::vector<reactor_ptr> reactors)
    : rt_(std::move(rt)),
      reactors_(std::move(reactors)),
      places_(reactors_.size()) {
  // nop
}

// -- on the reactor -----------------------------------------------------------

connection_table_ptr hubs::join(unsigned reactor, const std::string& path,
                                caf::actor_id supervisor) {
  auto& here = at(reactor);
  if (supervisor < here.hub_parent)
    throw std::runtime_error(taken_over);
  here.hub_parent = supervisor;
  // The supervisor that would have reported it had ended before the hub.
  if (auto words = rt_->end_notes.take(path); !words.empty())
    rt_->events.publish({.kind = observe::event_kind::notice,
                         .path = path,
                         .detail = "its last end was not reported: " + words});
  here.log = rt_->connections.at(path);
  here.table
    = std::make_shared<connection_table>(path, rt_->tree.connections(path));
  return here.table;
}

void hubs::enter(unsigned reactor, accepting_side& acceptor,
                 caf::actor_id supervisor) {
  auto& here = at(reactor);
  if (supervisor < here.acceptor_parent)
    throw std::runtime_error(taken_over);
  here.acceptor_parent = supervisor;
  if (auto* former = std::exchange(here.acceptor, &acceptor))
    former->retire();
}

void hubs::withdraw(unsigned reactor, const connection_table_ptr& table) {
  if (auto& here = at(reactor); here.table == table)
    here.table = nullptr;
}

void hubs::record(unsigned reactor, const observe::connection_record& entry) {
  auto& here = at(reactor);
  here.log->push(entry);
  if (++here.unread >= observe::connection_log::source::capacity / 2) {
    here.unread = 0;
    rt_->connections.flush();
  }
  if (std::exchange(here.flushing, true))
    return;
  // Weak, since the reactor that keeps this is kept by the hubs.
  reactors_[reactor]->loop().run_after(log_delay,
                                       [weak = weak_from_this(), &here] {
                                         auto self = weak.lock();
                                         if (!self)
                                           return;
                                         here.flushing = false;
                                         here.unread = 0;
                                         self->rt_->connections.flush();
                                       });
}

// -- any thread ---------------------------------------------------------------

void hubs::on(reactor& where, std::function<void(place&)> fn) {
  where.run_soon([self = shared_from_this(), index = where.index(),
                  fn = std::move(fn)] { fn(self->at(index)); });
}

void hubs::on_each(const std::function<void(place&)>& fn) {
  for (auto& reactor : reactors_)
    on(*reactor, fn);
}

void hubs::on_each_table(const std::function<void(connection_table&)>& fn) {
  on_each([fn](place& here) {
    if (auto table = here.table)
      fn(*table);
  });
}

bool hubs::on_hub(std::string_view path,
                  std::function<void(connection_table&)> fn) const {
  auto hub = rt_->directory.find(path);
  auto colon = path.rfind(':');
  if (!hub || colon == std::string_view::npos)
    return false;
  for (auto& reactor : reactors_) {
    if (path.substr(colon + 1) != std::to_string(reactor->index()))
      continue;
    auto answered = std::make_shared<std::promise<bool>>();
    auto answer = answered->get_future();
    reactor->run_soon([hub = hub->handle, answered, fn = std::move(fn)] {
      auto* actor = caf::actor_cast<caf::abstract_actor*>(hub);
      auto* table = dynamic_cast<connection_hub*>(actor);
      auto usable = table != nullptr && table->connections() != nullptr;
      if (usable)
        fn(*table->connections());
      answered->set_value(usable);
    });
    run_in_virtual_time();
    return answer.wait_for(answer_limit) == std::future_status::ready
           && answer.get();
  }
  return false;
}

bool hubs::on_connection(std::string_view path,
                         std::function<void(connection_actor&)> fn) const {
  auto found = std::make_shared<bool>(false);
  auto look = [found, fn = std::move(fn),
               path = std::string{path}](connection_table& table) {
    table.for_each([&](connection_actor& c) {
      if (c.path() != path)
        return;
      *found = true;
      fn(c);
    });
  };
  return on_hub(observe::parent_of(path), look) && *found;
}

void hubs::run_in_virtual_time() const {
  if (rt_->time != nullptr)
    rt_->time->run();
}

std::int64_t hubs::active() const noexcept {
  std::uint64_t result = 0;
  for (auto& place : places_) {
    auto closed = place.traffic.closed.get(); // first, so that it is not more
    result += place.traffic.accepted.get() - closed;
  }
  return static_cast<std::int64_t>(result);
}

traffic hubs::counters() const noexcept {
  traffic result;
  for (auto& place : places_)
    result += place.traffic.read();
  return result;
}

std::vector<traffic> hubs::counters_by_reactor() const {
  std::vector<traffic> result;
  for (auto& place : places_)
    result.push_back(place.traffic.read());
  return result;
}

} // namespace coppice::net
