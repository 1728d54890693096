#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/admin/response.hpp"
#include "coppice/net/listener.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coppice::admin {

/// The events that are kept, as JSON: at most `limit` (1000) of those after the
/// one numbered `since` (0). Both are in `query`.
response events(const actor::runtime& rt,
                const std::map<std::string, std::string>& query);

/// What happens, as server-sent events. Those of the bus carry their number as
/// id. Besides, there are `hello` at the beginning, `tree` when it has changed,
/// `traffic` every second, and `missed` with the number of events that were not
/// kept for so long.
///
/// For one thread at a time.
class event_feed {
public:
  /// Begins after the event numbered `since`; that of an earlier process, which
  /// counted further, is taken for none. `greeting` is the data of `hello`.
  event_feed(actor::runtime_ptr rt,
             const std::vector<net::listener_ptr>& listeners,
             std::uint64_t since, std::string greeting);

  /// What is to be sent next. Waits a quarter of a second at most, and says
  /// something once a second in any case.
  std::string next();

private:
  std::string news();
  std::string tree_if_changed();
  std::string traffic() const;

  actor::runtime_ptr rt_;
  const std::vector<net::listener_ptr>& listeners_;
  std::uint64_t seq_;
  std::string greeting_;
  std::string tree_;
  supervision::time_point next_look_ = {};
  supervision::time_point next_traffic_ = {};
};

/// The number that a client gives: whole, and nothing else.
std::optional<std::uint64_t> parse_seq(const std::string& text);

} // namespace coppice::admin
