// SPDX-License-Identifier: BSD-3-Clause

#include "journal/recorder.hpp"

#include <exception>
#include <utility>

namespace coppice::journal {

recorder::recorder(std::filesystem::path file, bounds limit)
    : file_(std::move(file)), limit_(limit) {
  // nop
}

std::optional<recorder::news>
recorder::record(std::span<const observe::event> events,
                 clock::time_point now) {
  std::lock_guard guard{mutex_};
  if (retry_ && now < *retry_) {
    missing_ += events.size();
    return {};
  }
  try {
    write(events);
  } catch (const std::exception& err) {
    writer_.reset();
    missing_ += events.size();
    auto first = !retry_;
    retry_ = now + pause;
    if (!first)
      return {};
    return news{true, std::string{err.what()} + "; it is tried again every "
                        + std::to_string(pause.count()) + " s"};
  }
  if (!std::exchange(retry_, std::nullopt))
    return {};
  return news{false, std::to_string(std::exchange(missing_, 0))
                       + " events are missing from it"};
}

void recorder::write(std::span<const observe::event> events) {
  if (!writer_)
    writer_ = std::make_unique<writer>(file_, limit_, run_);
  run_ = writer_->run();
  writer_->append(events);
}

} // namespace coppice::journal
