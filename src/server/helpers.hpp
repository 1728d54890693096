// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"

#include <vector>

namespace coppice {

/// The supervisor of what serves nobody: the journal, the admin API and what
/// may come. It and each of them have a restart budget and a back-off of their
/// own. So the end of a helper is an event and a start later, and never the
/// end of the server, however often it happens.
actor::child_spec helpers_child(std::vector<actor::child_spec> helpers);

} // namespace coppice
