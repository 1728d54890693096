// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What a bad network does to connections, for tests: Toxiproxy's toxics, with
/// its names, attributes and units; `limit_time`, `packet_loss`, `corrupt`,
/// `down` and a bandwidth that is shared are coppice's own.
///
/// Source: Toxiproxy 2, github.com/Shopify/toxiproxy.
namespace coppice::net {

/// The bytes that a toxic is put on.
enum class toxic_stream {
  upstream,   ///< From the client to the server.
  downstream, ///< From the server to the client.
};

std::string_view to_string(toxic_stream value);

/// Nothing if it is neither of them.
std::optional<toxic_stream> parse_toxic_stream(std::string_view text);

/// Everything is late by `latency`, and by up to `jitter` more or less.
struct latency_toxic {
  std::chrono::milliseconds latency{0};
  std::chrono::milliseconds jitter{0};
};

/// No more than `rate` KB (of 1000 bytes) pass in a second. 0: nothing does.
/// With `shared` 1 all connections that have it together, first come, first
/// served; else each of them.
struct bandwidth_toxic {
  std::int64_t rate = 0;
  std::int64_t shared = 0;
};

/// The end of the stream is late by `delay`.
struct slow_close_toxic {
  std::chrono::milliseconds delay{0};
};

/// Bytes are lost, and after `timeout` without any the connection is closed;
/// 0: it stays. Also closed when the toxic is removed, since there is a gap.
struct timeout_toxic {
  std::chrono::milliseconds timeout{0};
};

/// Nothing passes; `timeout` after the first bytes the connection is reset.
struct reset_peer_toxic {
  std::chrono::milliseconds timeout{0};
};

/// What comes together is cut into pieces of `average_size` bytes, give or take
/// `size_variation`, and each but the first is late by `delay`.
struct slicer_toxic {
  std::int64_t average_size = 0;
  std::int64_t size_variation = 0;
  std::chrono::microseconds delay{0};
};

/// After `bytes` bytes, the connection is closed.
struct limit_data_toxic {
  std::int64_t bytes = 0;
};

/// `time` after the toxic was put on the connection, or the connection has
/// begun, it is closed, unless its stream has ended before.
struct limit_time_toxic {
  std::chrono::milliseconds time{0};
};

/// Of a million packets (1460 bytes, or less that come alone) this number is
/// lost, each time that they are sent. TCP sends them again: no byte is
/// missing, but a packet and all behind it are late by 200 ms, after a second
/// loss by another 400 ms, and so on up to two minutes. After sixteen losses,
/// or if all are lost, nothing passes any more.
struct packet_loss_toxic {
  std::int64_t per_million = 0;
};

/// Of a million bytes this number arrives with one bit turned over. Which ones
/// does not depend on how they come in pieces.
struct corrupt_toxic {
  std::int64_t per_million = 0;
};

/// The listener's port is closed, and so are its connections, as with a
/// disabled proxy of Toxiproxy's; for a whole listener only.
struct down_toxic {};

using toxic_effect
  = std::variant<latency_toxic, bandwidth_toxic, slow_close_toxic,
                 timeout_toxic, reset_peer_toxic, slicer_toxic,
                 limit_data_toxic, limit_time_toxic, packet_loss_toxic,
                 corrupt_toxic, down_toxic>;

class shared_line;

/// A toxic as it is asked for.
struct toxic {
  toxic_effect effect = {};
  toxic_stream stream = toxic_stream::downstream;
  double toxicity = 1;   ///< The share of connections it is put on: 0 … 1.
  std::string name = {}; ///< Empty: TYPE_STREAM.
};

/// `latency`, `bandwidth`, …
std::string_view type_of(const toxic_effect& what) noexcept;

/// The effect of that type, with all attributes 0; nothing if there is none.
std::optional<toxic_effect> parse_toxic_type(std::string_view type);

/// All types.
std::vector<std::string> toxic_type_names();

/// … in one text, for a person.
std::string toxic_types();

/// The attributes and their values, in Toxiproxy's units.
std::vector<std::pair<std::string_view, std::int64_t>>
attributes(const toxic_effect& what);

/// An attribute without which a toxic does nothing, or something unexpected,
/// with an example: `latency=100`. Empty: it needs none.
std::string needed_attribute(const toxic_effect& what);

/// Sets an attribute, or says what is wrong and changes nothing.
expected<void, std::string>
set_attribute(toxic_effect& what, std::string_view name, std::int64_t value);

/// Looks at a toxic as a whole, and says what is wrong with it. Gives it its
/// name if it has none.
expected<void, std::string> complete(toxic& what);

/// A toxic that was added, and where.
struct placed_toxic {
  toxic what;
  std::uint64_t id = 0;       ///< No two have the same.
  std::uint64_t revision = 0; ///< Grows when its attributes change.
  std::optional<std::uint64_t> connection = {}; ///< Unset: all of them.
  /// What the connections of a shared bandwidth share; null for all others.
  std::shared_ptr<shared_line> line = {};
};

/// In the order in which they were added, which is that of their effects.
using toxic_list = std::vector<placed_toxic>;

/// Why a toxic is not put on, changed or taken off.
struct toxic_refusal {
  enum class kind {
    invalid, ///< There cannot be such a toxic.
    taken,   ///< There is one of that name already.
    unknown, ///< There is no such toxic, or no such connection.
    failed,  ///< The listener could not be opened again.
  };

  kind why;
  std::string message; ///< For a person.
};

using toxic_result = expected<void, toxic_refusal>;

/// The connection that toxics are put on; unset: all of them.
using toxic_target = std::optional<std::uint64_t>;

inline bool takes_listener_down(const toxic& what) noexcept {
  return std::holds_alternative<down_toxic>(what.effect);
}

} // namespace coppice::net
