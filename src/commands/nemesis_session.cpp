// SPDX-License-Identifier: BSD-3-Clause

#include "commands/nemesis_session.hpp"

#include "commands/answers.hpp"
#include "commands/complaint.hpp"
#include "commands/http_striker.hpp"
#include "commands/real_clock.hpp"
#include "commands/remote.hpp"
#include "commands/same_server.hpp"
#include "net/tls/client.hpp"
#include "observe/printable.hpp"
#include "server/exit_code.hpp"
#include "server/stop_signals.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <iostream>
#include <map>
#include <utility>

namespace coppice::commands {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t longest_line = 4 * observe::shown_at_most;

class nemesis_session {
public:
  nemesis_session(const nemesis_request& asked, const nemesis_options& options,
                  admin::client server)
      : asked_(asked),
        options_(options),
        server_(std::move(server)),
        clock_([this] { watch(); }),
        striker_(server_, clock_) {
    result_.moments = expand(asked.plan, asked.seed);
  }

  int run() {
    if (auto code = look_first(); code != done)
      return code;
    announce();
    clock_.begin(asked_.before);
    auto checks = asked_.checks;
    checks.tls = tls_;
    checks.zero = clock_.zero();
    nemesis::checking_clients clients{checks};
    watch();
    play(clients);
    result_.checks = clients.finish();
    auto verdict = judge(asked_, result_);
    std::cout << (options_.json ? to_json(asked_, result_, verdict)
                                : to_text(asked_, result_, verdict))
              << std::flush;
    return verdict.what == nemesis_verdict::kind::held ? done : failed;
  }

private:
  // Whether there is a server that allows faults, and whose admin API this is.
  // The lease is the first thing that is changed, and shows whether the token
  // is right.
  int look_first() {
    auto listed = server_.get("/faults");
    if (!listed)
      return report(listed.error());
    auto faults = json_of(*listed);
    (void)answer_part{faults}.at("points").elements();
    switch (compare_servers(server_, asked_.checks.server)) {
    case sameness::same:
      break;
    case sameness::no_server:
      complain("no server listens at " + options_.against);
      return unreachable;
    case sameness::no_admin:
      complain("the admin API at " + options_.admin
               + " does not show its connections");
      return failed;
    case sameness::other:
      complain("the admin API at " + options_.admin
               + " does not show a connection to " + options_.against
               + ": give --admin HOST:PORT of the server that listens there; "
                 "through a proxy that cannot be proven");
      return usage;
    }
    if (auto code = look_for_tls(); code != done)
      return code;
    if (auto kept = striker_.keep_lease(); !kept)
      return report(kept.error());
    nlohmann::json body{{"seed", asked_.seed}};
    if (auto seeded = server_.post("/faults/seed", in_ascii(body)); !seeded)
      return report(seeded.error());
    return done;
  }

  // The clients speak TLS where the listener does. Which one it is can be seen
  // by its port, unless that is translated on the way.
  int look_for_tls() {
    auto listed = server_.get("/listeners");
    if (!listed)
      return report(listed.error());
    auto all = json_of(*listed);
    auto port = options_.against.substr(options_.against.rfind(':'));
    auto speaks_tls = asked_.plan.tls;
    for (auto& each : answer_part{all}.at("listeners").elements()) {
      auto local = each.find("local");
      if (local && local->text().ends_with(port))
        speaks_tls = each.has("tls");
    }
    if (asked_.plan.tls && !speaks_tls) {
      complain(asked_.plan.name + " is about TLS, and the listener at "
               + options_.against
               + " speaks none: start the server with --tls-cert FILE");
      return usage;
    }
    if (!speaks_tls)
      return done;
    auto made = net::tls_client::make(
      {.verifies = !options_.ca.empty(), .ca_file = options_.ca});
    if (!made) {
      complain("--ca: " + made.error());
      return usage;
    }
    tls_ = *std::move(made);
    return done;
  }

  void play(nemesis::checking_clients& clients) {
    result_.log.interrupted = !clock_.wait_until(0ms);
    if (result_.log.interrupted)
      return;
    clients.enter(nemesis::check_phase::during);
    nemesis::run run{clock_, striker_, [this](auto& entry) { tell(entry); }};
    result_.log = run.play(result_.moments, asked_.plan.duration, [&] {
      clients.enter(nemesis::check_phase::healing);
    });
    auto& healed = result_.log.healed;
    say(clock_.now(), healed ? "healed: nothing is armed, the tree runs"
                             : "not healed: " + healed.error());
    if (result_.log.interrupted || !healed)
      return;
    clients.enter(nemesis::check_phase::after);
    clock_.wait_until(clock_.now() + asked_.after);
  }

  // -- the timeline -----------------------------------------------------------

  void announce() const {
    if (options_.json)
      return;
    std::cout << observe::printable(asked_.plan.name) << ": "
              << asked_.plan.duration.count() << " ms, seed " << asked_.seed
              << ", " << asked_.checks.clients << " clients against "
              << observe::printable(options_.against)
              << (tls_ ? ", by TLS" : "") << "\n";
    if (harms_bytes(asked_.plan))
      std::cout << "note: drop or dup where bytes pass takes away or doubles "
                   "bytes; violations are to be expected\n";
    std::cout << std::flush;
  }

  void say(milliseconds at, const std::string& text) const {
    if (!options_.json)
      std::cout << timestamp(at) << observe::printable(text, longest_line)
                << std::endl;
  }

  void tell(const nemesis::entry& entry) {
    if (entry.answer.what != nemesis::answer::kind::spared)
      say(entry.at, to_text(entry));
    watch();
  }

  // What the tree did since the last look.
  void watch() {
    striker_.keep_lease_if_due();
    auto actors = striker_.look();
    if (!actors)
      return;
    for (auto& each : *actors) {
      auto [known, is_new]
        = incarnations_.try_emplace(each.path, each.incarnation);
      if (is_new || !each.running || known->second == each.incarnation)
        continue;
      known->second = each.incarnation;
      note(each.path + " runs again (restart "
           + std::to_string(each.incarnation - 1) + ")");
    }
  }

  void note(std::string text) {
    result_.notes.push_back({clock_.now(), std::move(text)});
    say(result_.notes.back().at, "  " + result_.notes.back().text);
  }

  const nemesis_request& asked_;
  const nemesis_options& options_;
  admin::client server_;
  real_clock clock_;
  http_striker striker_;
  net::tls_client_ptr tls_; // null: the clients speak in the clear
  nemesis_result result_;
  std::map<std::string, std::uint64_t> incarnations_;
};

} // namespace

int play(const nemesis_request& asked, const nemesis_options& options) {
  auto server = changing(options);
  if (!server)
    return report(server.error());
  block_stop_signals();
  // The reader of the output may go; the server is healed all the same.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  return nemesis_session{asked, options, *std::move(server)}.run();
}

} // namespace coppice::commands
