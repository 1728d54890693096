// SPDX-License-Identifier: BSD-3-Clause

#include "net/toxic/pipe.hpp"

#include "net/toxic/stage.hpp"

#include <algorithm>
#include <utility>

namespace coppice::net {

toxic_pipe::toxic_pipe(std::uint64_t seed) : seed_(seed) {
  // nop
}

toxic_pipe::toxic_pipe(toxic_pipe&&) noexcept = default;

toxic_pipe::~toxic_pipe() = default;

void toxic_pipe::assign(const toxic_list& toxics, toxic_stream stream,
                        time_point now) {
  advance(now);
  auto find = [&](std::uint64_t id) {
    return std::find_if(toxics.begin(), toxics.end(),
                        [id](auto& placed) { return placed.id == id; });
  };
  for (std::size_t i = stages_.size(); i-- > 0;)
    if (find(stages_[i]->id()) == toxics.end())
      remove(i, now);
  for (auto& placed : toxics) {
    if (placed.what.stream != stream)
      continue;
    auto there = std::find_if(stages_.begin(), stages_.end(), [&](auto& stage) {
      return stage->id() == placed.id;
    });
    if (there == stages_.end())
      stages_.push_back(std::make_unique<toxic_stage>(placed, seed_, now));
    else if ((*there)->revision() != placed.revision)
      (*there)->change(placed, now);
  }
  advance(now);
}

void toxic_pipe::remove(std::size_t index, time_point now) {
  auto gone = std::move(stages_[index]);
  stages_.erase(stages_.begin() + static_cast<std::ptrdiff_t>(index));
  while (auto held = gone->take(time_point::max()))
    forward(index, std::move(held->bytes), now);
  if (auto end = gone->end_of_removal(now))
    forward_end(index, end->what, end->by, now);
}

void toxic_pipe::put(std::string_view bytes, time_point now) {
  forward(0, std::string{bytes}, now);
  advance(now);
}

void toxic_pipe::put_end(time_point now) {
  has_end_ = true;
  forward_end(0, ending::passed, {}, now);
  advance(now);
}

void toxic_pipe::advance(time_point now) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    while (auto due = stages_[i]->take(now))
      forward(i + 1, std::move(due->bytes), due->due);
    if (auto end = stages_[i]->take_end(now))
      forward_end(i + 1, end->what, end->by, end->at);
  }
}

void toxic_pipe::forward(std::size_t to, std::string bytes, time_point when) {
  if (to < stages_.size()) {
    stages_[to]->put(std::move(bytes), when);
  } else if (end_ == ending::none) {
    out_bytes_ += bytes.size();
    out_.push_back({std::move(bytes), when});
  }
}

void toxic_pipe::forward_end(std::size_t to, ending what, std::string_view by,
                             time_point when) {
  if (to < stages_.size()) {
    stages_[to]->put_end(what, by, when);
  } else if (end_ == ending::none) {
    end_ = what;
    ended_by_ = by;
  }
}

std::optional<toxic_pipe::time_point> toxic_pipe::next() const {
  std::optional<time_point> first;
  for (auto& stage : stages_)
    if (auto due = stage->next(); due && (!first || *due < *first))
      first = due;
  return first;
}

std::string_view toxic_pipe::front() const noexcept {
  if (out_.empty())
    return {};
  return std::string_view{out_.front().bytes}.substr(taken_of_front_);
}

void toxic_pipe::pop(std::size_t bytes) {
  taken_of_front_ += bytes;
  out_bytes_ -= bytes;
  if (taken_of_front_ < out_.front().bytes.size())
    return;
  out_.pop_front();
  taken_of_front_ = 0;
}

std::string toxic_pipe::take() {
  std::string result{front()};
  pop(result.size());
  return result;
}

bool toxic_pipe::transparent() const noexcept {
  return stages_.empty() && out_.empty() && !has_end_ && end_ == ending::none;
}

std::size_t toxic_pipe::held_bytes() const noexcept {
  auto sum = out_bytes_;
  for (auto& stage : stages_)
    sum += stage->held_bytes();
  return sum;
}

std::size_t toxic_pipe::weight() const noexcept {
  auto pieces = out_.size();
  for (auto& stage : stages_)
    pieces += stage->pieces();
  return held_bytes() + pieces * sizeof(toxic_stage::piece);
}

} // namespace coppice::net
