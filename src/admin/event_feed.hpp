// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/canary.hpp"
#include "admin/response.hpp"
#include "admin/upgrade.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// The events that are kept, as JSON: at most `limit` (1000) of those after the
/// one numbered `since` (0), and about a MiB of them at most. Both are in
/// `query`. `next` is the `since` that goes on, and `more` says whether there
/// is something there already.
response events(const actor::runtime& rt,
                const std::map<std::string, std::string>& query);

/// The starts and ends of connections that are kept, as JSON, with the same
/// `query`. Their numbers are their own.
response connection_events(const actor::runtime& rt,
                           const std::map<std::string, std::string>& query);

/// What a feed has besides events, the tree and the traffic.
struct feed_extras {
  std::shared_ptr<const admin::canary> canary = {}; ///< Null: there is none.
  bool connections = false;                         ///< Their starts and ends.
  /// Of `upgrade_operations`; may be empty.
  std::function<std::optional<earlier_process>(bool)> earlier = {};
};

/// What happens, as server-sent events. Those of the bus carry an id of their
/// number, see `event_id`. Besides, there are `hello` at the beginning, `tree`
/// when it has changed, `traffic` every second, with what a `canary` measured
/// if there is one and with an earlier process that still drains, and `missed`
/// with the number of events that were dropped before they were sent;
/// `connection` for the start and the end of each, if asked for.
///
/// For one thread at a time.
class event_feed {
public:
  /// Begins after the event numbered `since`; a number that does not exist yet
  /// counts as none. `greeting` is the data of `hello`.
  event_feed(actor::runtime_ptr rt, net::listener_set listeners,
             std::uint64_t since, std::string greeting,
             feed_extras extras = {});

  /// If `next` returns this much, there may be more.
  static constexpr std::size_t full_bytes = 256 * 1024;

  /// How often to call `next` at the least, so that nothing is late.
  static constexpr std::chrono::milliseconds look_every{250};

  /// Has `wake` called, on any thread, when there are new events; it must not
  /// block. When this returns, the former one does not run any more.
  void on_news(std::function<void()> wake) {
    events_.on_pending(std::move(wake));
  }

  /// What is to be sent now; empty: nothing. Gives something at least once a
  /// second. Does not wait: events that the journal has still to keep come
  /// later, at most a second after they happened.
  std::string next();

  /// Whether it has events that the journal has still to keep. Then it is to be
  /// looked at again soon, since nobody says when.
  bool waits_for_journal() const noexcept {
    return !next_.events.empty();
  }

private:
  std::string news();
  std::string connections();
  std::string tree_if_changed();
  std::string traffic();

  actor::runtime_ptr rt_;
  net::listener_set listeners_;
  observe::event_reader events_;
  std::string greeting_;
  feed_extras extras_;
  std::uint64_t felt_ = 0;  // the number of the canary's last sample
  std::uint64_t known_ = 0; // … and of the last record of a connection
  std::string tree_;
  observe::excerpt next_ = {}; // events that are about to be shown
  supervision::time_point next_look_ = {};
  supervision::time_point next_traffic_ = {};
};

/// The number that a client gives: whole, and nothing else.
std::optional<std::uint64_t> parse_seq(std::string_view text);

/// `SEQ-BOOT`: names an event for a client that continues later, maybe at the
/// server's successor.
std::string event_id(std::uint64_t seq, const observe::event_bus& bus);

/// The number in what `event_id` has made or, if it was made by another
/// process, 0. Nothing if it is neither.
std::optional<std::uint64_t> parse_event_id(std::string_view text,
                                            const observe::event_bus& bus);

} // namespace coppice::admin
