// SPDX-License-Identifier: BSD-3-Clause

#include "lab/driver_session.hpp"

#include "lab/line_process.hpp"
#include "lab/time_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace coppice::lab {

namespace {

driver_answer answer_of(const driver_end& end, trace events) {
  switch (end.what) {
  case driver_end::result::done:
    return events;
  case driver_end::result::skipped:
    return driver_skip{end.reason};
  case driver_end::result::failed:
    break;
  }
  return unexpected{driver_failure{"the driver says: " + end.reason}};
}

} // namespace

driver_session::driver_session(std::vector<std::string> command,
                               driver_limits limits)
    : command_(std::move(command)), limits_(limits) {
  // nop
}

driver_session::~driver_session() = default;

expected<driver_header, driver_failure> driver_session::header() {
  if (!header_)
    if (auto started = start(); !started)
      return unexpected{std::move(started.error())};
  return *header_;
}

// A driver that goes wrong is not asked again: the process goes.
unexpected<driver_failure> driver_session::wrong(const std::string& what) {
  process_.reset();
  return unexpected{
    driver_failure{"line " + std::to_string(lines_) + ": " + what}};
}

std::string driver_session::too_long() const {
  return "has more than " + std::to_string(limits_.line_bytes) + " bytes";
}

// Says how the program ended, which it should not have done now.
unexpected<driver_failure> driver_session::stopped(const std::string& before) {
  auto status = process_->wait(line_process::clock::now() + limits_.patience);
  process_.reset();
  return unexpected{
    driver_failure{(status ? "ended with " + describe_status(*status)
                           : std::string{"closed its output"})
                   + " " + before}};
}

expected<void, driver_failure> driver_session::start() {
  lines_ = 0;
  played_ = 0;
  given_ = 0;
  auto started = line_process::start(command_);
  if (!started)
    return unexpected{driver_failure{"cannot be started: " + started.error()}};
  process_ = *std::move(started);
  std::string line;
  auto got = process_->read_line(line, limits_.line_bytes,
                                 line_process::clock::now() + limits_.patience);
  ++lines_;
  switch (got) {
  case line_process::outcome::line:
    break;
  case line_process::outcome::closed:
    return stopped("before it said what it is");
  case line_process::outcome::late:
    return wrong("did not come within " + time_text(limits_.patience));
  case line_process::outcome::too_long:
    return wrong(too_long());
  }
  auto said = read_driver_header(line);
  if (!said)
    return wrong(said.error().message);
  if (header_ && *header_ != *said)
    return wrong("says something else than at the first start");
  header_ = *std::move(said);
  return {};
}

// Whether the program has ended by itself, with 0, as it may between scenarios.
bool driver_session::ended_well() {
  auto status = process_->wait(line_process::clock::now() + limits_.patience);
  return status == 0;
}

std::optional<driver_answer>
driver_session::read_answer(std::chrono::milliseconds limit) {
  auto deadline = line_process::clock::now() + limit;
  trace events;
  std::size_t bytes = 0;
  std::string line;
  for (;;) {
    auto got = process_->read_line(line, limits_.line_bytes, deadline);
    if (got == line_process::outcome::closed) {
      if (played_ > 0 && bytes == 0 && ended_well())
        return {};
      return stopped("after line " + std::to_string(lines_)
                     + ", before the end of the scenario");
    }
    ++lines_;
    bytes += line.size() + 1;
    if (got == line_process::outcome::late)
      return wrong("did not come within " + time_text(limit)
                   + " after the scenario was given");
    if (got == line_process::outcome::too_long)
      return wrong(too_long());
    if (bytes > limits_.bytes)
      return wrong("there are more than " + std::to_string(limits_.bytes)
                   + " bytes in this scenario");
    auto what = read_driver_line(line);
    if (!what)
      return wrong(what.error().message);
    if (auto* end = std::get_if<driver_end>(&*what)) {
      ++played_;
      --given_;
      return answer_of(*end, std::move(events));
    }
    events.push_back(std::get<trace_event>(*std::move(what)));
  }
}

void driver_session::give(nlohmann::json scenario) {
  waiting_.push_back(std::move(scenario));
}

// As many as it takes at once.
void driver_session::hand_over() {
  auto most = std::min(header_->at_once, waiting_.size());
  for (; given_ < most; ++given_)
    process_->tell(waiting_[given_].dump());
}

driver_answer driver_session::next() {
  auto limit = limits_.patience + times_in(waiting_.front());
  for (;;) {
    if (!lost_ && !process_)
      if (auto started = start(); !started) {
        lost_ = true;
        waiting_.pop_front();
        return unexpected{std::move(started.error())};
      }
    if (lost_) {
      waiting_.pop_front();
      return unexpected{
        driver_failure{"not played: the driver does not start any more"}};
    }
    hand_over();
    if (auto result = read_answer(limit)) {
      waiting_.pop_front();
      return std::move(*result);
    }
    // It ended after another scenario: it has not seen this one.
    process_.reset();
  }
}

expected<void, driver_failure> driver_session::finish() {
  if (!process_)
    return {};
  process_->close_input();
  std::string line;
  auto got = process_->read_line(line, limits_.line_bytes,
                                 line_process::clock::now() + limits_.patience);
  ++lines_;
  if (got == line_process::outcome::late) {
    process_.reset();
    return unexpected{
      driver_failure{"its output does not end when its input does"}};
  }
  if (got != line_process::outcome::closed)
    return wrong("comes after the end of the last scenario");
  if (!ended_well())
    return stopped("after the last scenario");
  process_.reset();
  return {};
}

} // namespace coppice::lab
