// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/point.hpp"

#include <optional>
#include <string_view>

namespace coppice::fault {

template <bool Enabled>
class basic_path_point;

/// A point that things at paths share, such as the start of an actor. It is
/// armed for all of them by its name, for some by NAME:PATTERN; a pattern
/// stands for the end of a path, too: `actor.start:worker`.
///
/// Copying is cheap. Thread-safe.
using path_point = basic_path_point<COPPICE_FAULT_INJECTION != 0>;

template <>
class basic_path_point<true> {
public:
  basic_path_point(registry& owner, std::string_view name,
                   std::string_view description,
                   action_set actions = action_set::all(),
                   place where = place::current())
      : site_(&owner.declare_for_paths(name, description, actions, where)) {
    // nop
  }

  /// Whether `hit` may tell anything, for those whom a path costs something.
  bool armed() const noexcept {
    return site_->armed();
  }

  /// As `point::hit`, for the thing at `path`.
  [[nodiscard]] std::optional<decision> hit(std::string_view path) const {
    if (!site_->armed()) [[likely]]
      return std::nullopt;
    return site_->hit(path);
  }

  /// As `point::block`.
  void block(const decision& what) const {
    what.origin->block(what);
  }

private:
  path_site* site_;
};

template <>
class basic_path_point<false> {
public:
  constexpr basic_path_point(registry&, std::string_view, std::string_view,
                             action_set = action_set::all(),
                             place = {}) noexcept {
    // nop
  }

  static constexpr bool armed() noexcept {
    return false;
  }

  [[nodiscard]] constexpr std::optional<decision>
  hit(std::string_view) const noexcept {
    return std::nullopt;
  }

  constexpr void block(const decision&) const noexcept {
    // nop
  }
};

} // namespace coppice::fault
