// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/stream.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace coppice {

namespace {

// So that a coroutine that only writes does not keep its reactor to itself.
constexpr int sends_a_turn = 64;

// Beyond it, copying costs more than it saves.
constexpr std::size_t most_output_kept = 16 * 1024;

} // namespace

// -- for awaiting -------------------------------------------------------------

std::string_view stream_handler::input() const noexcept {
  return kept_.empty() ? fresh_ : std::string_view{kept_}.substr(kept_offset_);
}

bool stream_handler::can_read(const request& wanted) {
  ready_ = 0;
  if (drained_)
    return true;
  auto there = input();
  if (!wanted.line) {
    ready_ = there.size();
    return ready_ > 0 || ended_;
  }
  auto end = there.find('\n', searched_);
  auto found = end != std::string_view::npos;
  auto length = found ? end + 1 : there.size();
  if (length > wanted.max_bytes)
    throw std::length_error{"a line is longer than "
                            + std::to_string(wanted.max_bytes) + " bytes"};
  if (!found)
    searched_ = there.size();
  if (found || ended_)
    ready_ = length;
  return ready_ > 0 || ended_;
}

std::optional<std::string_view> stream_handler::take() {
  if (ready_ == 0)
    return {};
  taken_.assign(input().substr(0, ready_));
  if (kept_.empty()) {
    fresh_.remove_prefix(ready_);
  } else {
    kept_offset_ += ready_;
    if (kept_offset_ == kept_.size()) {
      kept_.clear();
      kept_offset_ = 0;
    }
  }
  searched_ = 0;
  ready_ = 0;
  return taken_;
}

bool stream_handler::send(std::string_view data) {
  if (output_.size() + data.size() <= most_output_kept) {
    output_.append(data);
    return true;
  }
  flush();
  connection_->write(data);
  if (connection_->waiting_bytes() > 0)
    return false;
  if (--sends_left_ > 0)
    return true;
  connection_->call_when_writable();
  return false;
}

void stream_handler::start_tls() {
  flush();
  kept_.clear();
  kept_offset_ = 0;
  fresh_ = {};
  searched_ = 0;
  connection_->start_tls();
}

void stream_handler::flush() {
  if (output_.empty())
    return;
  connection_->write(output_);
  output_.clear();
}

// -- events -------------------------------------------------------------------

void stream_handler::on_connect(net::connection& self) {
  connection_ = &self;
  task_ = talk_(stream{*this});
  resume(self);
}

void stream_handler::on_data(net::connection& self, std::string_view data) {
  if (kept_.empty()) {
    fresh_ = data;
  } else {
    kept_.erase(0, std::exchange(kept_offset_, 0));
    kept_.append(data);
  }
  if (waits_for_ == event::input && can_read(wanted_))
    resume(self);
  // While output waits nothing is read, and a line is bounded: so this is.
  if (!fresh_.empty())
    kept_.assign(fresh_);
  fresh_ = {};
}

void stream_handler::on_writable(net::connection& self) {
  if (waits_for_ == event::output)
    resume(self);
}

void stream_handler::on_half_close(net::connection& self) {
  end_input(self);
}

void stream_handler::on_drain(net::connection& self) {
  drained_ = true;
  end_input(self);
}

void stream_handler::on_shutdown(net::connection& self) {
  drained_ = true;
  end_input(self);
}

void stream_handler::on_close(net::connection&,
                              const supervision::exit_reason&) {
  closed_ = true;
  if (!running_)
    task_ = {};
}

void stream_handler::end_input(net::connection& self) {
  ended_ = true;
  if (waits_for_ == event::input && can_read(wanted_))
    resume(self);
}

void stream_handler::resume(net::connection& self) {
  auto coroutine = task_.coroutine();
  waits_for_ = event::none;
  sends_left_ = sends_a_turn;
  running_ = true;
  coroutine.resume();
  running_ = false;
  if (closed_) {
    task_ = {};
    return;
  }
  flush();
  if (!coroutine.done())
    return;
  auto error = coroutine.promise().error;
  task_ = {};
  if (error)
    std::rethrow_exception(error);
  self.close();
}

std::unique_ptr<net::handler>
make_stream_handler(stream_handler::function talk) {
  return std::make_unique<stream_handler>(std::move(talk));
}

} // namespace coppice
