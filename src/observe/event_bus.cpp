// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/event_bus.hpp"

#include "observe/recent.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace coppice::observe {

// What a bus and its readers share; each of them may be the last that is left.
struct event_bus::core {
  explicit core(std::size_t capacity) : kept(capacity) {
    // nop
  }

  excerpt after(std::uint64_t seq, std::size_t limit) const {
    auto found = kept.after(seq, limit);
    excerpt result{{}, found.missed};
    for (auto next = found.first; next < found.end; ++next)
      result.events.push_back(kept.at(next));
    return result;
  }

  mutable std::mutex mutex;
  std::condition_variable changed;
  // All guarded by mutex:
  std::size_t sleepers = 0;
  std::uint64_t interrupts = 0;
  recent<std::shared_ptr<const event>> kept;
  std::vector<event_reader::cursor*> readers;
  std::map<std::string, std::uint64_t> missed_by_former; // readers
};

struct event_reader::cursor {
  cursor(std::shared_ptr<event_bus::core> from, std::string who,
         std::uint64_t seq)
      : bus(std::move(from)), name(std::move(who)) {
    std::lock_guard guard{bus->mutex};
    position = std::min(seq, bus->kept.last());
    bus->readers.push_back(this);
  }

  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;

  ~cursor() {
    std::lock_guard guard{bus->mutex};
    std::erase(bus->readers, this);
    bus->missed_by_former[name] += all_missed();
  }

  // The caller holds the mutex.
  std::uint64_t all_missed() const {
    auto kept = bus->kept.first() - 1;
    return missed + (kept > position ? kept - position : 0);
  }

  const std::shared_ptr<event_bus::core> bus;
  const std::string name;
  // All guarded by bus->mutex:
  std::uint64_t position = 0; // the number of the last that was taken
  std::uint64_t missed = 0;   // … of those before it
  std::function<void()> wake;
};

// -- the bus ------------------------------------------------------------------

event_bus::event_bus(std::size_t capacity)
    : boot_(static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch().count())),
      core_(std::make_shared<core>(capacity)) {
  // nop
}

std::uint64_t event_bus::publish(event ev) {
  auto kept = std::make_shared<event>(std::move(ev));
  kept->reason = shortened(std::move(kept->reason));
  kept->detail = shortened(std::move(kept->detail), longest_detail);
  std::lock_guard guard{core_->mutex};
  auto seq = kept->seq = core_->kept.last() + 1;
  kept->time = std::chrono::steady_clock::now();
  kept->wall_time = std::chrono::system_clock::now();
  core_->kept.push(std::move(kept));
  for (auto* each : core_->readers)
    if (each->wake && each->position + 1 == seq) // it had taken all
      each->wake();
  if (core_->sleepers > 0)
    core_->changed.notify_all();
  return seq;
}

excerpt event_bus::after(std::uint64_t seq, std::size_t limit) const {
  std::lock_guard guard{core_->mutex};
  return core_->after(seq, limit);
}

std::uint64_t event_bus::last_seq() const {
  std::lock_guard guard{core_->mutex};
  return core_->kept.last();
}

std::map<std::string, std::uint64_t> event_bus::missed() const {
  std::lock_guard guard{core_->mutex};
  auto result = core_->missed_by_former;
  for (auto* each : core_->readers)
    result[each->name] += each->all_missed();
  return result;
}

void event_bus::interrupt() {
  std::lock_guard guard{core_->mutex};
  ++core_->interrupts;
  core_->changed.notify_all();
}

// -- its readers --------------------------------------------------------------

event_reader::event_reader(event_bus& from, std::string name, std::uint64_t seq)
    : cursor_(std::make_unique<cursor>(from.core_, std::move(name), seq)) {
  // nop
}

event_reader::~event_reader() = default;

event_reader::event_reader(event_reader&&) noexcept = default;

event_reader& event_reader::operator=(event_reader&&) noexcept = default;

excerpt event_reader::take(std::size_t limit) {
  std::lock_guard guard{cursor_->bus->mutex};
  auto result = cursor_->bus->after(cursor_->position, limit);
  cursor_->missed += result.missed;
  cursor_->position += result.missed + result.events.size();
  return result;
}

std::uint64_t event_reader::position() const {
  std::lock_guard guard{cursor_->bus->mutex};
  return cursor_->position;
}

std::uint64_t event_reader::missed() const {
  std::lock_guard guard{cursor_->bus->mutex};
  return cursor_->all_missed();
}

void event_reader::on_pending(std::function<void()> wake) {
  std::lock_guard guard{cursor_->bus->mutex};
  cursor_->wake = std::move(wake);
  if (cursor_->wake && cursor_->position < cursor_->bus->kept.last())
    cursor_->wake();
}

void event_reader::wait(std::chrono::milliseconds timeout) const {
  auto& bus = *cursor_->bus;
  std::unique_lock guard{bus.mutex};
  ++bus.sleepers;
  bus.changed.wait_for(guard, timeout, [&, before = bus.interrupts] {
    return bus.kept.last() > cursor_->position || bus.interrupts != before;
  });
  --bus.sleepers;
}

} // namespace coppice::observe
