// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/process/program.hpp"
#include "process/probe_target.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace coppice::process {

/// Looks again and again whether a program is ready: after 10 ms, then after
/// twice as long each time, at most after 500 ms. Ends with its destructor. For
/// the event thread.
class ready_check {
public:
  virtual ~ready_check() = default;
};

/// For `file`, `connect`, `http` and `command`; null for the other kinds. Calls
/// `ready` once, never within this call.
std::unique_ptr<ready_check>
make_ready_check(std::shared_ptr<const program> what,
                 const std::optional<probe_target>& probe,
                 const std::string& mark, std::function<void()> ready);

} // namespace coppice::process
