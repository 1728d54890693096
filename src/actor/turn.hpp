// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/caf/actors.hpp"

#include <caf/resumable.hpp>

#include <cstddef>

namespace coppice::actor {

/// Gives `who` a turn on `host`, in which it handles at most `messages`
/// messages. Returns whether it has more to do: then it must get another turn.
/// Otherwise its reference is released, and whatever makes it runnable posts it
/// again.
inline bool give_turn(caf::resumable* who, host_context& host,
                      std::size_t messages) {
  if (who->resume(&host, messages) == caf::resumable::resume_later)
    return true;
  release(who);
  return false;
}

} // namespace coppice::actor
