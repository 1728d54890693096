// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/fault/registry.hpp"

#include <stdexcept>
#include <utility>

namespace coppice::fault {

namespace {

term must_parse(std::string_view text) {
  auto result = parse_term(text);
  if (!result)
    throw std::invalid_argument{"\"" + std::string{text} + "\" "
                                + to_string(result.error())};
  return *std::move(result);
}

} // namespace

armed_for::armed_for(registry& owner, std::string_view pattern,
                     std::string_view text)
    : owner_(owner), pattern_(pattern), fires_before_(owner.fires(pattern)) {
  if (auto armed = owner_.arm(pattern_, must_parse(text)); !armed)
    throw std::invalid_argument{to_string(armed.error())};
}

armed_for::~armed_for() {
  owner_.disarm(pattern_);
}

std::uint64_t armed_for::fires() const {
  return owner_.fires(pattern_) - fires_before_;
}

} // namespace coppice::fault
