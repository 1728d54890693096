// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/request.hpp"
#include "supervision/event.hpp"

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// How requests travel; for the supervisor itself.
namespace coppice::actor {

using reply = std::variant<supervision::done, child_ref, refused,
                           std::vector<child_info>, child_info,
                           supervision::child_counts, supervision::child_spec>;

/// A request on its way to a supervisor. It is answered once in any case: if
/// nobody else does, because the supervisor has ended or ends, by its end.
class ticket {
public:
  /// Requests that are about a child by its handle, which only the supervisor
  /// can translate.
  struct start_with {
    std::any arguments;
  };
  struct start_spec {
    child_spec spec;
  };
  struct terminate {
    caf::actor child;
  };
  struct which {
    caf::actor child;
  };
  struct spec_of {
    caf::actor child;
  };

  using body = std::variant<supervision::request_body, start_with, start_spec,
                            terminate, which, spec_of>;

  ticket(body what, std::function<void(reply)> fn)
      : what(std::move(what)), fn_(std::move(fn)) {
    // nop
  }

  ticket(const ticket&) = delete;
  ticket& operator=(const ticket&) = delete;

  ~ticket() {
    if (fn_)
      answer(refused{supervision::refusal::noproc});
  }

  /// Returns whether the callback came back without an exception, which is not
  /// the supervisor's to deal with.
  bool answer(reply value) noexcept {
    try {
      std::exchange(fn_, nullptr)(std::move(value));
      return true;
    } catch (...) {
      return false;
    }
  }

  body what;

private:
  std::function<void(reply)> fn_;
};

} // namespace coppice::actor
