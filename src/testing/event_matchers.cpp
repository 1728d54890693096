// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/matchers.hpp"
#include "testing/failure_text.hpp"

#include <algorithm>
#include <ostream>

namespace coppice::testing {

using observe::event_kind;

namespace {

constexpr auto found_here = "*";
constexpr auto wrong_here = "=>";

std::string times_text(std::size_t n) {
  return n == 1 ? "once" : std::to_string(n) + " times";
}

} // namespace

event_matcher::event_matcher(event_kind kind, std::string word,
                             std::string_view path,
                             std::optional<text_matcher> reason)
    : kind_(kind),
      word_(std::move(word)),
      path_(short_path(path)),
      reason_(std::move(reason)) {
  // nop
}

event_matcher event_matcher::times(std::size_t n) const {
  auto result = *this;
  result.least_ = n;
  result.most_ = n;
  return result;
}

event_matcher event_matcher::at_least(std::size_t n) const {
  auto result = *this;
  result.least_ = n;
  result.most_.reset();
  return result;
}

event_matcher event_matcher::at(std::chrono::nanoseconds when) const {
  auto result = *this;
  result.when_ = when;
  return result;
}

bool event_matcher::takes(const happening& what) const {
  return what.what.kind == kind_ && what.what.path == path_
         && (!reason_ || reason_->Matches(what.what.reason))
         && (!when_ || what.at == *when_);
}

bool event_matcher::MatchAndExplain(const event_history& what,
                                    std::ostream* out) const {
  marks found;
  for (std::size_t i = 0; i < what.events.size(); ++i)
    if (takes(what.events[i])) {
      auto surplus = most_ && found.size() >= *most_;
      found.emplace(i, surplus ? wrong_here : found_here);
    }
  if (out != nullptr)
    explain_count(what, found, *out);
  return found.size() >= least_ && (!most_ || found.size() <= *most_);
}

void event_matcher::explain_count(const event_history& what, const marks& found,
                                  std::ostream& out) const {
  out << "of which " << found.size() << (found.size() == 1 ? " is" : " are")
      << " so";
  if (found.empty() && about(what, path_).empty()) {
    list_paths(out, what, path_);
    print_around(out, what, {});
    return;
  }
  std::string missing;
  if (found.size() < least_)
    missing = std::to_string(least_ - found.size()) + " more expected";
  print_around(out, what, found.empty() ? last_about(what, path_) : found,
               missing);
}

void event_matcher::describe_event(std::ostream& out,
                                   const std::string& often) const {
  out << path_ << " " << word_ << often;
  if (when_)
    out << ", at " << std::chrono::duration<double, std::milli>(*when_).count()
        << " ms";
  if (reason_) {
    out << ", with a reason that ";
    reason_->DescribeTo(&out);
  }
}

void event_matcher::DescribeTo(std::ostream* out) const {
  describe_event(*out, (most_ ? " " : " at least ") + times_text(least_));
}

void event_matcher::DescribeNegationTo(std::ostream* out) const {
  *out << "not: ";
  DescribeTo(out);
}

// -- events -------------------------------------------------------------------

event_matcher started(std::string_view path) {
  return {event_kind::child_started, "started", path};
}

event_matcher restarted(std::string_view path) {
  return {event_kind::child_restarted, "restarted", path};
}

event_matcher exited(std::string_view path) {
  return {event_kind::child_exited, "exited", path};
}

event_matcher exited(std::string_view path,
                     event_matcher::text_matcher reason) {
  return {event_kind::child_exited, "exited", path, std::move(reason)};
}

event_matcher exited(std::string_view path,
                     const supervision::exit_reason& reason) {
  return exited(path, event_matcher::text_matcher{to_string(reason)});
}

event_matcher stopped(std::string_view path) {
  return {event_kind::child_stopped, "stopped", path};
}

event_matcher start_failed(std::string_view path) {
  return {event_kind::start_failed, "failed to start", path};
}

event_matcher start_failed(std::string_view path,
                           event_matcher::text_matcher reason) {
  return {event_kind::start_failed, "failed to start", path, std::move(reason)};
}

event_matcher gave_up(std::string_view path) {
  return {event_kind::gave_up, "gave up", path};
}

event_matcher stalled(std::string_view path) {
  return {event_kind::stalled, "stalled", path};
}

event_matcher unkillable(std::string_view path) {
  return {event_kind::unkillable, "was unkillable", path};
}

event_matcher fault_fired(std::string_view point) {
  return {event_kind::fault_fired, "fired", point};
}

// -- in order -----------------------------------------------------------------

bool in_order_matcher::MatchAndExplain(const event_history& what,
                                       std::ostream* out) const {
  marks found;
  std::size_t next = 0;
  for (auto& step : steps_)
    for (auto left = step.least(); left > 0; --left) {
      auto from = what.events.begin() + static_cast<std::ptrdiff_t>(next);
      auto i = std::find_if(from, what.events.end(),
                            [&](auto& e) { return step.takes(e); });
      if (i == what.events.end()) {
        if (out != nullptr)
          explain_missing(*out, what, found, next, step);
        return false;
      }
      next = static_cast<std::size_t>(i - what.events.begin()) + 1;
      found.emplace(next - 1, found_here);
    }
  if (out != nullptr)
    print_around(*out << "in this order", what, found);
  return true;
}

void in_order_matcher::DescribeTo(std::ostream* out) const {
  *out << "in this order";
  auto separator = ": ";
  for (auto& step : steps_) {
    *out << std::exchange(separator, "; then ");
    step.describe_event(
      *out, step.least() == 1 ? "" : " " + times_text(step.least()));
  }
}

void in_order_matcher::DescribeNegationTo(std::ostream* out) const {
  *out << "not ";
  DescribeTo(out);
}

} // namespace coppice::testing
