// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/leases.hpp"
#include "admin/route.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::admin {

/// PUT and DELETE of `/leases/NAME`.
std::vector<route> lease_routes(leases& all);

/// Whether an operation does something that may be on a lease.
bool may_be_on_lease(lease_effect effect);

/// What undoes such a one, once it was answered with `answer`: requests to the
/// same API, one for each thing.
std::vector<request> undoing(lease_effect effect, const call& asked,
                             const response& answer);

/// Stands for what a request of `undoing` undoes.
std::string key_of(const request& undo);

/// Which of those keys stand for something that is no more once `asked` is
/// done; an empty function: none.
std::function<bool(std::string_view key)>
clearing(lease_effect effect, const request& asked, const nlohmann::json& body);

/// The lease that a request names by `?lease=NAME`; null: none.
const std::string* lease_of(const request& req);

/// What is answered where a lease has run out.
response no_lease(const std::string& name);

} // namespace coppice::admin
