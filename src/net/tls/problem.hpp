// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/refusal.hpp"

#include <string>

namespace coppice::net {

/// What OpenSSL says went wrong last on this thread, for a person. Forgets it.
std::string last_problem();

/// Why a handshake has failed.
struct handshake_problem {
  refusal what;
  std::string text; ///< For a person.
};

/// The same, of a handshake. Forgets it.
handshake_problem last_handshake_problem();

} // namespace coppice::net
