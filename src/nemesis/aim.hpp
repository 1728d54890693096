// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/observe/tree.hpp"
#include "nemesis/schedule.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::nemesis {

/// What a striker has to know about an actor of the tree.
struct target {
  std::string path;
  bool worker = false;
  bool running = false;
  std::uint64_t incarnation = 0;
  // Of supervisors:
  std::int64_t intensity = 0;
  std::chrono::milliseconds period{0};
  std::int64_t budget_used = 0;
  /// What a child has of its own; its restarts count against that instead.
  std::optional<supervision::own_budget> own = {};
};

/// The tree in one list, parents first.
std::vector<target> actors_of(const observe::node_view& root);

/// The fault point that a moment arms, or disarms, for the actor at `path`.
std::string point_of(const moment& what, const std::string& path);

/// Why no actor is struck.
struct no_target {
  std::string why;     ///< For a person.
  bool spared = false; ///< There is one, but no restart left for it.
};

/// Picks the actor to strike, the same one for the same tree.
class aim {
public:
  /// Gives its path. `now` counts from any fixed time; what is picked counts as
  /// restarted.
  expected<std::string, no_target> pick(const moment& what,
                                        const std::vector<target>& actors,
                                        std::chrono::milliseconds now);

private:
  bool has_budget(const std::string& payer, std::chrono::milliseconds period,
                  std::int64_t used, std::int64_t intensity,
                  std::chrono::milliseconds now) const;

  // The times of kills, by the path whose budget pays for the restarts: the
  // tree may not show them yet.
  std::map<std::string, std::vector<std::chrono::milliseconds>> kills_;
};

} // namespace coppice::nemesis
