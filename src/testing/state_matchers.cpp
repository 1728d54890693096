// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/matchers.hpp"
#include "testing/failure_text.hpp"

#include <cstdint>
#include <ostream>

namespace coppice::testing {

namespace {

std::string state_of(const actor_state& who) {
  return who.alive
           ? "is alive, as incarnation " + std::to_string(who.incarnation)
           : "is not alive; its state is " + std::string{to_string(who.state)};
}

// The restarts that a supervisor has decided on.
marks restarts_below(const event_history& what, const std::string& path) {
  marks result;
  for (std::size_t i = 0; i < what.events.size(); ++i) {
    auto& event = what.events[i].what;
    auto slash = event.path.rfind('/');
    auto parent
      = slash == std::string::npos ? "test" : event.path.substr(0, slash);
    if (event.kind == observe::event_kind::restarting && parent == path)
      result.emplace(i, "*");
  }
  return result;
}

// False, with a list of the known paths, if no actor ever was at `path`.
bool explain_who(std::ostream& out, const event_history& what,
                 const std::string& path) {
  auto* who = what.find(path);
  out << "in which " << path
      << (who == nullptr ? " never existed" : " " + state_of(*who));
  list_paths(out, what, path);
  return who != nullptr;
}

} // namespace

// -- alive --------------------------------------------------------------------

bool alive_matcher::MatchAndExplain(const event_history& what,
                                    std::ostream* out) const {
  auto* who = what.find(path_);
  if (out != nullptr && explain_who(*out, what, path_))
    print_around(*out, what, last_about(what, path_));
  return who != nullptr && who->alive;
}

void alive_matcher::DescribeTo(std::ostream* out) const {
  *out << path_ << " is alive";
}

void alive_matcher::DescribeNegationTo(std::ostream* out) const {
  *out << path_ << " is not alive";
}

// -- incarnations -------------------------------------------------------------

bool incarnation_matcher::MatchAndExplain(const event_history& what,
                                          std::ostream* out) const {
  auto* who = what.find(path_);
  if (out != nullptr && explain_who(*out, what, path_)) {
    *out << "; at the mark it was " << who->at_mark;
    print_around(*out, what, last_about(what, path_));
  }
  return who != nullptr && who->alive
         && (who->incarnation == who->at_mark) == same_;
}

void incarnation_matcher::DescribeTo(std::ostream* out) const {
  *out << path_ << " is "
       << (same_ ? "the same incarnation as at the mark"
                 : "another incarnation than at the mark");
}

void incarnation_matcher::DescribeNegationTo(std::ostream* out) const {
  *out << "not: ";
  DescribeTo(out);
}

// -- budget -------------------------------------------------------------------

budget_matcher budget_matcher::used(std::size_t restarts) const {
  auto result = *this;
  result.used_ = restarts;
  return result;
}

budget_matcher budget_matcher::of(std::int64_t intensity) const {
  auto result = *this;
  result.intensity_ = intensity;
  return result;
}

bool budget_matcher::MatchAndExplain(const event_history& what,
                                     std::ostream* out) const {
  auto* who = what.find(path_);
  if (who == nullptr || !who->supervisor) {
    if (out != nullptr && explain_who(*out, what, path_))
      *out << ", and is no supervisor";
    return false;
  }
  auto& is = *who->supervisor;
  if (out != nullptr) {
    *out << "in which it has used " << is.budget_used << " of " << is.intensity
         << " in " << is.period.count() << " s";
    auto which = restarts_below(what, path_);
    print_around(*out, what, which.empty() ? last_about(what, path_) : which);
  }
  return (!used_ || is.budget_used == *used_)
         && (!intensity_ || is.intensity == *intensity_);
}

void budget_matcher::DescribeTo(std::ostream* out) const {
  *out << path_ << " has used ";
  if (used_)
    *out << *used_;
  else
    *out << "some";
  if (intensity_)
    *out << " of " << *intensity_;
  *out << (used_ == 1 && !intensity_ ? " restart" : " restarts");
}

void budget_matcher::DescribeNegationTo(std::ostream* out) const {
  *out << "not: ";
  DescribeTo(out);
}

} // namespace coppice::testing
