// SPDX-License-Identifier: BSD-3-Clause

#include "journal/journal.hpp"
#include "observe/event_counts.hpp"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace coppice::journal {

using observe::event_kind;

namespace {

event_kind kind_of(recorder::news::kind what) {
  switch (what) {
  case recorder::news::kind::failed:
    return event_kind::journal_failed;
  case recorder::news::kind::resumed:
    return event_kind::journal_resumed;
  case recorder::news::kind::replaced:
    return event_kind::journal_replaced;
  }
  return event_kind::notice;
}

// A file that may not grow any more is an error to report, and not the end of
// the process. Source: setrlimit(2), RLIMIT_FSIZE.
class size_limit_block {
public:
  size_limit_block() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }

  ~size_limit_block() {
    if (sigismember(&before_, SIGXFSZ) == 1)
      return;
    timespec none{};
    while (::sigtimedwait(&set_, nullptr, &none) > 0) {
      // nop: taken, so that it does not come now
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  size_limit_block(const size_limit_block&) = delete;
  size_limit_block& operator=(const size_limit_block&) = delete;

private:
  sigset_t set_{};
  sigset_t before_{};
};

} // namespace

scribe::scribe(actor::runtime_ptr rt, log_ptr out, recorder_ptr file)
    : rt_(std::move(rt)),
      events_(rt_->events, std::string{reader_name}),
      connections_(rt_->connections.after(0, 0).last_seq),
      out_(std::move(out)),
      file_(std::move(file)) {
  // nop
}

void scribe::write() {
  size_limit_block block;
  std::lock_guard guard{mutex_};
  take();
}

void scribe::finish() {
  size_limit_block block;
  std::lock_guard guard{mutex_};
  take();
  if (file_)
    tell(file_->finish());
  take(); // what that has to say is for the log
}

void scribe::on_pending(std::function<void()> wake) {
  events_.on_pending(wake);
  rt_->connections.on_pending(path(), std::move(wake));
}

void scribe::served_by(std::string path) {
  std::lock_guard guard{path_mutex_}; // a start must not wait for a disk
  path_ = std::move(path);
}

void scribe::attended(bool on) {
  if (file_)
    file_->attended(on);
}

void scribe::take() {
  // Here, since the counts are asked for too seldom elsewhere.
  rt_->event_counts.catch_up(rt_->events, rt_->tree);
  auto taken = events_.take();
  if (taken.missed > 0)
    tell_of_missed(taken.missed);
  std::vector<observe::event> events;
  for (auto& each : taken.events)
    events.push_back(*each);
  // First, since a slow reader of the log may keep it waiting.
  if (file_)
    tell(file_->record(events, recorder::clock::now()));
  for (auto& ev : events)
    out_->write(ev);
  connections_ = rt_->connections.read_after(
    connections_,
    [this](auto path, auto& record) { out_->write(path, record); });
}

std::string scribe::path() {
  std::lock_guard guard{path_mutex_};
  return path_;
}

// The bus keeps the last events only.
void scribe::tell_of_missed(std::uint64_t count) {
  if (file_)
    file_->miss(count);
  rt_->events.publish(
    {.kind = event_kind::held_up,
     .path = path(),
     .detail = std::to_string(count)
               + (count == 1 ? " event went by before it was taken"
                             : " events went by before they were taken")
               + ": neither the log nor the file has "
               + (count == 1 ? "it" : "them")});
}

void scribe::tell(const std::vector<recorder::news>& all) {
  auto path = this->path();
  for (auto& each : all)
    rt_->events.publish(
      {.kind = kind_of(each.what), .path = path, .detail = each.text});
}

} // namespace coppice::journal
