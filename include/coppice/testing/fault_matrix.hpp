// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/registry.hpp"

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

/// Every point with every action, as a parameterised test:
///
///     class EveryFault : public supervised_test,
///                        public ::testing::WithParamInterface<fault_case> {};
///
///     TEST_P(EveryFault, IsSurvived) {
///       start_supervised(…);
///       fault_scope scope{faults(), GetParam().point, GetParam().term};
///       …
///     }
///
///     INSTANTIATE_TEST_SUITE_P(
///       Storage, EveryFault,
///       ::testing::ValuesIn(fault_matrix([](fault::registry& faults) {
///         storage declares_its_points{faults};
///       })),
///       name_of_fault_case);
namespace coppice::testing {

struct fault_case {
  std::string point;
  std::string term;
};

/// For GoogleTest: `app.save=1*throw(fault)`.
void PrintTo(const fault_case& what, std::ostream* out);

/// A name for the test: `app_save_throw`. For INSTANTIATE_TEST_SUITE_P.
std::string
name_of_fault_case(const ::testing::TestParamInfo<fault_case>& info);

/// The term that a matrix has of each action, which fires once. `abort` and
/// `off` have none.
std::string term_of(fault::action_kind what);

/// The points of `faults` that match `pattern`, each with all that it can do.
std::vector<fault_case> fault_matrix(const fault::registry& faults,
                                     std::string_view pattern = "*");

/// The points that `declare` declares. There is no actor system yet when tests
/// are instantiated; this needs none.
std::vector<fault_case>
fault_matrix(const std::function<void(fault::registry&)>& declare,
             std::string_view pattern = "*");

/// Every one of `points` with every one of `terms`.
std::vector<fault_case> fault_matrix(const std::vector<std::string>& points,
                                     const std::vector<std::string>& terms);

} // namespace coppice::testing
