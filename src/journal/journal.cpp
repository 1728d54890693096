// SPDX-License-Identifier: BSD-3-Clause

#include "journal/journal.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "journal/event_json.hpp"
#include "journal/messages.hpp"

#include <caf/spawn_options.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

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

void tell(actor::runtime& rt, const std::string& path,
          const std::optional<recorder::news>& what) {
  using observe::event_kind;
  if (what)
    rt.events.publish({.kind = what->failed ? event_kind::journal_failed
                                            : event_kind::journal_resumed,
                       .path = path,
                       .detail = what->text});
}

class journal_actor final : public caf::event_based_actor {
public:
  journal_actor(caf::actor_config& cfg, actor::runtime_ptr rt, log_ptr out,
                recorder_ptr file, std::string path)
      : caf::event_based_actor(cfg),
        rt_(std::move(rt)),
        out_(std::move(out)),
        file_(std::move(file)),
        path_(std::move(path)) {
    // nop
  }

  const char* name() const override {
    return "coppice.journal";
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    auto wake = [self = caf::weak_actor_ptr{ctrl()}] {
      if (auto strong = self.lock())
        actor::deliver(caf::actor_cast<caf::actor>(strong), wake_message{});
    };
    rt_->events.on_pending(wake);
    rt_->connections.on_pending(wake);
    return {[this](wake_message) { write(); }};
  }

  void on_exit() override {
    write();
  }

private:
  void write() {
    // Here, since the counts are asked for too seldom elsewhere.
    rt_->event_counts.catch_up(rt_->events, rt_->tree);
    auto events = rt_->events.drain();
    // First, since a slow reader of the log may keep it waiting.
    if (file_ && !events.empty())
      tell(*rt_, path_, file_->record(events, recorder::clock::now()));
    for (auto& ev : events)
      out_->write(ev);
    rt_->connections.drain(
      [this](auto path, auto& record) { out_->write(path, record); });
  }

  actor::runtime_ptr rt_;
  log_ptr out_;
  recorder_ptr file_;
  std::string path_;
};

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
      out_(std::make_shared<spdlog::logger>(
        "coppice", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  out_->set_pattern(
    format == log_format::json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

bool log::shows(observe::severity what) const noexcept {
  return static_cast<int>(level_.load())
         <= static_cast<int>(log_level::info) + static_cast<int>(what);
}

void log::open(std::uint64_t seq) {
  std::unique_lock guard{mutex_};
  told_ = seq;
  open_ = true;
  auto early = std::exchange(early_, {});
  auto early_connections = std::exchange(early_connections_, {});
  guard.unlock();
  for (auto& ev : early)
    put(ev);
  for (auto& [path, record] : early_connections)
    put(path, record);
}

void log::write(const observe::event& ev) {
  if (!open_) {
    std::lock_guard guard{mutex_};
    if (!open_) {
      early_.push_back(ev);
      return;
    }
  }
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
  if (!open_) {
    std::lock_guard guard{mutex_};
    if (!open_) {
      early_connections_.emplace_back(path, record);
      return;
    }
  }
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

actor::child_spec journal_child(log_ptr out, recorder_ptr file) {
  // It is open, or known not to be, before anything else starts.
  auto start = [out, file](const actor::start_args& args) {
    if (file)
      tell(*args.rt, args.path, file->open(recorder::clock::now()));
    return actor::start_result{
      actor::running{args.rt->system.spawn<journal_actor, caf::detached>(
        args.rt, out, file, args.path)}};
  };
  return {{.id = "journal"}, std::move(start)};
}

} // namespace coppice::journal
