#pragma once

#include "coppice/actor/eventual.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/supervision/forecast.hpp"

#include <optional>
#include <string_view>

namespace coppice::actor {

/// What the supervisor of the actor at `path` says that it would do if that
/// one ended with `reason` now. It is asked by message, behind all that it has
/// to do already; it says nothing of children that have no id of their own,
/// and never answers if it ends before. Any thread.
///
/// Nothing if no supervisor has `path` for a child, as that of the root.
std::optional<eventual<std::optional<supervision::forecast>>>
foresee(const runtime& rt, std::string_view path,
        const supervision::exit_reason& reason);

} // namespace coppice::actor
