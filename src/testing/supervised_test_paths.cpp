// SPDX-License-Identifier: BSD-3-Clause
//
// What a test does to actors and points that it names.

#include "coppice/actor/tree_root.hpp"
#include "coppice/testing/supervised_test.hpp"

#include <stdexcept>
#include <variant>

namespace coppice::testing {

using supervision::exit_reason;

caf::actor supervised_test::actor_at(std::string_view path) {
  auto found = rt()->directory.find(full_path(path));
  if (!found)
    complain_of(path);
  return found->handle;
}

void supervised_test::crash(std::string_view path, std::string text) {
  exit(path, exit_reason::abnormal(std::move(text)));
}

void supervised_test::exit(std::string_view path, const exit_reason& reason) {
  if (!actor::crash(*rt(), full_path(path), reason))
    complain_of(path);
}

void supervised_test::kill(std::string_view path) {
  if (!actor::crash(*rt(), full_path(path), {}))
    complain_of(path);
}

void supervised_test::suspend(std::string_view path) {
  expect_done(actor::suspend(*rt(), full_path(path)), path);
}

void supervised_test::resume(std::string_view path) {
  expect_done(actor::resume(*rt(), full_path(path)), path);
}

void supervised_test::burn_budget(std::string_view path) {
  expect_done(actor::burn_budget(*rt(), full_path(path)), path);
}

void supervised_test::expect_done(actor::struck result, std::string_view path) {
  if (result == actor::struck::nobody)
    complain_of(path);
  if (result == actor::struck::cannot)
    throw std::invalid_argument{short_path(path)
                                + " is not of a kind to which this can be "
                                  "done: see actor/structural.hpp"};
}

void supervised_test::arm(std::string_view point, std::string_view term) {
  auto what = fault::parse_term(term);
  if (auto* error = std::get_if<fault::term_error>(&what))
    throw std::invalid_argument{"arm: \"" + std::string{term} + "\" "
                                + to_string(*error)};
  fault::plan rules{{std::string{point}, std::get<fault::term>(what)}};
  if (auto error = faults().arm(rules))
    throw std::invalid_argument{"arm: " + to_string(*error)};
}

void supervised_test::disarm(std::string_view point) {
  faults().disarm(point);
}

void supervised_test::complain_of(std::string_view path) {
  std::string text = "nobody lives at " + short_path(path) + "; there are:";
  for (auto& [name, who] : history().actors)
    if (who.alive)
      text += " " + name;
  throw std::invalid_argument{text};
}

} // namespace coppice::testing
