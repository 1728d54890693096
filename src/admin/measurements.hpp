// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/fault/site.hpp"
#include "coppice/net/listener.hpp"
#include "coppice/observe/tree.hpp"
#include "journal/recorder.hpp"
#include "net/listener_set.hpp"
#include "observe/event_counts.hpp"
#include "observe/histogram.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// A server in numbers, at one moment.
struct measurements {
  struct listener {
    std::string name;
    std::int64_t active = 0;
    std::vector<net::traffic> by_reactor = {};
    bool tls = false;
    std::vector<net::listener::certificate_view> certificates = {};
  };

  struct reactor {
    unsigned index = 0;
    observe::distribution rounds = {};
  };

  std::string version;
  std::optional<observe::node_view> tree = {};
  observe::event_counts::snapshot events = {};
  std::uint64_t events_lost = 0; ///< To the journal.
  std::uint64_t records_lost = 0;
  std::optional<journal::recorder::numbers> journal = {}; ///< If there is one.
  std::optional<std::uint64_t> log_lines_lost = {}; ///< Unset: there is no log.
  std::map<std::string, std::size_t> waiting = {};  ///< Messages, by path.
  std::vector<fault::point_info> faults = {};
  std::vector<listener> listeners = {};
  std::vector<reactor> reactors = {};
  /// See `tcp_counters`.
  std::map<std::string, std::uint64_t, std::less<>> tcp = {};
};

/// Looks at everything. Any thread; not for reactors.
measurements measure(actor::runtime& rt, const net::listener_set& listeners,
                     std::string_view version);

} // namespace coppice::admin
