// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/client.hpp"
#include "nemesis/aim.hpp"
#include "nemesis/run.hpp"

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
  std::string heal() override;

  /// The server's tree; nothing while it does not answer.
  std::optional<std::vector<nemesis::target>> look() const;

private:
  using turn = std::pair<std::size_t, std::uint64_t>;

  nemesis::answer undo(const nemesis::moment& what);
  nemesis::answer strike_actor(const nemesis::moment& what);
  nemesis::answer add_toxic(const nemesis::moment& what);
  nemesis::answer stall(const nemesis::moment& what);
  admin::answer ask_for(const nemesis::moment& what, const std::string& path);
  std::string heal_once();
  std::string remove_toxics();
  std::string what_is_wrong() const;

  admin::client server_;
  nemesis::clock& clock_;
  nemesis::aim aim_;
  // What can be undone: the actor that a step struck in its turn.
  std::map<turn, std::string> struck_;
  std::set<std::string> suspended_;
  std::set<std::string> toxics_; // as paths of the API
};

} // namespace coppice::commands
