// SPDX-License-Identifier: BSD-3-Clause
//
// What a test does to actors and points that it names.

#include "actor/actor_faults.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/testing/supervised_test.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace coppice::testing {

using supervision::exit_reason;

caf::actor supervised_test::actor_at(std::string_view path) {
  auto result = rt()->actor_at(path_of(path));
  if (!result)
    complain_of(path);
  return result;
}

void supervised_test::crash(std::string_view path, std::string text) {
  exit(path, exit_reason::abnormal(std::move(text)));
}

void supervised_test::exit(std::string_view path, const exit_reason& reason) {
  if (!actor::crash(*rt(), path_of(path), reason))
    complain_of(path);
}

void supervised_test::kill(std::string_view path) {
  if (!actor::crash(*rt(), path_of(path), {}))
    complain_of(path);
}

void supervised_test::suspend(std::string_view path) {
  expect_done(actor::suspend(*rt(), path_of(path)), path);
}

void supervised_test::resume(std::string_view path) {
  expect_done(actor::resume(*rt(), path_of(path)), path);
}

void supervised_test::burn_budget(std::string_view path) {
  expect_done(actor::burn_budget(*rt(), path_of(path)), path);
}

void supervised_test::expect_done(actor::fault_outcome result,
                                  std::string_view path) {
  if (result == actor::fault_outcome::noproc)
    complain_of(path);
  if (result == actor::fault_outcome::unsupported)
    throw std::invalid_argument{
      short_path(path)
      + " cannot do that: only supervisors have a budget, and only supervisors "
        "and what spawn_suspendable starts can be suspended"};
}

void supervised_test::arm(std::string_view point, std::string_view term) {
  auto what = fault::parse_term(term);
  if (!what)
    throw std::invalid_argument{"arm: \"" + std::string{term} + "\" "
                                + to_string(what.error())};
  fault::plan rules{{std::string{point}, *what}};
  if (auto armed = faults().arm(rules); !armed)
    throw std::invalid_argument{"arm: " + to_string(armed.error())};
}

void supervised_test::disarm(std::string_view point) {
  faults().disarm(point);
}

std::string supervised_test::path_of(std::string_view end) {
  auto exact = full_path(end);
  if (rt()->actor_at(exact))
    return exact;
  std::string found;
  for (auto& [name, who] : history().actors) {
    if (!who.alive || !name.ends_with("/" + std::string{end}))
      continue;
    if (!found.empty())
      throw std::invalid_argument{std::string{end} + " may be " + found + " or "
                                  + name};
    found = name;
  }
  return found.empty() ? exact : full_path(found);
}

void supervised_test::complain_of(std::string_view path) {
  std::string text = "no actor is at " + short_path(path) + "; there are:";
  for (auto& [name, who] : history().actors)
    if (who.alive)
      text += " " + name;
  throw std::invalid_argument{text};
}

} // namespace coppice::testing
