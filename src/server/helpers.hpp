// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"

#include <vector>

namespace coppice {

/// The supervisor of what serves no clients: the journal, the admin API and the
/// like. It and each of them have a restart budget and a back-off of their own.
/// So a helper that ends is started again later, and never ends the server,
/// however often that happens.
actor::child_spec helpers_child(std::vector<actor::child_spec> helpers);

} // namespace coppice
