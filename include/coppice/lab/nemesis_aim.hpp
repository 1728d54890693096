#pragma once

#include "coppice/lab/nemesis.hpp"
#include "coppice/observe/tree.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::lab {

/// What somebody who strikes has to know of an actor of the tree.
struct nemesis_actor {
  std::string path;
  bool worker = false;
  bool running = false;
  std::uint64_t incarnation = 0;
  // Of supervisors:
  std::int64_t intensity = 0;
  std::chrono::milliseconds period{0};
  std::int64_t budget_used = 0;
};

/// The tree in one list, parents first.
std::vector<nemesis_actor> nemesis_actors(const observe::node_view& root);

/// Picks who is to be struck, the same for the same tree.
class nemesis_aim {
public:
  struct result {
    std::string path; ///< Empty: nobody, and `why`.
    std::string why = {};
    bool spared = false; ///< There is one, but no restart left for it.
  };

  /// `now` counts from any fixed time; what is picked counts as restarted.
  result pick(const nemesis_moment& what,
              const std::vector<nemesis_actor>& actors,
              std::chrono::milliseconds now);

private:
  bool has_budget(const nemesis_actor& supervisor,
                  std::chrono::milliseconds now) const;

  // When children of a supervisor were killed: the tree may not know yet.
  std::map<std::string, std::vector<std::chrono::milliseconds>> kills_;
};

/// Whether `pattern`, in which `*` stands for any characters, is `text`.
bool matches(std::string_view pattern, std::string_view text);

} // namespace coppice::lab
