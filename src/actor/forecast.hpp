// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/pending.hpp"
#include "coppice/actor/runtime.hpp"
#include "supervision/forecast.hpp"

#include <optional>
#include <string_view>

namespace coppice::actor {

/// What the supervisor at `path` says that it would do if `what` happened now.
/// It is asked by message, behind all that it has to do already; it says
/// nothing of children that it does not have or that have no id of their own,
/// and never answers if it ends before. Any thread.
///
/// Nothing if there is no supervisor at `path`, or one without an engine.
std::optional<eventual<std::optional<supervision::forecast>>>
foresee(const runtime& rt, std::string_view path, supervision::incident what);

} // namespace coppice::actor
