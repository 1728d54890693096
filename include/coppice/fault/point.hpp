// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/registry.hpp"

#include <optional>
#include <string_view>

/// Whether fault points are compiled in: the Meson option `fault_injection`.
#ifndef COPPICE_FAULT_INJECTION
#define COPPICE_FAULT_INJECTION 1
#endif

namespace coppice::fault {

template <bool Enabled>
class basic_point;

/// A place where faults can be asked for:
///
///     fault::point save_{registry, "app.save", "before the file is written"};
///     …
///     save_.apply();
///
/// Points of one name share their term and their counts. Copying is cheap.
/// Thread-safe.
using point = basic_point<COPPICE_FAULT_INJECTION != 0>;

template <>
class basic_point<true> {
public:
  /// A point that cannot be armed, for code without a registry.
  basic_point() = default;

  /// See `registry::declare` for what a name is. Arming it with anything but
  /// `actions` is refused.
  basic_point(registry& owner, std::string_view name,
              std::string_view description,
              action_set actions = action_set::all(),
              place where = place::current())
      : site_(&owner.declare(name, description, actions, where)) {
    // nop
  }

  /// Whether `hit` may return anything. Ask this first where preparing the call
  /// costs something.
  bool armed() const noexcept {
    return site_->armed();
  }

  /// Tells what is to happen here, for the place to do it. Never blocks or
  /// throws. While the point is not armed it costs a load and a branch.
  [[nodiscard]] std::optional<decision> hit() const {
    if (!site_->armed()) [[likely]]
      return std::nullopt;
    return site_->hit();
  }

  /// Blocks the thread as a delay or hang says: for its time, but not beyond
  /// the moment when the point is disarmed or armed again.
  void block(const decision& what) const {
    what.origin->block(what);
  }

  /// Does what code on a thread of its own can do about any decision: throws
  /// `injected`, or std::system_error for an error; blocks for delay and hang.
  /// For what only the place could do, std::logic_error says so.
  void apply(const decision& what) const {
    what.origin->apply(what);
  }

  /// The same for the decision of `hit`, if there is one.
  void apply() const {
    if (auto what = hit())
      apply(*what);
  }

private:
  site* site_ = &site::unarmable();
};

/// What is left of a point where faults are compiled out: nothing.
template <>
class basic_point<false> {
public:
  constexpr basic_point() = default;

  constexpr basic_point(registry&, std::string_view, std::string_view,
                        action_set = action_set::all(), place = {}) noexcept {
    // nop
  }

  static constexpr bool armed() noexcept {
    return false;
  }

  [[nodiscard]] constexpr std::optional<decision> hit() const noexcept {
    return std::nullopt;
  }

  constexpr void block(const decision&) const noexcept {
    // nop
  }

  constexpr void apply(const decision&) const noexcept {
    // nop
  }

  constexpr void apply() const noexcept {
    // nop
  }
};

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

  /// Whether `hit` may return anything. Ask this first where making the path
  /// costs something.
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
