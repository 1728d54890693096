// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/armed_for.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

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

} // namespace coppice::testing
