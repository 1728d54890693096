// SPDX-License-Identifier: BSD-3-Clause

#include "net/connection_table.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "net/connection_actor.hpp"

#include <utility>

namespace coppice::net {

connection_table::connection_table(std::string path,
                                   std::shared_ptr<observe::gauge> count)
    : path_(std::move(path)), count_(std::move(count)) {
  // nop
}

connection_table::~connection_table() = default;

void connection_table::add(connection_actor& c) {
  entry& added = c;
  added.next_ = first_;
  added.previous_ = nullptr;
  if (first_ != nullptr)
    first_->entry::previous_ = &c;
  first_ = &c;
  ++size_;
  count_->fetch_add(1, std::memory_order_relaxed);
}

void connection_table::remove(connection_actor& c) {
  entry& gone = c;
  auto* next = std::exchange(gone.next_, nullptr);
  auto* previous = std::exchange(gone.previous_, nullptr);
  (previous == nullptr ? first_ : previous->entry::next_) = next;
  if (next != nullptr)
    next->entry::previous_ = previous;
  --size_;
  count_->fetch_sub(1, std::memory_order_relaxed);
  if (size_ == 0 && on_empty_)
    on_empty_();
}

void connection_table::end(const supervision::exit_reason& reason,
                           observe::end_notes& words) {
  on_empty_ = nullptr;
  if (size_ == 0 || reason == supervision::exit_reason::normal())
    return;
  words.put(path_, std::to_string(size_)
                     + (size_ == 1 ? " connection" : " connections")
                     + " ended with it");
  for_each([](connection_actor& c) { c.entry::follows_hub_ = true; });
  end_all(reason);
}

void connection_table::end_all(const supervision::exit_reason& reason) {
  for_each(
    [&](connection_actor& c) { actor::signal_exit(c.handle(), reason); });
}

void connection_table::kill_all() {
  for_each([](connection_actor& c) { actor::signal_kill(c.handle()); });
}

void connection_table::on_empty(std::function<void()> fn) {
  on_empty_ = std::move(fn);
}

void connection_table::for_each(
  const std::function<void(connection_actor&)>& fn) {
  for (auto* c = first_; c != nullptr;) {
    auto* following = c->entry::next_;
    fn(*c);
    c = following;
  }
}

} // namespace coppice::net
