// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/peer_address.hpp"
#include "coppice/supervision/child_spec.hpp"
#include "observe/recent.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::observe {

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

/// Carries the starts and ends of connections from reactors to any number of
/// readers. Each reactor writes to a ring of its own; nothing is allocated on
/// the way, nobody waits, and what nobody reads in time is counted. What was
/// read is kept for a while, for the other readers.
class connection_log {
public:
  /// The ring of one writer. `push` is for one thread.
  class source {
  public:
    static constexpr std::size_t capacity = 1024;

    explicit source(std::string path);

    /// The path of the actor that the connections belong to.
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

  /// Gives `fn` all that was written and that nobody has read yet, by path, in
  /// order. Any thread; `fn` must not read.
  void drain(const reader& fn);

  /// Gives `fn` all that was written after the one numbered `seq`, also if
  /// others have read it. Returns the number of the last. What was dropped
  /// meanwhile, because others read faster, counts as lost. Any thread.
  std::uint64_t read_after(std::uint64_t seq, const reader& fn);

  /// At most `limit` of those that were read, after the one numbered `seq`;
  /// 0: all. Any thread.
  excerpt after(std::uint64_t seq, std::size_t limit) const;

  /// Records that a reader did not get in time. Any thread.
  std::uint64_t lost() const;

  /// Says that there is something to read. Any thread.
  void flush();

  /// Sets what `flush` calls for the reader of that name; it must not block.
  /// Empty: nothing. Any thread.
  void on_pending(const std::string& who, std::function<void()> wake);

private:
  bool drain_some(std::size_t limit, const reader& fn);
  void keep(const std::shared_ptr<source>& from, const connection_record& what);

  std::mutex draining_; // held by the thread that reads the rings
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<source>> sources_;       // guarded by mutex_
  std::map<std::string, std::function<void()>> wakes_; // guarded by mutex_
  std::atomic<std::uint64_t> missed_ = 0;
  mutable std::mutex kept_mutex_;
  recent<kept_record> kept_{most_kept}; // guarded by kept_mutex_
};

} // namespace coppice::observe
