#pragma once

#include "coppice/lab/nemesis.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace coppice::lab {

/// Where a run takes its time from: real or virtual.
class nemesis_clock {
public:
  virtual ~nemesis_clock() = default;

  /// Since the run began.
  virtual std::chrono::milliseconds now() = 0;

  /// Lets time pass until then; false if the run is to end at once.
  virtual bool wait_until(std::chrono::milliseconds when) = 0;
};

/// What came of an action.
struct nemesis_answer {
  enum class kind {
    done,
    spared,  ///< By intent: no restart was left.
    missed,  ///< There was nobody to be struck, or the server was away.
    refused, ///< It will never be done; the run ends.
  };
  kind what = kind::done;
  std::string text = {}; ///< Who was struck, or why nobody was.
};

std::string_view to_string(nemesis_answer::kind value);

/// Who carries actions out: by HTTP, or within the process.
class nemesis_striker {
public:
  virtual ~nemesis_striker() = default;

  virtual nemesis_answer strike(const nemesis_moment& what) = 0;

  /// Undoes all that is not undone, and looks whether the tree is well again.
  /// Returns what is wrong; empty: nothing.
  virtual std::string heal() = 0;
};

struct nemesis_entry {
  std::chrono::milliseconds at{0}; ///< When it was really done.
  nemesis_moment moment;
  nemesis_answer answer;
};

/// What a run did.
struct nemesis_log {
  std::vector<nemesis_entry> entries = {};
  bool interrupted = false;
  std::string refused = {};    ///< Why it ended early, if that was it.
  std::string not_healed = {}; ///< Empty: it was healed.
  std::chrono::milliseconds healed_at{0};
};

/// Carries out a schedule of so long. It always heals at its end, also when it
/// is interrupted or `strike` throws.
class nemesis_run {
public:
  using observer = std::function<void(const nemesis_entry&)>;

  nemesis_run(nemesis_clock& clock, nemesis_striker& striker,
              observer told = {});

  /// `before_healing` is called once the last action is done.
  nemesis_log play(const std::vector<nemesis_moment>& moments,
                   std::chrono::milliseconds duration,
                   const std::function<void()>& before_healing = {});

private:
  void strike(const nemesis_moment& what, nemesis_log& into);
  void heal(nemesis_log& into);

  nemesis_clock& clock_;
  nemesis_striker& striker_;
  observer told_;
};

/// The steps that were never carried out though they came, and why.
std::vector<std::string> never_done(const nemesis_log& log);

} // namespace coppice::lab
