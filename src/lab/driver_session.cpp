// SPDX-License-Identifier: BSD-3-Clause

#include "lab/driver_session.hpp"

#include "lab/line_process.hpp"
#include "lab/time_text.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace coppice::lab {

namespace {

std::variant<trace, driver_skip, driver_failure>
answer_of(const driver_end& end, trace events) {
  switch (end.what) {
  case driver_end::result::done:
    return events;
  case driver_end::result::skipped:
    return driver_skip{end.reason};
  case driver_end::result::failed:
    break;
  }
  return driver_failure{"the driver says: " + end.reason};
}

} // namespace

driver_session::driver_session(std::vector<std::string> command,
                               driver_limits limits)
    : command_(std::move(command)), limits_(limits) {
  // nop
}

driver_session::~driver_session() = default;

std::variant<driver_header, driver_failure> driver_session::header() {
  if (!header_)
    if (auto failure = start())
      return *failure;
  return *header_;
}

// A driver that goes wrong is not asked again: the process goes.
driver_failure driver_session::wrong(const std::string& what) {
  process_.reset();
  return {"line " + std::to_string(lines_) + ": " + what};
}

std::string driver_session::too_long() const {
  return "has more than " + std::to_string(limits_.line_bytes) + " bytes";
}

// Says how the program ended, which it should not have done now.
driver_failure driver_session::stopped(const std::string& before) {
  auto status = process_->wait(line_process::clock::now() + limits_.patience);
  process_.reset();
  return {(status ? "ended with " + describe_status(*status)
                  : std::string{"closed its output"})
          + " " + before};
}

std::optional<driver_failure> driver_session::start() {
  lines_ = 0;
  played_ = 0;
  process_ = std::make_unique<line_process>(command_);
  if (!process_->started()) {
    auto why = process_->error();
    process_.reset();
    return driver_failure{"cannot be started: " + why};
  }
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
  auto header = read_driver_header(line);
  if (auto* err = std::get_if<protocol_error>(&header))
    return wrong(err->message);
  auto& said = std::get<driver_header>(header);
  if (header_ && *header_ != said)
    return wrong("says something else than at the first start");
  header_ = std::move(said);
  return {};
}

// Whether the program has ended by itself, with 0, as it may between scenarios.
bool driver_session::ended_well() {
  auto status = process_->wait(line_process::clock::now() + limits_.patience);
  return status == 0;
}

std::optional<driver_session::answer>
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
    if (auto* err = std::get_if<protocol_error>(&what))
      return wrong(err->message);
    if (auto* end = std::get_if<driver_end>(&what)) {
      ++played_;
      return answer_of(*end, std::move(events));
    }
    events.push_back(std::get<trace_event>(std::move(what)));
  }
}

driver_session::answer driver_session::play(const nlohmann::json& scenario) {
  auto limit = limits_.patience + times_in(scenario);
  for (;;) {
    if (lost_)
      return driver_failure{"not played: the driver does not start any more"};
    if (!process_)
      if (auto failure = start()) {
        lost_ = true;
        return *failure;
      }
    process_->tell(scenario.dump());
    if (auto result = read_answer(limit))
      return std::move(*result);
    // It played one scenario and ended: it has not seen this one.
    process_.reset();
  }
}

std::optional<driver_failure> driver_session::finish() {
  if (!process_)
    return {};
  process_->close_input();
  std::string line;
  auto got = process_->read_line(line, limits_.line_bytes,
                                 line_process::clock::now() + limits_.patience);
  ++lines_;
  if (got == line_process::outcome::late) {
    process_.reset();
    return driver_failure{"its output does not end when its input does"};
  }
  if (got != line_process::outcome::closed)
    return wrong("comes after the end of the last scenario");
  if (!ended_well())
    return stopped("after the last scenario");
  process_.reset();
  return {};
}

} // namespace coppice::lab
