#include "coppice/journal/journal.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/journal/messages.hpp"

#include <caf/spawn_options.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <utility>

namespace coppice::journal {

namespace {

spdlog::level::level_enum level_of(const observe::event& ev) {
  switch (observe::severity_of(ev)) {
  case observe::severity::info:
    return spdlog::level::info;
  case observe::severity::warning:
    return spdlog::level::warn;
  case observe::severity::error:
    return spdlog::level::err;
  }
  return spdlog::level::info;
}

class journal_actor final : public caf::event_based_actor {
public:
  journal_actor(caf::actor_config& cfg, actor::runtime_ptr rt, log_ptr out)
      : caf::event_based_actor(cfg), rt_(std::move(rt)), out_(std::move(out)) {
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
    for (auto& ev : rt_->events.drain())
      out_->write(ev);
    rt_->connections.drain(
      [this](auto path, auto& record) { out_->write(path, record); });
  }

  actor::runtime_ptr rt_;
  log_ptr out_;
};

} // namespace

log::log()
    : out_(std::make_shared<spdlog::logger>(
      "coppice", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  out_->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

void log::write(const observe::event& ev) {
  if (open_)
    out_->log(ev.wall_time, {}, level_of(ev), observe::describe(ev));
}

void log::write(std::string_view path,
                const observe::connection_record& record) {
  if (!open_ || !shows_connections_)
    return;
  auto age = std::chrono::steady_clock::now() - record.time;
  auto when = std::chrono::system_clock::now()
              - std::chrono::duration_cast<std::chrono::microseconds>(age);
  auto text = std::string{path}
              + "/connection:" + std::to_string(record.connection) + " "
              + observe::describe(record);
  out_->log(when, {}, spdlog::level::info, text);
}

actor::child_spec journal_child(log_ptr out) {
  auto start = [out](const actor::start_args& args) -> actor::start_result {
    return actor::running{
      args.rt->system.spawn<journal_actor, caf::detached>(args.rt, out)};
  };
  return {{.id = "journal"}, std::move(start)};
}

} // namespace coppice::journal
