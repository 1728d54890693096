// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/testing/faults.hpp"

#include <fnmatch.h>

#include <gtest/gtest.h>

namespace coppice::testing {

fault_scope::fault_scope(fault::registry& owner, std::string_view pattern,
                         std::string_view term)
    : owner_(owner),
      pattern_(pattern),
      term_(term),
      before_(look()),
      armed_(owner, pattern, term) {
  // nop
}

fault_scope::~fault_scope() {
  for (auto& [name, now] : look()) {
    auto then = before_.find(name);
    auto before = then == before_.end() ? counts{} : then->second;
    if (now.fires > before.fires)
      continue;
    auto hits = now.hits - before.hits;
    ADD_FAILURE() << name << " was armed with " << term_
                  << " and has not fired; it was hit "
                  << (hits == 1 ? "once" : std::to_string(hits) + " times");
  }
}

std::map<std::string, fault_scope::counts> fault_scope::look() const {
  std::map<std::string, counts> result;
  for (auto& point : owner_.list())
    if (::fnmatch(pattern_.c_str(), point.name.c_str(), 0) == 0)
      result[point.name] = {point.hits, point.fires};
  return result;
}

} // namespace coppice::testing
