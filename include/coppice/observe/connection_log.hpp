// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/recent.hpp"
#include "coppice/supervision/clock.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::observe {

/// Who is at the other end of a connection, without a string.
struct peer_address {
  enum class kind : std::uint8_t { unknown, ipv4, ipv6, unix_socket };

  std::array<std::uint8_t, 16> bytes = {}; ///< IPv4: the first four.
  std::uint32_t scope = 0;                 ///< Of a link-local IPv6 address.
  std::uint16_t port = 0;
  kind family = kind::unknown;

  friend bool operator==(const peer_address&, const peer_address&) = default;
};

/// `127.0.0.1:41234`, `[fe80::1%2]:41234`, `unix`.
std::string to_string(const peer_address& peer);

/// The start or the end of one connection.
struct connection_record {
  enum class kind : std::uint8_t { opened, closed };

  supervision::time_point time = {};
  std::uint64_t connection = 0; ///< Unique within its listener.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::chrono::nanoseconds lasted = {};
  peer_address peer = {};
  kind what = kind::opened;
  std::array<char, 47> reason = {}; ///< Cut off if it is longer.

  std::string_view reason_text() const noexcept {
    return std::string_view{reason.data()};
  }

  void set_reason(std::string_view text) noexcept;
};

/// `connected: peer …`, `closed: REASON, peer …, 0.5 s, 3 bytes in, …`
std::string describe(const connection_record& record);

/// Carries the starts and ends of connections from reactors to one reader.
/// Each reactor writes to a ring of its own; nothing is allocated on the way,
/// nobody waits, and what nobody reads in time is counted. What was read is
/// kept for a while, for any number of others.
class connection_log {
public:
  /// The ring of one writer. `push` is for one thread, `drain` for another.
  class source {
  public:
    static constexpr std::size_t capacity = 1024;

    explicit source(std::string path);

    /// The path of whom the connections belong to.
    const std::string& path() const noexcept {
      return path_;
    }

    /// False if the ring is full and the record lost.
    bool push(const connection_record& record) noexcept;

  private:
    friend class connection_log;

    std::string path_;
    std::vector<connection_record> ring_;
    std::atomic<std::uint64_t> written_ = 0;
    std::atomic<std::uint64_t> read_ = 0;
    std::atomic<std::uint64_t> lost_ = 0;
  };

  /// How many records are kept that were read.
  static constexpr std::size_t most_kept = 4096;

  struct kept_record {
    std::shared_ptr<const source> from;
    connection_record what;
  };

  struct excerpt {
    std::vector<kept_record> records; ///< In the order of reading.
    std::uint64_t first_seq = 0;      ///< The number of the first.
    std::uint64_t missed = 0;         ///< Between, that are not kept any more.
    std::uint64_t last_seq = 0;
  };

  using reader
    = std::function<void(std::string_view path, const connection_record&)>;

  /// The ring for connections of `path`, always the same. Any thread.
  std::shared_ptr<source> at(std::string_view path);

  /// Gives `fn` all that was written, by path, in order. One thread at a time.
  void drain(const reader& fn);

  /// At most `limit` of those that were drained, after the one numbered `seq`;
  /// 0: all. Any thread.
  excerpt after(std::uint64_t seq, std::size_t limit) const;

  /// Records that nobody read in time. Any thread.
  std::uint64_t lost() const;

  /// Says that there is something to read. Any thread.
  void flush();

  /// Sets what `flush` calls; it must not block. Empty: nothing. Any thread.
  void on_pending(std::function<void()> wake);

private:
  void keep(const std::shared_ptr<source>& from, const connection_record& what);

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<source>> sources_;
  std::function<void()> wake_;
  mutable std::mutex kept_mutex_;
  recent<kept_record> kept_{most_kept}; // guarded by kept_mutex_
};

} // namespace coppice::observe
