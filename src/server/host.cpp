// SPDX-License-Identifier: BSD-3-Clause

#include "server/host.hpp"

#include "actor/virtual_time.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/actor/system.hpp"
#include "coppice/net/behavior_handler.hpp"
#include "journal/event_json.hpp"
#include "observe/printable.hpp"
#include "server/announcement.hpp"
#include "server/bounded_write.hpp"
#include "server/exit_code.hpp"
#include "server/helpers.hpp"
#include "server/server_signals.hpp"
#include "server/standard_streams.hpp"
#include "server/thread_check.hpp"

#include <caf/logger.hpp>
#include <nlohmann/json.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace coppice {

namespace {

// Supervisors and the like; connections have the reactors.
constexpr unsigned scheduler_threads = 2;

constexpr unsigned caf_threads = 2;     // clock, and printer or pool
constexpr unsigned journal_threads = 2; // one while it restarts
constexpr unsigned log_threads = 1;
constexpr unsigned admin_threads = 8; // two of them while it restarts

// How long a slow reader of the program's output may keep it waiting.
constexpr std::chrono::milliseconds reader_limit{500};
constexpr std::chrono::milliseconds last_lines_limit{100};

// How long a handler may keep the others on its reactor waiting before that is
// worth a line.
constexpr std::chrono::milliseconds held_up_limit{100};

// What is said at the end may name many actors.
constexpr std::size_t longest_last_line = 16 * observe::shown_at_most;

// How long the end of the process waits for the last events to be written.
constexpr std::chrono::seconds longest_last_try{2};
constexpr std::chrono::milliseconds hurried_last_try{200};

// … and for threads that run what may not return.
constexpr std::chrono::seconds reactors_limit{1};
constexpr std::chrono::seconds system_limit{1};

void report_held_up(actor::runtime& rt, unsigned index,
                    std::chrono::nanoseconds took) {
  observe::event ev;
  ev.kind = observe::event_kind::held_up;
  ev.path = "reactor:" + std::to_string(index);
  ev.detail = std::to_string(
                std::chrono::round<std::chrono::milliseconds>(took).count())
              + " ms; its connections had to wait";
  rt.events.publish(std::move(ev));
}

// What led to it: `; boom` and the like.
std::string
reason_before(const std::vector<std::shared_ptr<const observe::event>>& all,
              const observe::event& last) {
  for (auto& each : all)
    if (each->seq == last.cause && !each->reason.empty())
      return "; " + observe::describe(*each);
  return {};
}

unexpected<start_error> failure(std::string text, bool usage = false) {
  return unexpected{start_error{usage, std::move(text)}};
}

// Actor systems and reactors that could not be ended. What is left there uses
// them for as long as the process lives; the end of one would wait for it.
template <class T>
void leave_behind(T what) {
  static std::mutex mutex;
  static auto& all = *new std::vector<T>;
  std::lock_guard guard{mutex};
  all.push_back(std::move(what));
}

void report_left_reactor(actor::runtime& rt, unsigned index) {
  rt.events.publish({.kind = observe::event_kind::held_up,
                     .path = "reactor:" + std::to_string(index),
                     .detail = "what it runs does not return; its thread is "
                               "left behind"});
}

// A thread that has used an actor system has a reference to its logger, and the
// end of the system waits until that is gone. Source: CAF, ~actor_system.
void forget_system_here() {
  CAF_SET_LOGGER_SYS(nullptr);
}

// Waits until `fn` is over, for up to `limit`; returns whether it is. What it
// uses it has to keep. Throws `std::system_error` if no thread can be created.
template <class F>
bool is_over_within(std::chrono::milliseconds limit, F fn) {
  std::promise<void> over;
  auto done = over.get_future();
  std::thread{[fn = std::move(fn), over = std::move(over)]() mutable {
    fn();
    over.set_value();
  }}.detach();
  return done.wait_for(limit) == std::future_status::ready;
}

constexpr auto no_admin_in_virtual_time
  = "the admin API has threads of its own, so it cannot run in virtual time: "
    "set .admin.where to \"off\"";

} // namespace

void prepare_process() {
  open_standard_streams();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void register_types() {
  actor::register_types();
  journal::register_types();
  net::register_types();
}

host::host(host_settings settings) : settings_(std::move(settings)) {
  // nop
}

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

// -- the start ----------------------------------------------------------------

expected<void, start_error> host::start() {
  if (auto enough = check_threads(threads_needed() + 1); !enough)
    return failure(std::move(enough.error()));
  auto up = bring_up(server_loop::signals::none);
  if (!up)
    return up;
  log_->open(rt_->events.last_seq());
  if (rt_->time != nullptr) {
    loop_->run_in(*rt_->time, parts());
    return {};
  }
  auto watch = [this] {
    run_loop();
    end_reactors();
    end_journal(longest_last_try);
  };
  try {
    end_watcher_ = std::thread{watch};
  } catch (const std::system_error& problem) {
    loop_->drain({}); // nobody could wait for its end
    watch();
    return failure(problem.what());
  }
  forget_system_here(); // another thread may end it
  return {};
}

expected<void, start_error> host::bring_up(server_loop::signals which) {
  try {
    log_ = std::make_shared<journal::log>(settings_.log_format);
    log_->show_connections(settings_.log_connections);
    log_->set_level(settings_.log_level);
    loop_ = std::make_shared<server_loop>(which);
    make_runtime();
    if (settings_.admin && rt_->time != nullptr)
      return failure(no_admin_in_virtual_time, true);
    make_journal();
    if (settings_.listener)
      make_listener();
    if (settings_.admin)
      make_admin();
  } catch (const std::system_error& problem) {
    auto code = problem.code().value();
    return failure(problem.what()
                   + std::string{code == EMFILE || code == ENFILE
                                   ? ": raise the limit on open files (ulimit "
                                     "-n, LimitNOFILE of systemd)"
                                   : ""});
  } catch (const std::exception& problem) {
    return failure(problem.what());
  }
  auto done = arm_faults();
  if (done)
    done = start_tree();
  if (!done)
    end_reactors();
  return done;
}

// So that it is known before CAF makes some, which ends the process when it
// gets none.
unsigned host::threads_needed() const {
  auto result = log_threads;
  if (settings_.runtime && settings_.runtime->time != nullptr)
    return result; // the rest runs where that time is run
  result += journal_threads;
  if (settings_.runtime == nullptr)
    result += scheduler_threads + caf_threads;
  if (settings_.listener)
    result += settings_.listener->acceptors;
  if (settings_.admin)
    result += admin_threads;
  return result;
}

void host::make_runtime() {
  rt_ = settings_.runtime;
  if (rt_)
    return;
  register_types();
  own_system_ = std::make_unique<system_of_its_own>();
  actor::configure_scheduler(own_system_->config, scheduler_threads);
  own_system_->system
    = std::make_unique<caf::actor_system>(own_system_->config);
  own_system_->system->await_actors_before_shutdown(false);
  rt_ = std::make_shared<actor::runtime>(
    *own_system_->system,
    fault::registry::settings{.seed = settings_.fault_seed});
}

void host::make_listener() {
  for (unsigned i = 0; i < settings_.listener->acceptors; ++i)
    start_reactor(i);
  listener_ = std::make_shared<net::listener>(settings_.listener->config, rt_,
                                              reactors_);
}

void host::start_reactor(unsigned index) {
  auto& reactor = reactors_.emplace_back(
    std::make_shared<net::reactor>(rt_->system, index, rt_->time));
  reactor->on_held_up(held_up_limit, [rt = rt_, index](auto took) {
    report_held_up(*rt, index, took);
  });
  reactor->start_thread();
}

void host::make_admin() {
  std::vector<net::listener_ptr> listeners;
  if (listener_)
    listeners.push_back(listener_);
  admin_ = std::make_shared<admin::server>(
    *settings_.admin, rt_, std::move(listeners), settings_.access,
    admin::operations{
      .drain = [loop = loop_](auto timeout) { loop->drain(timeout); },
      .log = log_,
      .file = recorder_,
      .echo = settings_.echoes_until.empty() ? nullptr : listener_});
  if (settings_.admin_socket)
    admin_->use_socket(*settings_.admin_socket);
}

expected<void, start_error> host::arm_faults() {
  if (settings_.faults.empty())
    return {}; // other code may have armed faults in the same runtime
  if (auto armed = rt_->faults.arm(settings_.faults); !armed)
    return failure("COPPICE_FAULTS: " + to_string(armed.error()), true);
  for (auto& unmet : rt_->faults.unmet())
    return failure("COPPICE_FAULTS: " + to_string(unmet), true);
  return {};
}

expected<void, start_error> host::start_tree() {
  std::vector helpers{journal::journal_child(scribe_)};
  if (admin_)
    helpers.push_back(admin_->child());
  auto children = settings_.children;
  children.insert(children.begin(), helpers_child(std::move(helpers)));
  if (listener_)
    children.push_back(listener_->child());
  if (!settings_.below.empty())
    return start_below(std::move(children));
  if (settings_.runtime && rt_->tree.look({}))
    return failure("the runtime has a tree already: name a supervisor of it in "
                   ".below",
                   true);
  auto started = actor::tree_root::start(rt_, settings_.root, settings_.flags,
                                         std::move(children));
  if (!started)
    return failure(start_failure(started.error().message));
  root_ = *std::move(started);
  std::lock_guard guard{mutex_};
  running_ = true;
  return {};
}

expected<void, start_error>
host::start_below(std::vector<actor::child_spec> children) {
  auto parent = rt_->actor_at(settings_.below);
  if (!parent)
    return failure("there is no supervisor at " + settings_.below, true);
  auto spec = actor::supervisor_child(settings_.root, settings_.flags,
                                      std::move(children));
  spec.spec.restart = supervision::restart::temporary; // its end is the end
  auto answer = actor::start_child(parent, std::move(spec));
  if (rt_->time != nullptr)
    for (rt_->time->run(); !answer.get_within({}); rt_->time->run())
      if (!rt_->time->step())
        return failure("it is not up, and nothing more happens");
  auto result = answer.get();
  if (!result)
    return failure(start_failure(to_string(result.error())));
  root_ = std::make_unique<actor::tree_root>(
    rt_, result->child, settings_.below + "/" + settings_.root);
  std::lock_guard guard{mutex_};
  running_ = true;
  return {};
}

void host::make_journal() {
  if (settings_.journal) {
    recorder_ = std::make_shared<journal::recorder>(*settings_.journal,
                                                    settings_.journal_bounds);
    if (own_system_) // a runtime that was passed in is not changed
      rt_->may_show = [file = recorder_](auto seq, auto patience) {
        return file->wait_until_kept(seq, patience);
      };
  }
  scribe_ = std::make_shared<journal::scribe>(rt_, log_, recorder_);
}

// The tree's own reason names every supervisor on the way; a person who starts
// a program wants to know of the port.
std::string host::start_failure(const std::string& reason) const {
  if (listener_)
    if (auto why = listener_->open_error(); !why.empty())
      return why;
  if (admin_)
    if (auto why = admin_->open_error(); !why.empty())
      return "the admin API " + why + " (--admin off does without)";
  return "could not start: " + reason;
}

// -- looking at it ------------------------------------------------------------

caf::actor host::root() const {
  return root_ ? root_->handle() : caf::actor{};
}

std::string host::admin_url() const {
  return admin_ && root_ ? admin_->url() : "";
}

// -- the end ------------------------------------------------------------------

running_server host::parts() {
  running_server result{*root_, listener_.get()};
  if (auto& plan = settings_.listener) {
    result.drain_timeout = plan->drain_timeout;
    result.drain_delay = plan->drain_delay;
  }
  result.on_signal = [this](auto what) { on_signal(what); };
  return result;
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

// Returns whether all have ended. A handler may keep the thread of one.
bool host::end_reactors() {
  for (auto& reactor : reactors_)
    reactor->stop_thread_soon();
  using clock = net::reactor::clock;
  auto until = clock::now() + reactors_limit;
  for (auto& reactor : reactors_)
    if (!reactor->stop_thread_within(until - clock::now())) {
      report_left_reactor(*rt_, reactor->index());
      leave_behind(reactor);
      left_reactors_ = true;
    }
  reactors_.clear();
  return !left_reactors_;
}

// The journal's actor ended with the tree, and some connections after it. A
// disk that does not answer keeps nobody here for long.
void host::end_journal(std::chrono::milliseconds limit) {
  auto finish = [scribe = scribe_] {
    try {
      scribe->finish();
    } catch (const std::exception&) {
      // Out of memory: nothing can be said about it any more.
    }
  };
  try {
    is_over_within(limit, finish);
  } catch (const std::system_error&) {
    finish(); // no thread can be created
  }
}

// An actor outside the tree may keep a thread of its system, too, and a thread
// of the program its logger.
void host::end_system() {
  if (!own_system_)
    return;
  std::unique_lock guard{mutex_};
  auto leave = left_reactors_ || (result_ && !result_->orderly);
  guard.unlock();
  if (leave)
    return leave_behind(std::move(own_system_));
  root_.reset();
  admin_.reset();
  listener_.reset();
  scribe_.reset();
  rt_.reset();
  forget_system_here();
  auto system = std::make_shared<std::unique_ptr<system_of_its_own>>(
    std::move(own_system_));
  try {
    if (is_over_within(system_limit, [system] { system->reset(); }))
      return;
    observe::event ev;
    ev.kind = observe::event_kind::held_up;
    ev.path = settings_.root;
    ev.wall_time = std::chrono::system_clock::now();
    ev.detail = "an actor outside its tree, or a thread of the program, keeps "
                "its actor system, which is left behind";
    log_->write(ev);
  } catch (const std::system_error&) {
    leave_behind(std::move(*system)); // no thread can be created
  }
}

// Why it ended, in the form of the log. The journal may not have it: that, too,
// may be what used up the budget.
std::string host::line_about_end(const end_result& result) const {
  auto text = result.text;
  auto all = rt_->events.after(0, std::numeric_limits<std::size_t>::max());
  for (auto i = all.events.rbegin(); i != all.events.rend(); ++i)
    if (auto& ev = **i;
        ev.kind == observe::event_kind::gave_up && ev.path == settings_.root) {
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

void host::on_signal(signal_meaning what) {
  std::string text = "SIGHUP: there is nothing to reload";
  if (what == signal_meaning::status) {
    text = "SIGUSR1: it runs";
    if (listener_)
      text = "SIGUSR1: it is " + std::string{to_string(listener_->state())}
             + (listener_->leaving() ? ", about to drain" : "")
             + "; connections open: " + std::to_string(listener_->active());
  }
  rt_->events.publish({.kind = observe::event_kind::notice,
                       .path = settings_.root,
                       .detail = std::move(text)});
}

int host::run() {
  prepare_process();
  block_server_signals();
  if (auto enough = check_threads(threads_needed() + 1); !enough) {
    say(enough.error());
    return failed;
  }
  auto early = std::make_unique<start_signals>();
  auto up = bring_up(server_loop::signals::stop);
  auto stop_came = early->end();
  early.reset();
  if (!up) {
    auto code = up.error().usage ? usage : failed;
    say(up.error().text);
    end_limit_.emplace(code);
    return code;
  }
  auto told = rt_->events.last_seq(); // the announcement reports the start
  write_within(STDOUT_FILENO,
               observe::printable_lines(announcement(*this), longest_last_line)
                 + "\n",
               reader_limit);
  log_->open(told);
  auto result = run_loop(stop_came);
  if (result.orderly && !end_reactors())
    result.orderly = false;
  end_journal(result.at_once ? hurried_last_try : longest_last_try);
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
