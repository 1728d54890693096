// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/event.hpp"

#include "observe/printable.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace coppice::observe {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 34> kind_names{
  "child_started",
  "child_restarted",
  "exit_requested",
  "child_exited",
  "child_stopped",
  "start_failed",
  "restarting",
  "stalled",
  "unkillable",
  "gave_up",
  "connection_crashed",
  "client_refused",
  "accept_paused",
  "accept_resumed",
  "listening",
  "suspended",
  "draining",
  "alarm",
  "held_up",
  "fault_armed",
  "fault_fired",
  "fault_cleared",
  "journal_failed",
  "journal_resumed",
  "journal_replaced",
  "certificates_loaded",
  "certificates_refused",
  "certificate_expires",
  "reloaded",
  "reload_refused",
  "took_over",
  "replaced",
  "upgrade_failed",
  "notice",
};
static_assert(kind_names.size()
              == static_cast<std::size_t>(event_kind::notice) + 1);

// After the first line come, at an end, the last lines of a program's output.
std::string shown_detail(const event& ev) {
  auto& detail = ev.detail;
  auto lines = std::count(detail.begin(), detail.end(), '\n');
  if (lines == 0
      || (ev.kind != event_kind::child_exited
          && ev.kind != event_kind::child_stopped
          && ev.kind != event_kind::start_failed))
    return detail;
  return detail.substr(0, detail.find('\n')) + "; its last "
         + (lines == 1 ? "line was" : std::to_string(lines) + " lines were")
         + " kept";
}

} // namespace

std::string_view to_string(event_kind value) {
  return kind_names[static_cast<std::size_t>(value)];
}

std::vector<std::string_view> all_event_kinds() {
  return {kind_names.begin(), kind_names.end()};
}

std::optional<event_kind> event_kind_from(std::string_view name) {
  auto i = std::find(kind_names.begin(), kind_names.end(), name);
  if (i == kind_names.end())
    return {};
  return static_cast<event_kind>(i - kind_names.begin());
}

std::string_view to_string(severity value) {
  switch (value) {
  case severity::info:
    return "info";
  case severity::warning:
    return "warning";
  case severity::error:
    return "error";
  }
  return "info";
}

severity severity_of(const event& ev) {
  switch (ev.kind) {
  case event_kind::gave_up:
  case event_kind::stalled:
  case event_kind::unkillable:
  case event_kind::start_failed:
    return severity::error;
  case event_kind::child_exited:
  case event_kind::restarting:
  case event_kind::connection_crashed:
  case event_kind::accept_paused:
  case event_kind::alarm:
  case event_kind::held_up:
  case event_kind::fault_armed:
  case event_kind::fault_fired:
  case event_kind::journal_failed:
  case event_kind::journal_replaced:
  case event_kind::certificates_refused:
  case event_kind::certificate_expires:
  case event_kind::reload_refused:
  case event_kind::upgrade_failed:
    return severity::warning;
  case event_kind::exit_requested:
  case event_kind::child_started:
  case event_kind::child_restarted:
  case event_kind::child_stopped:
  case event_kind::accept_resumed:
  case event_kind::listening:
  case event_kind::suspended:
  case event_kind::draining:
  case event_kind::fault_cleared:
  case event_kind::journal_resumed:
  case event_kind::client_refused:
  case event_kind::certificates_loaded:
  case event_kind::reloaded:
  case event_kind::took_over:
  case event_kind::replaced:
  case event_kind::notice:
    return severity::info;
  }
  return severity::info;
}

std::string shortened(std::string text, std::size_t limit) {
  if (text.size() <= limit)
    return text;
  auto mark = " … (cut; " + std::to_string(text.size()) + " bytes)";
  auto size = limit - std::min(limit, mark.size());
  // The bytes of a character after its first one are 10xxxxxx.
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  text.resize(size);
  return text + mark;
}

std::string describe(const event& ev) {
  auto text = printable(ev.path);
  auto reason = printable(ev.reason);
  switch (ev.kind) {
  case event_kind::child_started:
    text += " started";
    if (ev.incarnation > 1)
      text += " (incarnation " + std::to_string(ev.incarnation) + ")";
    break;
  case event_kind::child_restarted:
    text += " restarted (incarnation " + std::to_string(ev.incarnation) + ")";
    break;
  case event_kind::exit_requested:
    text += " is asked to end: " + reason;
    break;
  case event_kind::child_exited:
    text += " exited: " + reason;
    break;
  case event_kind::child_stopped:
    text += " stopped: " + reason;
    break;
  case event_kind::start_failed:
    text += " failed to start: " + reason;
    break;
  case event_kind::restarting:
    text += " restarting";
    break;
  case event_kind::stalled:
    text += " made no progress for too long; killing it";
    break;
  case event_kind::unkillable:
    text += " is unkillable: it still runs, and its slot is free";
    break;
  case event_kind::gave_up:
    text += " gave up";
    break;
  case event_kind::connection_crashed:
    text += " crashed: " + reason;
    break;
  case event_kind::client_refused:
    text += " refused a client";
    break;
  case event_kind::certificates_loaded:
    text += " has new certificates";
    break;
  case event_kind::certificates_refused:
    text += " keeps its certificates, since the new ones are of no use";
    break;
  case event_kind::certificate_expires:
    text += " needs a new certificate";
    break;
  case event_kind::reloaded:
    text += " was reloaded";
    break;
  case event_kind::reload_refused:
    text += " was not reloaded";
    break;
  case event_kind::took_over:
    text += " has taken over";
    break;
  case event_kind::replaced:
    text += " was replaced";
    break;
  case event_kind::upgrade_failed:
    text += " was not replaced";
    break;
  case event_kind::accept_paused:
    text += " pauses accepting";
    break;
  case event_kind::accept_resumed:
    text += " accepts again";
    break;
  case event_kind::listening:
    text += " listens";
    break;
  case event_kind::suspended:
    text += " is suspended";
    break;
  case event_kind::draining:
    text += " drains";
    break;
  case event_kind::held_up:
    text += " was held up";
    break;
  case event_kind::alarm:
    text += " raises an alarm";
    break;
  case event_kind::fault_armed:
    text = "fault at " + text;
    break;
  case event_kind::fault_fired:
    text = "fault fired at " + text;
    break;
  case event_kind::fault_cleared:
    text = "fault cleared at " + text;
    break;
  case event_kind::journal_failed:
    text += " does not write to its file";
    break;
  case event_kind::journal_resumed:
    text += " writes to its file again";
    break;
  case event_kind::journal_replaced:
    text += " begins a new file";
    break;
  case event_kind::notice:
    break;
  }
  if (!ev.detail.empty())
    text += ": " + printable(shown_detail(ev));
  return text;
}

} // namespace coppice::observe
