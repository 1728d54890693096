// SPDX-License-Identifier: BSD-3-Clause

#include "journal/journal.hpp"

#include "journal/event_json.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coppice::journal {

namespace {

constexpr std::array levels{
  std::pair{log_level::debug, std::string_view{"debug"}},
  std::pair{log_level::info, std::string_view{"info"}},
  std::pair{log_level::warning, std::string_view{"warning"}},
  std::pair{log_level::error, std::string_view{"error"}},
  std::pair{log_level::off, std::string_view{"off"}},
};

spdlog::level::level_enum level_of(observe::severity what) {
  switch (what) {
  case observe::severity::info:
    return spdlog::level::info;
  case observe::severity::warning:
    return spdlog::level::warn;
  case observe::severity::error:
    return spdlog::level::err;
  }
  return spdlog::level::info;
}

constexpr auto text_pattern = "%Y-%m-%dT%H:%M:%S.%e%z %l %v";

class line_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit line_sink(std::shared_ptr<line_writer> to) : to_(std::move(to)) {
    // nop
  }

private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    to_->write({text.data(), text.size()});
  }

  void flush_() override {
    // nop: the writer does not wait
  }

  std::shared_ptr<line_writer> to_;
};

// In the log's own format; the journal has lost nothing.
std::string text_of_lost(log_format format, std::uint64_t lines) {
  observe::event ev;
  ev.kind = observe::event_kind::notice;
  ev.path = "log";
  ev.wall_time = std::chrono::system_clock::now();
  ev.detail = std::to_string(lines)
              + (lines == 1 ? " line was lost" : " lines were lost")
              + ", since nobody read them";
  if (format == log_format::json)
    return to_line(to_json(ev)) + "\n";
  spdlog::memory_buf_t text;
  auto message = observe::describe(ev);
  spdlog::pattern_formatter{text_pattern}.format(
    {ev.wall_time, {}, "coppice", spdlog::level::warn, message}, text);
  return {text.data(), text.size()};
}

} // namespace

std::string_view to_string(log_level value) {
  return levels[static_cast<std::size_t>(value)].second;
}

std::optional<log_level> log_level_from(std::string_view name) {
  for (auto& [value, text] : levels)
    if (text == name)
      return value;
  return {};
}

log::log(log_format format)
    : format_(format),
      lines_(std::make_shared<line_writer>(
        STDERR_FILENO,
        [format](auto lines) { return text_of_lost(format, lines); })),
      out_(std::make_shared<spdlog::logger>(
        "coppice", std::make_shared<line_sink>(lines_))) {
  out_->set_pattern(format == log_format::json ? "%v" : text_pattern);
}

bool log::shows(observe::severity what) const noexcept {
  return static_cast<int>(level_.load())
         <= static_cast<int>(log_level::info) + static_cast<int>(what);
}

void log::open(std::uint64_t seq) {
  // What is later waits for the lock, so that it is written later.
  std::lock_guard guard{mutex_};
  told_ = seq;
  for (auto& put_it : std::exchange(early_, {}))
    put_it();
  open_ = true;
}

// Whether the log is not open yet; then `put` is called when it is.
bool log::waits(std::function<void()> put) {
  std::lock_guard guard{mutex_};
  if (open_)
    return false;
  early_.push_back(std::move(put));
  return true;
}

void log::write(const observe::event& ev) {
  if (!open_ && waits([this, ev] { put(ev); }))
    return;
  put(ev);
}

void log::put(const observe::event& ev) {
  auto severity = observe::severity_of(ev);
  if (ev.seq <= told_ && severity == observe::severity::info)
    return;
  if (!shows(severity))
    return;
  out_->log(ev.wall_time, {}, level_of(severity),
            format_ == log_format::json ? to_line(to_json(ev))
                                        : observe::describe(ev));
}

void log::write(std::string_view path,
                const observe::connection_record& record) {
  if (!open_
      && waits([this, path = std::string{path}, record] { put(path, record); }))
    return;
  put(path, record);
}

void log::put(std::string_view path, const observe::connection_record& record) {
  if (!shows(observe::severity::info)
      || !(shows_connections_ || level_ == log_level::debug))
    return;
  out_->log(wall_time_of(record), {}, spdlog::level::info,
            format_ == log_format::json ? to_line(to_json(path, record))
                                        : journal::describe(path, record));
}

} // namespace coppice::journal
