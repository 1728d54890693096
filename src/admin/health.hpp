// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/request.hpp"
#include "admin/response.hpp"
#include "coppice/actor/pending.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/net/listener.hpp"
#include "net/listener_set.hpp"
#include "supervision/forecast.hpp"

#include <caf/actor_addr.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coppice::admin {

/// Whether a server is alive, and whether it is ready for clients. Thread-safe;
/// waits for no actor.
class health {
public:
  using clock = std::chrono::steady_clock;

  /// A reactor that has not turned for this time, or a supervisor that has not
  /// answered, is not alive.
  static constexpr std::chrono::seconds patience{2};

  health(actor::runtime_ptr rt, net::listener_set listeners);

  /// Asks the supervisors whether they answer. To be called about once a
  /// second.
  void look();

  /// Why the process should be ended and started again; empty: it is alive.
  std::vector<std::string> why_not_alive() const;

  /// Why no new clients should be sent; empty: it is ready for them.
  std::vector<std::string> why_not_ready() const;

private:
  struct question {
    caf::actor_addr asked;
    clock::time_point at;
    actor::eventual<std::optional<supervision::forecast>> answer;
  };

  actor::runtime_ptr rt_;
  net::listener_set listeners_;
  mutable std::mutex mutex_;
  std::map<std::string, question> questions_; // guarded by mutex_; by path
};

/// What `GET /livez` or `/readyz` answers: 200, or 503 with the reasons; as
/// JSON if the request accepts that, else as lines. `name` is `alive` or
/// `ready`.
response health_answer(const request& req, const char* name,
                       const std::vector<std::string>& why_not);

} // namespace coppice::admin
