// SPDX-License-Identifier: BSD-3-Clause

#include "server/host.hpp"

#include "actor/virtual_time.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/actor/system.hpp"
#include "coppice/net/behavior_handler.hpp"
#include "server/helpers.hpp"
#include "server/standard_streams.hpp"
#include "server/thread_check.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace coppice {

namespace {

// Supervisors and the like; connections have the reactors.
constexpr unsigned scheduler_threads = 2;

constexpr unsigned caf_threads = 2;     // clock, and printer or pool
constexpr unsigned journal_threads = 2; // one while it restarts
constexpr unsigned log_threads = 1;
constexpr unsigned admin_threads = 8; // two of them while it restarts

unexpected<start_error> failure(std::string text, bool usage = false) {
  return unexpected{start_error{usage, std::move(text)}};
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
  net::register_types();
}

host::host(host_settings settings) : settings_(std::move(settings)) {
  // nop
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
    end_journal(false);
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
    if (!settings_.listeners.empty())
      make_listeners();
    if (settings_.admin)
      make_admin();
    make_certificate_watch();
    if (stored_ && listeners_)
      stored_->give_to(listeners_->set());
    if (settings_.predecessor)
      take_sockets();
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
  if (settings_.programs) {
    take_output_of_programs();
    log_->open(0); // they may take a while
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
  auto reactors = 0u;
  for (auto& each : settings_.listeners)
    reactors = std::max(reactors, each.acceptors);
  result += reactors;
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

void host::make_listeners() {
  listeners_ = std::make_unique<listener_group>(rt_);
  for (auto& each : settings_.listeners)
    listeners_->add(each);
}

void host::make_certificate_watch() {
  if (rt_->time == nullptr && (listeners_ || (admin_ && admin_->tls())))
    certificates_
      = std::make_unique<certificate_watch>(all_listeners(), admin_, rt_);
}

void host::make_admin() {
  admin_ = std::make_shared<admin::server>(
    *settings_.admin, rt_, all_listeners(), settings_.access,
    admin::operations{
      .drain = [loop = loop_](auto timeout) { loop->drain(timeout); },
      .reload = [loop = loop_, its = this] { return reload_on(*loop, its); },
      .upgrade = upgrade_operations_of(),
      .log = log_,
      .file = recorder_,
      .echo =
        [echoing = listeners_ ? listeners_->echoing() : net::listener_set{}] {
          auto all = echoing.all();
          return all.empty() ? nullptr : all.front();
        },
      .laboratory = settings_.laboratory},
    settings_.admin_tls);
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
  if (listeners_)
    for (auto& each : listeners_->members())
      children.push_back(each.listener->child());
  if (!settings_.below.empty())
    return start_below(std::move(children));
  if (settings_.runtime && rt_->tree.look({}))
    return failure("the runtime has a tree already: name a supervisor of it in "
                   ".below",
                   true);
  auto started
    = actor::tree_root::start(rt_, settings_.root, settings_.flags,
                              std::move(children), call_off_start_.get_token());
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
  if (listeners_)
    for (auto& each : listeners_->members())
      if (auto why = each.listener->open_error(); !why.empty())
        return why;
  if (admin_)
    if (auto why = admin_->open_error(); !why.empty())
      return "the admin API " + why + " (--admin off does without)";
  if (settings_.programs) // the first of them is that of the program
    for (auto& each :
         rt_->events.after(0, std::numeric_limits<std::size_t>::max()).events)
      if (each->kind == observe::event_kind::start_failed)
        return "could not start: " + observe::describe(*each);
  return "could not start: " + reason;
}

// -- looking at it ------------------------------------------------------------

// Empty before there are some.
net::listener_set host::all_listeners() const {
  return listeners_ ? listeners_->set() : net::listener_set{};
}

net::listener_ptr host::listener() const {
  auto all = all_listeners().all();
  return all.empty() ? nullptr : all.front();
}

caf::actor host::root() const {
  return root_ ? root_->handle() : caf::actor{};
}

std::string host::admin_url() const {
  return admin_ && root_ ? admin_->url() : "";
}

} // namespace coppice
