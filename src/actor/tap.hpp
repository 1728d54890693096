// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "supervision/command.hpp"

#include <caf/message.hpp>

namespace coppice::actor {

class supervisor;

/// Watches the supervisors of a tree at work. Its functions are called on the
/// supervisor's thread.
class tap {
public:
  virtual ~tap() = default;

  /// `who` is about to carry out `cmd`.
  virtual void on_command(const supervisor& who,
                          const supervision::command& cmd)
    = 0;

  /// `who` drops a message that it does not know.
  virtual void on_unexpected(const supervisor& who, const caf::message& what)
    = 0;
};

} // namespace coppice::actor
