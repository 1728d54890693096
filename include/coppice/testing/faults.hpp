// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/registry.hpp"

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

/// Fault points in tests: armed for a while, or each with all that it can do.
namespace coppice::testing {

/// Arms fault points for as long as it lives. At its end it disarms them, and
/// fails the test if one of them has not fired: a test that breaks nothing
/// proves nothing.
///
///     fault_scope scope{faults(), "app.save", "2*throw(disk on fire)"};
class fault_scope {
public:
  /// Points are those that are declared by now and match `pattern`. Throws
  /// std::invalid_argument, which says why, if `term` is none, there is no such
  /// point, or one cannot do it. See `fault::armed_for`.
  fault_scope(fault::registry& owner, std::string_view pattern,
              std::string_view term);

  ~fault_scope();

  fault_scope(const fault_scope&) = delete;
  fault_scope& operator=(const fault_scope&) = delete;

  /// How often they have fired, all together.
  std::uint64_t fires() const {
    return armed_.fires();
  }

private:
  struct counts {
    std::uint64_t hits = 0;
    std::uint64_t fires = 0;
  };

  std::map<std::string, counts> look() const;

  fault::registry& owner_;
  const std::string pattern_;
  const std::string term_;
  const std::map<std::string, counts> before_;
  fault::armed_for armed_;
};

// -- the matrix ---------------------------------------------------------------

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
