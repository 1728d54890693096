// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/eventual.hpp"
#include "coppice/supervision/command.hpp"

#include <caf/actor.hpp>

#include <optional>
#include <string>
#include <variant>

namespace coppice::actor {

/// A child that was started; `child` is null if its start function ignored.
struct child_ref {
  caf::actor child;
  std::string info = {}; ///< What the start function gave with it.
};

/// Why a request was not carried out.
struct refused {
  supervision::refusal why;
  caf::actor child = {};                               ///< For already_started.
  std::optional<supervision::exit_reason> reason = {}; ///< For start_failed.
  std::optional<supervision::spec_error> spec = {};    ///< For invalid_spec.
};

/// `already_started`, `start_failed: boom`, `invalid_spec: a child needs an id`
std::string to_string(const refused& what);

/// What a request comes to.
template <class T>
using answer = std::variant<T, refused>;

/// An answer that is on its way. `then` calls on the supervisor's thread.
template <class T>
using pending = eventual<answer<T>>;

} // namespace coppice::actor
