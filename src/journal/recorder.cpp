// SPDX-License-Identifier: BSD-3-Clause

#include "journal/recorder.hpp"

#include "journal/journal_path.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace coppice::journal {

namespace {

using kind = recorder::news::kind;

// If that many are gone or damaged one after the other, it can wait.
constexpr int most_files_at_once = 4;

std::string count_of(std::uint64_t n) {
  return std::to_string(n) + (n == 1 ? " event" : " events");
}

} // namespace

recorder::recorder(std::filesystem::path file, bounds limit, std::size_t most)
    : file_(std::move(file)), limit_(limit), waiting_(most) {
  // nop
}

std::vector<recorder::news>
recorder::record(std::span<const observe::event> events,
                 clock::time_point now) {
  std::lock_guard guard{mutex_};
  std::vector<news> told;
  if (finished_) {
    missed_ += events.size();
  } else {
    add(events, told);
    if (!retry_ || now >= *retry_)
      try_to_write(now, told);
  }
  publish_numbers();
  return told;
}

void recorder::miss(std::uint64_t count) {
  std::lock_guard guard{mutex_};
  missed_ += count;
  publish_numbers();
}

std::uint64_t recorder::lost() const noexcept {
  return waiting_.lost() + missed_;
}

void recorder::add(std::span<const observe::event> events,
                   std::vector<news>& told) {
  auto before = waiting_.lost();
  waiting_.add(events);
  if (waiting_.lost() > before && !std::exchange(overflows_, true))
    told.push_back({kind::failed, "too many events wait to be written: the "
                                  "oldest are lost from now on"});
}

std::vector<recorder::news> recorder::finish() {
  std::lock_guard guard{mutex_};
  std::vector<news> told;
  if (std::exchange(finished_, true))
    return told;
  try_to_write(clock::now(), told);
  if (!waiting_.empty()) {
    told.push_back({kind::failed, count_of(waiting_.size())
                                    + " could not be written any more, and "
                                    + "are lost"});
    waiting_.lose_all();
  }
  if (writer_ && !retry_)
    writer_->finish();
  writer_.reset();
  publish_numbers();
  return told;
}

void recorder::try_to_write(clock::time_point now, std::vector<news>& told) {
  auto done = [&]() -> expected<void, store_error> {
    try {
      return write(told);
    } catch (const std::exception& problem) { // out of memory, and the like
      return unexpected{store_error{problem.what()}};
    }
  }();
  if (done) {
    on_success(told);
    return;
  }
  auto in_use = done.error().kind == trouble::in_use;
  if (!in_use) // else the connection is a good one
    writer_.reset();
  on_failure(done.error(), in_use ? longest_pause_in_use : longest_pause, now,
             told);
}

expected<void, store_error> recorder::write(std::vector<news>& told) {
  for (auto left = most_files_at_once; left > 0; --left) {
    if (writer_ && writer_->is_gone()) {
      writer_.reset();
      gone_ = true;
    }
    auto which = writer_ ? writer_->identity() : identity_of(file_);
    auto all = write_waiting(told);
    if (all && *all)
      return {};
    if (all)
      continue;
    if (all.error().kind != trouble::corrupt || left == 1)
      return unexpected{all.error()};
    if (auto moved = replace(all.error(), which, told); !moved)
      return moved;
  }
  return unexpected{
    store_error{file_.string() + " is replaced all the time", trouble::in_use}};
}

// Gives false if the file was deleted or replaced meanwhile: then what was
// written last may be in no file.
expected<bool, store_error> recorder::write_waiting(std::vector<news>& told) {
  if (!writer_) {
    auto opened = writer::open(file_, limit_, run_);
    if (!opened)
      return unexpected{opened.error()};
    writer_ = std::move(*opened);
    note_file(told);
    note_number(told);
  }
  while (!waiting_.empty()) {
    auto next = waiting_.first();
    if (auto done = writer_->append(next); !done)
      return unexpected{done.error()};
    note_number(told);
    if (writer_->is_gone())
      return false;
    waiting_.remove(next.size());
    std::lock_guard guard{look_mutex_};
    kept_ = std::max(kept_, next.back().seq);
  }
  return true;
}

void recorder::note_file(std::vector<news>& told) {
  auto now = writer_->identity();
  auto before = std::exchange(identity_, now);
  if (std::exchange(gone_, false) || (before && *before != now))
    told.push_back({kind::replaced, file_.string()
                                      + " was deleted or replaced; a new file "
                                        "is written"});
}

void recorder::note_number(std::vector<news>& told) {
  auto now = writer_->run();
  auto before = std::exchange(run_.number, now);
  if (!before || *before == now)
    return;
  auto text = "this is run " + std::to_string(now)
              + " in it, since another one has number "
              + std::to_string(*before);
  if (!told.empty() && told.back().what == kind::replaced)
    told.back().text += "; " + text;
  else
    told.push_back({kind::resumed, text});
}

// Makes a place for a new file, unless somebody else has put one there.
expected<void, store_error>
recorder::replace(const store_error& problem,
                  const std::optional<file_identity>& which,
                  std::vector<news>& told) {
  auto moved = move_aside(file_, which);
  if (!moved)
    return unexpected{moved.error()};
  writer_.reset(); // not earlier: another file could get the same inode
  if (!*moved)
    return {};
  identity_.reset(); // the next line reports it
  told.push_back({kind::replaced, problem.text + "; it is moved to "
                                    + (*moved)->string()
                                    + ", and a new file is written"});
  return {};
}

void recorder::on_failure(const store_error& problem,
                          std::chrono::seconds longest, clock::time_point now,
                          std::vector<news>& told) {
  if (!retry_) {
    pause_ = first_pause;
    lost_before_ = lost();
    // Here, since it takes a while to find out: it is done once an outage.
    auto holders = problem.kind == trouble::in_use ? holders_text(file_) : "";
    told.push_back({kind::failed, problem.text + holders
                                    + "; events wait, and it is tried again"});
  }
  pause_ = std::min(pause_, longest);
  retry_ = now + pause_;
  pause_ *= 2;
}

void recorder::on_success(std::vector<news>& told) {
  overflows_ = false;
  if (!std::exchange(retry_, std::nullopt))
    return;
  auto lost_since = lost() - lost_before_;
  told.push_back({kind::resumed, lost_since == 0 ? "nothing is missing from it"
                                                 : count_of(lost_since)
                                                     + " are missing from it"});
}

void recorder::publish_numbers() {
  std::lock_guard guard{look_mutex_};
  numbers_ = {writer_.has_value() && !retry_, waiting_.size(), lost()};
  fails_ = retry_.has_value() || finished_;
  changed_.notify_all();
}

recorder::numbers recorder::look() const noexcept {
  std::lock_guard guard{look_mutex_};
  auto result = numbers_;
  result.writes = result.writes && attended_;
  return result;
}

void recorder::attended(bool on) {
  std::lock_guard guard{look_mutex_};
  attended_ = on;
  changed_.notify_all();
}

bool recorder::wait_until_kept(std::uint64_t seq,
                               std::chrono::milliseconds timeout) const {
  std::unique_lock guard{look_mutex_};
  return changed_.wait_for(
    guard, timeout, [&] { return kept_ >= seq || fails_ || !attended_; });
}

} // namespace coppice::journal
