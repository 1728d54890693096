#include "commands/serve.hpp"

#include "admin/server.hpp"
#include "commands/exit_code.hpp"
#include "commands/server_loop.hpp"
#include "coppice/actor/compat.hpp"
#include "coppice/actor/messages.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/net/behavior_handler.hpp"
#include "journal/journal.hpp"
#include "journal/messages.hpp"
#include "protocol/protocols.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

namespace coppice::commands {

namespace {

// Supervisors and the like; connections have the reactors.
constexpr std::size_t scheduler_threads = 2;

// How long a handler may keep the others on its reactor waiting before that is
// worth a line.
constexpr std::chrono::milliseconds held_up_limit{100};

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Everything that is there as long as the server runs, in the order in which
// it has to be there.
class server_process {
public:
  explicit server_process(const serve_options& options)
      : options_(options),
        system_(configuration()),
        rt_(std::make_shared<actor::runtime>(
          system_, fault::registry::settings{.seed = options.fault_seed})) {
    system_.await_actors_before_shutdown(false);
    log_->show_connections(options.log_connections);
    log_->set_level(options.log_level);
    for (unsigned i = 0; i < options.acceptors; ++i)
      start_reactor(i);
    listener_ = std::make_shared<net::listener>(
      net::listener_config{.name = options.protocol,
                           .where = options.where,
                           .listening = options.listening,
                           .inherited = options.inherited,
                           .topology = options.topology,
                           .acceptor_intensity = options.max_restarts,
                           .acceptor_period = options.max_seconds,
                           .make_handler = protocol::find(options.protocol),
                           .limits = options.limits},
      rt_, reactors_);
    if (options.admin)
      admin_ = std::make_shared<admin::server>(
        *options.admin, rt_, std::vector{listener_},
        admin::access{.token = options.token,
                      .allow_faults = options.allow_faults},
        admin::operations{.drain
                          = [this](auto timeout) { loop_.drain(timeout); },
                          .log = log_,
                          .echo = echoes() ? listener_ : nullptr});
  }

  ~server_process() {
    for (auto& reactor : reactors_)
      reactor->stop_thread();
  }

  int run() {
    if (auto wrong = rt_->faults.arm(options_.faults)) {
      std::cerr << "coppice: COPPICE_FAULTS: " << to_string(*wrong)
                << std::endl;
      return usage;
    }
    for (auto& unmet : rt_->faults.unmet()) {
      std::cerr << "coppice: COPPICE_FAULTS: " << to_string(unmet) << std::endl;
      return usage;
    }
    std::vector children{journal::journal_child(log_, recorder()),
                         listener_->child()};
    if (admin_)
      children.push_back(admin_->child());
    auto started = actor::tree_root::start(rt_, "coppice", {.intensity = 3},
                                           std::move(children));
    if (!started.root) {
      std::cerr << "coppice: " << explain(started.error) << std::endl;
      return failed;
    }
    auto told = rt_->events.last_seq(); // the announcement tells of the start
    announce();
    log_->open(told);
    auto code = loop_.run({*started.root, *listener_, options_.drain_timeout});
    log_last_connections();
    return code;
  }

private:
  void start_reactor(unsigned index) {
    auto& reactor
      = reactors_.emplace_back(std::make_shared<net::reactor>(system_, index));
    reactor->on_held_up(held_up_limit, [rt = rt_, index](auto took) {
      observe::event ev;
      ev.kind = observe::event_kind::held_up;
      ev.path = "reactor:" + std::to_string(index);
      ev.detail = std::to_string(
                    std::chrono::round<std::chrono::milliseconds>(took).count())
                  + " ms; its connections had to wait";
      rt->events.publish(std::move(ev));
    });
    reactor->start_thread();
  }

  journal::recorder_ptr recorder() const {
    if (!options_.journal)
      return nullptr;
    return std::make_shared<journal::recorder>(*options_.journal,
                                               options_.journal_bounds);
  }

  // The journal ended with the tree, and some connections after it.
  void log_last_connections() {
    rt_->connections.drain(
      [this](auto path, auto& record) { log_->write(path, record); });
  }

  caf::actor_system_config& configuration() {
    actor::configure_scheduler(config_, scheduler_threads);
    return config_;
  }

  // Whether it sends back a line that is not "stop".
  bool echoes() const {
    return options_.protocol == "echo" || options_.protocol == "line";
  }

  // The tree's own reason names every supervisor on the way; whoever typed the
  // command wants to know of the port.
  std::string explain(const std::string& reason) const {
    if (auto why = listener_->open_error(); !why.empty())
      return why;
    if (auto why = admin_ ? admin_->open_error() : ""; !why.empty())
      return "the admin API " + why + " (--admin off does without)";
    return "could not start: " + reason;
  }

  void announce() const {
    auto where = *listener_->local();
    auto n = options_.acceptors;
    std::cout << "coppice: listening on " << to_string(where) << " ("
              << options_.protocol << ", " << to_string(options_.topology)
              << ", " << n << (n == 1 ? " acceptor); " : " acceptors); ")
              << (admin_ ? "admin at " + admin_->url() : "admin is off")
              << "\n  talk to it    " << how_to_talk(where)
              << (echoes() ? "    (a line \"stop\" closes the connection)"
                           : "");
    if (admin_)
      std::cout << "\n  watch it      " << page_url() << " in a browser"
                << "\n  see the tree  coppice tree" << admin_option()
                << "\n  break it      coppice kill coppice/listener:"
                << options_.protocol << "/accepting/acceptors/acceptor:0"
                << admin_option();
    if (options_.allow_faults || !options_.faults.empty())
      std::cout << "\n  faults        "
                << (options_.allow_faults
                      ? "coppice fault list" + admin_option()
                      : "of COPPICE_FAULTS")
                << "    (seed " << rt_->faults.seed() << ")";
    std::cout << std::endl;
  }

  static std::string how_to_talk(const net::endpoint& where) {
    if (where.is_unix())
      return "nc -U " + where.address();
    return "nc " + (where.any() ? "127.0.0.1" : where.address()) + " "
           + std::to_string(where.port());
  }

  // As a browser on this machine takes it.
  std::string page_url() const {
    auto url = admin_->url();
    return (options_.admin->any()
              ? "http://127.0.0.1" + url.substr(url.rfind(':'))
              : url)
           + "/";
  }

  std::string admin_option() const {
    constexpr std::string_view scheme = "http://";
    if (!admin_)
      return {};
    auto authority = admin_->url().substr(scheme.size());
    return authority == "127.0.0.1:6060" ? "" : " --admin " + authority;
  }

  const serve_options& options_;
  journal::log_ptr log_ = std::make_shared<journal::log>(options_.log_format);
  server_loop loop_; // before anybody else takes descriptors
  caf::actor_system_config config_;
  caf::actor_system system_;
  actor::runtime_ptr rt_;
  std::vector<net::reactor_ptr> reactors_;
  net::listener_ptr listener_;
  std::shared_ptr<admin::server> admin_;
};

} // namespace

int serve(const serve_options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  block_stop_signals();
  raise_descriptor_limit();
  actor::register_core_types();
  actor::register_types<caf::id_block::coppice_actor>();
  actor::register_types<caf::id_block::coppice_journal>();
  actor::register_types<caf::id_block::coppice_net>();
  return server_process{options}.run();
}

} // namespace coppice::commands
