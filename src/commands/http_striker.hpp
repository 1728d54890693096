// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/client.hpp"
#include "nemesis/aim.hpp"
#include "nemesis/run.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace coppice::commands {

/// Strikes a running server over its admin API. Each call blocks for some
/// seconds at most.
class http_striker final : public nemesis::striker {
public:
  /// `clock` has to be the run's.
  http_striker(admin::client server, nemesis::clock& clock);

  nemesis::answer strike(const nemesis::moment& what) override;

  /// Tries until the server is well, but no longer than a limit.
  expected<void, std::string> heal() override;

  /// The server's tree; nothing while it does not answer.
  std::optional<std::vector<nemesis::target>> look() const;

  /// Renews the lease that everything is done on: what this process does not
  /// undo, because it was killed, the server undoes some seconds later.
  admin::answer keep_lease();

  /// The same, if the last time was a while ago.
  void keep_lease_if_due();

private:
  using turn = std::pair<std::size_t, std::uint64_t>;

  std::string on_lease(const std::string& path) const;
  nemesis::answer undo(const nemesis::moment& what);
  nemesis::answer strike_actor(const nemesis::moment& what);
  nemesis::answer add_toxic(const nemesis::moment& what);
  nemesis::answer stall(const nemesis::moment& what);
  admin::answer ask_for(const nemesis::moment& what, const std::string& path);
  expected<void, std::string> heal_once();
  expected<void, std::string> remove_toxics();
  expected<void, std::string> all_well() const;

  admin::client server_;
  nemesis::clock& clock_;
  nemesis::aim aim_;
  std::string lease_;
  std::chrono::steady_clock::time_point kept_ = {};
  // What can be undone: the actor that a step struck in its turn.
  std::map<turn, std::string> struck_;
  std::set<std::string> suspended_;
  std::set<std::string> toxics_; // as paths of the API
};

} // namespace coppice::commands
