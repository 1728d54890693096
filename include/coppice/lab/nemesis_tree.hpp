#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/lab/nemesis_aim.hpp"
#include "coppice/lab/nemesis_run.hpp"

#include <map>
#include <set>

namespace coppice::lab {

/// Time that stands still until a run waits; see `actor::virtual_time`.
class virtual_nemesis_clock final : public nemesis_clock {
public:
  explicit virtual_nemesis_clock(actor::virtual_time& time);

  std::chrono::milliseconds now() override;
  bool wait_until(std::chrono::milliseconds when) override;

private:
  actor::virtual_time& time_;
  supervision::time_point start_;
};

/// Strikes a tree of this process, which need not be a server's. What only a
/// listener has, toxics and reactors to stall, is refused.
class tree_striker final : public nemesis_striker {
public:
  /// `clock` has to be the run's.
  tree_striker(actor::runtime_ptr rt, nemesis_clock& clock);

  nemesis_answer strike(const nemesis_moment& what) override;
  std::string heal() override;

private:
  nemesis_answer undo(const nemesis_moment& what);
  nemesis_answer arm(const std::string& point, const std::string& term);
  nemesis_answer strike_actor(const nemesis_moment& what,
                              const std::string& path);
  std::vector<nemesis_actor> look() const;
  void settle();

  actor::runtime_ptr rt_;
  nemesis_clock& clock_;
  nemesis_aim aim_;
  // Who was struck, by step and turn, to be able to undo it.
  std::map<std::pair<std::size_t, std::uint64_t>, std::string> struck_;
  std::set<std::string> armed_;
  std::set<std::string> suspended_;
};

} // namespace coppice::lab
