// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/server.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/expected.hpp"
#include "coppice/fault/term.hpp"
#include "coppice/net/listener.hpp"
#include "coppice/settings.hpp"
#include "journal/journal.hpp"
#include "server/certificate_watch.hpp"
#include "server/listener_group.hpp"
#include "server/server_loop.hpp"
#include "server/server_signals.hpp"
#include "server/service_reports.hpp"
#include "server/socket_store.hpp"
#include "server/upgrade/predecessor.hpp"
#include "server/upgrade/successor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace coppice {

/// What a configuration file says, read again while the program runs.
struct fresh_config {
  std::vector<listener_plan> listeners;
  /// Those of the program as a whole.
  config_keys keys;
  journal::log_level log_level = journal::log_level::info;
  bool log_connections = false;
};

/// Says what was done, or why it was not.
using reload_result = expected<std::string, std::string>;

/// What a server or an application is made of, checked.
struct host_settings {
  std::string program = "coppice"; ///< What its messages begin with.
  std::string root;
  supervision::flags flags{.intensity = 3};
  std::vector<actor::child_spec> children = {};
  std::vector<listener_plan> listeners = {};
  /// Reads the configuration file again; the error says all that is wrong with
  /// it. Null: there is none.
  std::function<expected<fresh_config, std::string>()> read_again = {};
  config_keys keys = {}; ///< What that file says of the program as a whole.
  std::optional<net::endpoint> admin = {};         ///< Unset: no admin API.
  std::optional<net::tls_settings> admin_tls = {}; ///< Unset: plain HTTP.
  bool fd_store = false;                           ///< See `socket_store`.
  /// Listens already, in place of one for `admin`.
  std::optional<int> admin_socket = {};
  admin::access access = {};
  bool log_connections = false;
  journal::log_level log_level = journal::log_level::info;
  journal::log_format log_format = journal::log_format::text;
  std::optional<std::filesystem::path> journal = {}; ///< Unset: no file.
  journal::bounds journal_bounds = {};
  std::optional<std::uint64_t> fault_seed = {}; ///< Unset: a random one.
  fault::plan faults = {};                      ///< Armed from the start.
  /// See `admin::operations`.
  decltype(admin::operations::laboratory) laboratory = {};
  /// Set if the children are programs. Their events are in the log from the
  /// start on.
  std::optional<end_of_programs> programs = {};
  /// What is up, in the first line that it prints; empty: its root.
  std::string title = {};
  /// The actor that may be killed to see how it heals, in what it prints;
  /// empty: one that it finds itself.
  std::string victim = {};
  bool announces = true;           ///< Prints that it is up.
  actor::runtime_ptr runtime = {}; ///< Null: one of its own.
  /// The path of a supervisor there to be a child of; empty: a root.
  std::string below = {};
  /// The process that this one is to replace; null: there is none.
  std::shared_ptr<upgrade::predecessor> predecessor = {};
};

/// An actor system and what it refers to.
struct system_of_its_own {
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
};

/// Everything that is there as long as a server or an application runs, in the
/// order in which it has to be there. Made by its owner, run once.
class host {
public:
  explicit host(host_settings settings);

  /// Stops it. What does not end even then, such as the thread of a reactor
  /// whose handler does not return, is left behind together with the actor
  /// system that was made for it; `settings.runtime` must outlive it.
  ~host();

  host(const host&) = delete;
  host& operator=(const host&) = delete;

  /// Starts the tree and waits until it is up.
  expected<void, start_error> start();

  /// Waits for the end of a running one; returns the exit code. Any thread; in
  /// virtual time, the one that runs it. Throws `std::logic_error` if nothing
  /// happens any more there.
  int wait();

  /// Has it end as after a signal, and waits. As `wait`, but never throws.
  void stop();

  /// Starts, says where it is, waits for signals or the end of the tree;
  /// returns the exit code.
  int run();

  const host_settings& settings() const noexcept {
    return settings_;
  }

  // -- null, nothing or empty before the start --------------------------------

  /// The first one.
  net::listener_ptr listener() const;

  /// Null without listeners.
  const listener_group* listeners() const noexcept {
    return listeners_.get();
  }

  actor::runtime_ptr rt() const {
    return rt_;
  }

  caf::actor root() const;
  std::string admin_url() const;

private:
  expected<void, start_error> bring_up(server_loop::signals which);
  expected<void, start_error> bring_up_and_take_over();
  void take_sockets();
  void take_sockets(const listener_group::member& each);
  bool has_admin_of_predecessor() const;
  expected<void, start_error> take_over();
  void tell_of_predecessor();
  void make_successor();
  upgrade::handover share_sockets();
  void on_successor(int pid, const std::vector<std::string>& listeners,
                    bool admin);
  void on_no_successor(const std::string& why);
  std::string numbers() const;
  admin::upgrade_operations upgrade_operations_of();
  expected<void, start_error> arm_faults();
  expected<void, start_error> start_tree();
  expected<void, start_error>
  start_below(std::vector<actor::child_spec> children);
  unsigned threads_needed() const;
  void make_runtime();
  void make_listeners();
  void make_admin();
  void make_certificate_watch();
  bool end_reactors();
  void end_system();
  void make_journal();
  void end_journal(bool at_once);
  static void forget_system_here();
  running_server parts();
  end_result run_loop(bool stop_came = false);
  bool run_virtual_time();
  void on_signal(signal_meaning what);
  reload_result reload();
  /// Has the loop reload, and waits. Any thread but the loop's.
  static reload_result reload_on(server_loop& loop, host* its);
  reload_result read_again();
  expected<std::vector<std::string>, std::string> follow_config();
  void follow_program_keys(const fresh_config& fresh,
                           std::vector<std::string>& lines);
  reload_result reload_certificates();
  drain_times times() const;
  std::string state_text() const;
  net::listener_set all_listeners() const;
  void say(const std::string& text) const;
  std::string line_about_end(const end_result& result) const;
  std::string start_failure(const std::string& reason) const;
  const end_of_programs* programs() const noexcept;
  bool has_given_up() const;
  void take_output_of_programs();
  void flush_output();

  std::optional<end_limit> end_limit_; // outlives what may not end
  host_settings settings_;
  journal::log_ptr log_;
  bool left_reactors_ = false; // behind
  // Before anything else takes descriptors. Shared with the admin API, which
  // may outlive this: see `left_behind`.
  std::shared_ptr<server_loop> loop_;
  std::unique_ptr<system_of_its_own> own_system_;
  actor::runtime_ptr rt_;
  journal::recorder_ptr recorder_; // null: there is no file
  journal::scribe_ptr scribe_;
  std::unique_ptr<listener_group> listeners_; // null: there are none
  std::shared_ptr<admin::server> admin_;
  std::unique_ptr<certificate_watch> certificates_;  // null: none to watch
  std::unique_ptr<service_reports> service_reports_; // null before `run`
  std::shared_ptr<upgrade::successor> successor_;    // null unless it is run
  std::optional<socket_store> stored_;               // the same
  std::stop_source call_off_start_;                  // of programs
  std::unique_ptr<actor::tree_root> root_;
  std::thread end_watcher_; // after `start`
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool running_ = false;             // guarded by mutex_
  std::optional<end_result> result_; // guarded by mutex_
};

/// Limits of this process that a server needs raised, and signals it does
/// without.
void prepare_process();

/// Registers coppice's message types with CAF. Idempotent, any thread; before
/// there is an actor system.
void register_types();

} // namespace coppice
