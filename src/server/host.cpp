// SPDX-License-Identifier: BSD-3-Clause

#include "server/host.hpp"

#include "coppice/actor/compat.hpp"
#include "coppice/actor/messages.hpp"
#include "coppice/net/behavior_handler.hpp"
#include "journal/messages.hpp"
#include "server/announcement.hpp"
#include "server/exit_code.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <utility>

namespace coppice {

namespace {

// Supervisors and the like; connections have the reactors.
constexpr std::size_t scheduler_threads = 2;

// How long a handler may keep the others on its reactor waiting before that is
// worth a line.
constexpr std::chrono::milliseconds held_up_limit{100};

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

unexpected<start_error> failure(std::string text, bool usage = false) {
  return unexpected{start_error{usage, std::move(text)}};
}

} // namespace

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void register_types() {
  static std::once_flag once;
  std::call_once(once, [] {
    actor::register_core_types();
    actor::register_types<caf::id_block::coppice_actor>();
    actor::register_types<caf::id_block::coppice_journal>();
    actor::register_types<caf::id_block::coppice_net>();
  });
}

host::host(host_settings settings) : settings_(std::move(settings)) {
  // nop
}

host::~host() {
  stop();
  end_reactors();
  std::lock_guard guard{mutex_};
  if (result_ && !result_->orderly)
    (void)own_system_.release(); // its end would wait for what is left
}

// -- the start ----------------------------------------------------------------

expected<void, start_error> host::start() {
  auto up = bring_up(server_loop::signals::none);
  if (!up)
    return up;
  log_->open(rt_->events.last_seq());
  end_watcher_ = std::thread{[this] {
    run_loop();
    log_last_connections();
  }};
  return {};
}

expected<void, start_error> host::bring_up(server_loop::signals which) {
  try {
    log_ = std::make_shared<journal::log>(settings_.log_format);
    log_->show_connections(settings_.log_connections);
    log_->set_level(settings_.log_level);
    loop_ = std::make_unique<server_loop>(which);
    make_system();
    if (settings_.listener)
      make_listener();
    if (settings_.admin)
      make_admin();
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

void host::make_system() {
  auto* system = settings_.system;
  if (system == nullptr) {
    register_types();
    actor::configure_scheduler(config_, scheduler_threads);
    own_system_ = std::make_unique<caf::actor_system>(config_);
    own_system_->await_actors_before_shutdown(false);
    system = own_system_.get();
  }
  rt_ = std::make_shared<actor::runtime>(
    *system, fault::registry::settings{.seed = settings_.fault_seed});
}

void host::make_listener() {
  for (unsigned i = 0; i < settings_.listener->acceptors; ++i)
    start_reactor(i);
  listener_ = std::make_shared<net::listener>(settings_.listener->config, rt_,
                                              reactors_);
}

void host::start_reactor(unsigned index) {
  auto& reactor = reactors_.emplace_back(
    std::make_shared<net::reactor>(rt_->system, index));
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
    admin::operations{.drain = [this](auto timeout) { loop_->drain(timeout); },
                      .log = log_,
                      .echo
                      = settings_.echoes_until.empty() ? nullptr : listener_});
}

expected<void, start_error> host::arm_faults() {
  if (auto wrong = rt_->faults.arm(settings_.faults))
    return failure("COPPICE_FAULTS: " + to_string(*wrong), true);
  for (auto& unmet : rt_->faults.unmet())
    return failure("COPPICE_FAULTS: " + to_string(unmet), true);
  return {};
}

expected<void, start_error> host::start_tree() {
  auto children = settings_.children;
  children.insert(children.begin(), journal::journal_child(log_, recorder()));
  if (listener_)
    children.push_back(listener_->child());
  if (admin_)
    children.push_back(admin_->child());
  auto started = actor::tree_root::start(rt_, settings_.root, settings_.flags,
                                         std::move(children));
  root_ = std::move(started.root);
  if (!root_)
    return failure(explain(started.error));
  std::lock_guard guard{mutex_};
  running_ = true;
  return {};
}

journal::recorder_ptr host::recorder() const {
  if (!settings_.journal)
    return nullptr;
  return std::make_shared<journal::recorder>(*settings_.journal,
                                             settings_.journal_bounds);
}

// The tree's own reason names every supervisor on the way; a person who starts
// a program wants to know of the port.
std::string host::explain(const std::string& reason) const {
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

end_result host::run_loop() {
  std::chrono::milliseconds timeout{0};
  if (settings_.listener)
    timeout = settings_.listener->drain_timeout;
  auto result = loop_->run({*root_, listener_.get(), timeout});
  std::lock_guard guard{mutex_};
  result_ = result;
  ended_.notify_all();
  return result;
}

int host::wait() {
  std::unique_lock guard{mutex_};
  if (!running_)
    return done;
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
  wait();
}

void host::end_reactors() {
  if (end_watcher_.joinable())
    end_watcher_.join();
  for (auto& reactor : reactors_)
    reactor->stop_thread();
}

// The journal ended with the tree, and some connections after it.
void host::log_last_connections() {
  rt_->connections.drain(
    [this](auto path, auto& record) { log_->write(path, record); });
}

int host::run() {
  prepare_process();
  block_stop_signals();
  auto up = bring_up(server_loop::signals::stop);
  if (!up) {
    std::cerr << settings_.program << ": " << up.error().text << std::endl;
    return up.error().usage ? usage : failed;
  }
  auto told = rt_->events.last_seq(); // the announcement tells of the start
  std::cout << announcement(*this) << std::endl;
  log_->open(told);
  auto result = run_loop();
  if (!result.text.empty())
    std::cerr << settings_.program << ": " << result.text << std::endl;
  // Actors may be left that nothing ends any more, so an orderly end of the
  // process could take for ever.
  if (!result.orderly || result.code != done)
    std::_Exit(result.code);
  log_last_connections();
  return result.code;
}

} // namespace coppice
