// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace coppice::lab {

/// Makes the choices of which a random scenario is made.
class chooser {
protected:
  using json = nlohmann::json;

  explicit chooser(std::uint64_t seed) : random_(seed) {
    // nop
  }

  std::uint64_t below(std::uint64_t limit) {
    return random_() % limit;
  }

  bool chance(unsigned percent) {
    return below(100) < percent;
  }

  template <class T>
  T any_of(std::initializer_list<T> values) {
    return *(values.begin() + below(values.size()));
  }

  std::string any_name(const std::vector<std::string>& names);

  json reason();

  /// Gives a child a shutdown of its own, or a way to take one.
  void decorate(json& result, bool dynamic);

  /// What a start function does, without steps; whether it may ignore.
  json plain_outcome(bool may_ignore);

private:
  std::mt19937_64 random_;
};

} // namespace coppice::lab
