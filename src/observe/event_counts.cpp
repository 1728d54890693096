// SPDX-License-Identifier: BSD-3-Clause

#include "observe/event_counts.hpp"

#include "coppice/supervision/exit_reason.hpp"
#include "observe/path.hpp"

#include <chrono>

namespace coppice::observe {

using namespace std::chrono_literals;
using supervision::exit_reason;

namespace {

// The most events at a time, because the bus is locked meanwhile.
constexpr std::size_t at_once = 256;

// A supervisor decides right after the end that made it decide; other events
// in between are those of other threads.
constexpr std::size_t endings_kept = 1024;

constexpr std::string_view others = "(others)";

// Most restarts are over within a tenth of a millisecond; a back-off takes
// long.
constexpr histogram<13>::bounds downtimes{
  25us, 50us, 100us, 250us, 500us, 1ms, 5ms, 10ms, 50ms, 100ms, 1s, 10s, 60s};

restart_cause cause_from(std::string_view reason) {
  switch (exit_reason::parse(reason).what()) {
  case exit_reason::kind::normal:
    return restart_cause::normal;
  case exit_reason::kind::shutdown:
    return restart_cause::shutdown;
  case exit_reason::kind::killed:
    return restart_cause::killed;
  case exit_reason::kind::abnormal:
    return restart_cause::abnormal;
  }
  return restart_cause::unknown;
}

// The path itself if the tree shows it, else the next path above it that the
// tree shows.
std::string label(std::string_view path, const tree& shown) {
  if (shown.has(path))
    return std::string{path};
  for (auto above = parent_of(path); !above.empty(); above = parent_of(above))
    if (shown.has(above))
      return std::string{above} + "/*";
  return std::string{others};
}

template <class T>
T& at(std::map<std::string, T>& all, std::string key) {
  auto known = all.contains(key) || all.size() < event_counts::most_paths;
  return all[known ? std::move(key) : std::string{others}];
}

} // namespace

std::string_view to_string(restart_cause value) {
  switch (value) {
  case restart_cause::normal:
    return "normal";
  case restart_cause::shutdown:
    return "shutdown";
  case restart_cause::killed:
    return "killed";
  case restart_cause::abnormal:
    return "abnormal";
  case restart_cause::start_failed:
    return "start_failed";
  case restart_cause::unknown:
    return "unknown";
  }
  return {};
}

event_counts::event_counts() : endings_(endings_kept), downtime_(downtimes) {
  // nop
}

void event_counts::catch_up(const event_bus& from, const tree& shown) {
  std::lock_guard guard{mutex_};
  for (;;) {
    auto next = from.after(seen_, at_once);
    counts_.missed += next.missed;
    if (next.events.empty())
      return;
    for (auto& ev : next.events)
      count(*ev, shown);
    seen_ = next.events.back()->seq;
  }
}

event_counts::snapshot event_counts::read() const {
  std::lock_guard guard{mutex_};
  auto result = counts_;
  result.downtime = downtime_.read();
  return result;
}

void event_counts::count(const event& ev, const tree& shown) {
  ++counts_.events[static_cast<std::size_t>(ev.kind)];
  switch (ev.kind) {
  case event_kind::child_exited:
    remember(ev, cause_from(ev.reason));
    [[fallthrough]];
  case event_kind::child_stopped:
    count_end(ev, shown);
    return;
  case event_kind::child_restarted:
    if (auto i = down_since_.find(ev.path); i != down_since_.end()) {
      downtime_.add(ev.time - i->second);
      down_since_.erase(i);
    }
    return;
  case event_kind::start_failed:
    remember(ev, restart_cause::start_failed);
    return;
  case event_kind::restarting:
    count_restart(ev, shown);
    return;
  case event_kind::child_started:
    down_since_.erase(ev.path); // it was down on purpose
    return;
  case event_kind::exit_requested:
  case event_kind::stalled:
  case event_kind::unkillable:
  case event_kind::gave_up:
  case event_kind::connection_crashed:
  case event_kind::accept_paused:
  case event_kind::accept_resumed:
  case event_kind::listening:
  case event_kind::suspended:
  case event_kind::draining:
  case event_kind::alarm:
  case event_kind::held_up:
  case event_kind::fault_armed:
  case event_kind::fault_fired:
  case event_kind::fault_cleared:
  case event_kind::journal_failed:
  case event_kind::journal_resumed:
  case event_kind::journal_replaced:
  case event_kind::client_refused:
  case event_kind::certificates_loaded:
  case event_kind::certificates_refused:
  case event_kind::certificate_expires:
  case event_kind::reloaded:
  case event_kind::reload_refused:
  case event_kind::took_over:
  case event_kind::replaced:
  case event_kind::upgrade_failed:
  case event_kind::notice:
    return;
  }
}

void event_counts::count_end(const event& ev, const tree& shown) {
  if (!shown.has(ev.path))
    return;
  // Those that will not come back.
  if (down_since_.size() >= most_paths)
    std::erase_if(down_since_,
                  [&](auto& each) { return !shown.has(each.first); });
  if (down_since_.size() < most_paths || down_since_.contains(ev.path))
    down_since_[ev.path] = ev.time;
}

void event_counts::count_restart(const event& ev, const tree& shown) {
  auto why = static_cast<std::size_t>(cause_of(ev));
  ++at(counts_.restarts, label(ev.path, shown))[why];
  if (ev.decided && !ev.decided->own
      && nearly(ev.decided->budget_used, ev.decided->intensity))
    ++at(counts_.nearly_used, label(parent_of(ev.path), shown));
}

void event_counts::remember(const event& ev, restart_cause why) {
  endings_[ev.seq % endings_kept] = {ev.seq, why};
}

restart_cause event_counts::cause_of(const event& ev) const {
  auto& found = endings_[ev.cause % endings_kept];
  return ev.cause != 0 && found.seq == ev.cause ? found.why
                                                : restart_cause::unknown;
}

} // namespace coppice::observe
