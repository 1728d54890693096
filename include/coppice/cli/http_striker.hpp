#pragma once

#include "coppice/admin/client.hpp"
#include "coppice/lab/nemesis_aim.hpp"
#include "coppice/lab/nemesis_run.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace coppice::cli {

/// Strikes a running server over its admin API. Each call blocks for some
/// seconds at most.
class http_striker final : public lab::nemesis_striker {
public:
  /// `clock` has to be the run's.
  http_striker(admin::client server, lab::nemesis_clock& clock);

  lab::nemesis_answer strike(const lab::nemesis_moment& what) override;

  /// Tries until the server is well, but no longer than a limit.
  std::string heal() override;

  /// The server's tree; nothing while it does not answer.
  std::optional<std::vector<lab::nemesis_actor>> look() const;

private:
  using turn = std::pair<std::size_t, std::uint64_t>;

  lab::nemesis_answer undo(const lab::nemesis_moment& what);
  lab::nemesis_answer strike_actor(const lab::nemesis_moment& what);
  lab::nemesis_answer add_toxic(const lab::nemesis_moment& what);
  lab::nemesis_answer stall(const lab::nemesis_moment& what);
  admin::answer ask_for(const lab::nemesis_moment& what,
                        const std::string& path);
  std::string heal_once();
  std::string remove_toxics();
  std::string what_is_wrong() const;

  admin::client server_;
  lab::nemesis_clock& clock_;
  lab::nemesis_aim aim_;
  // What can be undone: whom a step struck in its turn.
  std::map<turn, std::string> struck_;
  std::set<std::string> suspended_;
  std::set<std::string> toxics_; // as paths of the API
};

} // namespace coppice::cli
