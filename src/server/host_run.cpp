// SPDX-License-Identifier: BSD-3-Clause

// From the start of a host's tree until it has ended.

#include "server/host.hpp"

#include "actor/virtual_time.hpp"
#include "coppice/process/output_log.hpp"
#include "journal/event_json.hpp"
#include "observe/printable.hpp"
#include "server/announcement.hpp"
#include "server/bounded_write.hpp"
#include "server/exit_code.hpp"
#include "server/server_signals.hpp"
#include "server/thread_check.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace coppice {

namespace {

// How long a slow reader of the program's output may keep it waiting.
constexpr std::chrono::milliseconds reader_limit{500};
constexpr std::chrono::milliseconds last_lines_limit{100};

// What is said at the end may name many actors.
constexpr std::size_t longest_last_line = 16 * observe::shown_at_most;

// What led to it: `; boom` and the like.
std::string
reason_before(const std::vector<std::shared_ptr<const observe::event>>& all,
              const observe::event& last) {
  for (auto& each : all)
    if (each->seq == last.cause && !each->reason.empty())
      return "; " + observe::describe(*each);
  return {};
}

} // namespace

host::~host() {
  stop();
  if (end_watcher_.joinable())
    end_watcher_.join();
  else
    end_reactors();
  end_system();
  if (log_)
    log_->flush(last_lines_limit); // what is left behind may keep it
}

running_server host::parts() {
  running_server result{*root_, all_listeners()};
  result.times = [this] { return times(); };
  result.on_signal = [this](auto what) { on_signal(what); };
  if (certificates_)
    result.parts.push_back(certificates_.get());
  if (service_reports_)
    result.parts.push_back(service_reports_.get());
  if (successor_)
    result.parts.push_back(successor_.get());
  if (settings_.predecessor)
    result.parts.push_back(settings_.predecessor.get());
  result.programs = programs();
  result.has_given_up = [this] { return has_given_up(); };
  return result;
}

const end_of_programs* host::programs() const noexcept {
  return settings_.programs ? &*settings_.programs : nullptr;
}

// The root itself, or the supervisor of all programs right below it.
bool host::has_given_up() const {
  auto all = rt_->events.after(0, std::numeric_limits<std::size_t>::max());
  return std::ranges::any_of(all.events, [this](auto& each) {
    auto& path = each->path;
    return each->kind == observe::event_kind::gave_up
           && (path == settings_.root
               || (path.starts_with(settings_.root + "/")
                   && path.find('/', settings_.root.size() + 1) == path.npos));
  });
}

// As the log, so that one reader can take both.
void host::take_output_of_programs() {
  if (settings_.log_format == journal::log_format::text) {
    process::write_output_to(STDERR_FILENO);
    return;
  }
  process::write_output_to(STDERR_FILENO, [](const process::output_line& line) {
    return journal::to_line(
             {{"time", journal::to_text(std::chrono::system_clock::now())},
              {"kind", "output"},
              {"path", line.path},
              {"stream", line.error ? "stderr" : "stdout"},
              {"text", line.text}})
           + "\n";
  });
}

// Nobody may keep the end waiting by not reading what programs said.
void host::flush_output() {
  if (settings_.programs)
    (void)process::flush_output(reader_limit.count());
}

end_result host::run_loop(bool stop_came) {
  auto all = parts();
  all.stop_came = stop_came;
  auto result = loop_->run(std::move(all));
  std::lock_guard guard{mutex_};
  result_ = result;
  ended_.notify_all();
  return result;
}

int host::wait() {
  std::unique_lock guard{mutex_};
  if (!running_)
    return done;
  if (rt_->time != nullptr) {
    guard.unlock();
    if (!run_virtual_time())
      throw std::logic_error{"nothing happens any more, and it has not ended"};
    return loop_->result()->code;
  }
  ended_.wait(guard, [this] { return result_.has_value(); });
  return result_->code;
}

void host::stop() {
  {
    std::lock_guard guard{mutex_};
    if (!running_)
      return;
  }
  loop_->drain({});
  if (rt_->time != nullptr)
    (void)run_virtual_time();
  else
    wait();
}

// Until the end; false if nothing more happens before that.
bool host::run_virtual_time() {
  auto& time = *rt_->time;
  for (time.run(); !loop_->result(); time.run())
    if (!time.step())
      return false;
  scribe_->finish();
  return true;
}

// Why it ended, in the form of the log. The journal may not have it: that, too,
// may be what used up the budget.
std::string host::line_about_end(const end_result& result) const {
  auto text = result.text;
  auto all = rt_->events.after(0, std::numeric_limits<std::size_t>::max());
  for (auto i = all.events.rbegin(); i != all.events.rend(); ++i)
    if (auto& ev = **i; ev.kind == observe::event_kind::gave_up
                        && (ev.path == settings_.root || settings_.programs)) {
      text += "; " + observe::describe(ev) + reason_before(all.events, ev);
      break;
    }
  if (settings_.log_format == journal::log_format::text)
    return observe::printable(settings_.program + ": " + text,
                              longest_last_line);
  return journal::to_line(
    {{"time", journal::to_text(std::chrono::system_clock::now())},
     {"kind", "ended"},
     {"severity", "error"},
     {"path", settings_.root},
     {"exit_code", result.code},
     {"text", settings_.program + ": " + text}});
}

// Nobody may keep the server waiting by not reading what it says.
void host::say(const std::string& text) const {
  write_within(
    STDERR_FILENO,
    observe::printable(settings_.program + ": " + text, longest_last_line)
      + "\n",
    reader_limit);
}

// Of each listener.
std::string host::state_text() const {
  if (!listeners_)
    return "it runs";
  std::string result;
  auto& all = listeners_->members();
  for (auto& each : all) {
    auto& listener = *each.listener;
    result += (result.empty() ? "" : "; ")
              + (all.size() == 1 ? "it" : each.plan.config.name) + " is "
              + std::string{to_string(listener.state())}
              + (listener.leaving() ? ", about to drain" : "")
              + "; connections open: " + std::to_string(listener.active());
  }
  return result;
}

// The longest of them all.
drain_times host::times() const {
  drain_times result;
  if (!listeners_)
    return result;
  for (auto& each : listeners_->members()) {
    result.timeout = std::max(result.timeout, each.plan.drain_timeout);
    result.delay = std::max(result.delay, each.plan.drain_delay);
  }
  return result;
}

void host::on_signal(signal_meaning what) {
  if (what == signal_meaning::reload) {
    (void)reload(); // says itself what came of it
    return;
  }
  rt_->events.publish({.kind = observe::event_kind::notice,
                       .path = settings_.root,
                       .detail = "SIGUSR1: " + state_text()});
}

int host::run() {
  prepare_process();
  block_server_signals();
  if (auto enough = check_threads(threads_needed() + 1); !enough) {
    say(enough.error());
    return failed;
  }
  auto early = std::make_unique<start_signals>(programs(), call_off_start_);
  if (!settings_.programs) // which are children of this process
    make_successor();
  if (auto passed = net::passed_sockets())
    stored_.emplace(*passed, settings_.fd_store);
  auto up = bring_up_and_take_over();
  auto stop_came = early->end();
  early.reset();
  if (!up)
    flush_output();
  if (!up && stop_came && settings_.programs) {
    log_->flush(reader_limit);
    end_limit_.emplace(done);
    return done; // somebody called it off
  }
  if (!up) {
    auto code = up.error().usage ? usage : failed;
    say(up.error().text);
    end_limit_.emplace(code);
    return code;
  }
  auto told = rt_->events.last_seq(); // the announcement reports the start
  if (settings_.announces)
    write_within(
      STDOUT_FILENO,
      observe::printable_lines(announcement(*this), longest_last_line) + "\n",
      reader_limit);
  if (!settings_.programs)
    log_->open(told);
  tell_of_predecessor();
  service_reports_
    = std::make_unique<service_reports>(rt_, all_listeners(), settings_.root);
  if (stored_)
    stored_->update(all_listeners(), service_reports_->manager());
  service_reports_->ready();
  auto result = run_loop(stop_came);
  if (successor_)
    successor_->finish();
  if (result.orderly && !end_reactors())
    result.orderly = false;
  end_journal(result.at_once);
  flush_output();
  if (!result.text.empty()) {
    log_->flush(reader_limit);
    write_within(STDERR_FILENO, line_about_end(result) + "\n", reader_limit);
  }
  // Actors may be left that nothing ends any more, so an orderly end of the
  // process could take for ever.
  if (!result.orderly || result.code != done) {
    log_->flush(last_lines_limit);
    std::_Exit(result.code);
  }
  end_limit_.emplace(result.code);
  return result.code;
}

} // namespace coppice
