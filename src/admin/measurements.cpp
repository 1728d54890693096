// SPDX-License-Identifier: BSD-3-Clause

#include "admin/measurements.hpp"

#include "actor/directory.hpp"
#include "admin/kernel_counters.hpp"
#include "journal/journal.hpp"
#include "net/event_loop.hpp"
#include "observe/connection_log.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace coppice::admin {

namespace {

// Listeners may share reactors.
void add_reactors(std::vector<measurements::reactor>& all,
                  const net::listener& of) {
  for (auto& each : of.reactors())
    if (std::ranges::none_of(
          all, [&](auto& known) { return known.index == each->index(); }))
      all.push_back({each->index(), each->loop().rounds()});
}

} // namespace

measurements measure(actor::runtime& rt, const net::listener_set& listeners,
                     std::string_view version) {
  rt.event_counts.catch_up(rt.events, rt.tree);
  measurements result{.version = std::string{version},
                      .tree = rt.tree.look(std::chrono::steady_clock::now()),
                      .events = rt.event_counts.read(),
                      .events_lost
                      = rt.events.missed()[std::string{journal::reader_name}],
                      .records_lost = rt.connections.lost(),
                      .waiting = rt.directory.waiting(),
                      .faults = rt.faults.list(),
                      .tcp = tcp_counters_now()};
  for (auto& each : listeners.all()) {
    result.listeners.push_back(
      {each->config().name, each->active(), each->counters_by_reactor(),
       each->tls_settings().has_value(), each->certificates()});
    add_reactors(result.reactors, *each);
  }
  return result;
}

} // namespace coppice::admin
