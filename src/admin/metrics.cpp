// SPDX-License-Identifier: BSD-3-Clause

#include "admin/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace coppice::admin {

using observe::node_view;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

using label = std::pair<std::string_view, std::string_view>;

ClientMetric labelled(std::initializer_list<label> labels) {
  ClientMetric result;
  for (auto& [name, value] : labels)
    result.label.push_back({std::string{name}, std::string{value}});
  return result;
}

// One metric, and what is measured for it.
class family {
public:
  family(std::string_view name, MetricType type, std::string_view help)
      : what_{std::string{name}, std::string{help}, type, {}} {
    // nop
  }

  template <class T>
  family& add(T value, std::initializer_list<label> labels = {}) {
    auto metric = labelled(labels);
    metric.counter.value = metric.gauge.value = static_cast<double>(value);
    what_.metric.push_back(std::move(metric));
    return *this;
  }

  family& add(const observe::distribution& value,
              std::initializer_list<label> labels = {}) {
    auto metric = labelled(labels);
    auto& to = metric.histogram;
    for (std::size_t i = 0; i < value.counts.size(); ++i) {
      to.sample_count += value.counts[i];
      to.bucket.push_back(
        {to.sample_count, i < value.bounds.size()
                            ? seconds(value.bounds[i])
                            : std::numeric_limits<double>::infinity()});
    }
    to.sample_sum = seconds(value.sum);
    what_.metric.push_back(std::move(metric));
    return *this;
  }

  MetricFamily done() {
    return std::move(what_);
  }

private:
  static double seconds(std::chrono::nanoseconds value) {
    return std::chrono::duration<double>(value).count();
  }

  MetricFamily what_;
};

family counter(std::string_view name, std::string_view help) {
  return {name, MetricType::Counter, help};
}

family gauge(std::string_view name, std::string_view help) {
  return {name, MetricType::Gauge, help};
}

family histogram(std::string_view name, std::string_view help) {
  return {name, MetricType::Histogram, help};
}

using families = std::vector<MetricFamily>;

// -- the tree -----------------------------------------------------------------

void for_each(const node_view& from,
              const std::function<void(const node_view&)>& fn) {
  fn(from);
  for (auto& child : from.children)
    for_each(child, fn);
}

// Once it has ended, there is no tree any more.
void for_each_in(const std::optional<node_view>& root,
                 const std::function<void(const node_view&)>& fn) {
  if (root)
    for_each(*root, fn);
}

// What has not happened yet is 0, where the values are known in advance.
template <class T>
void add_zero(std::map<std::string, T>& all, const std::string& path) {
  if (all.size() < observe::event_counts::most_paths)
    all.try_emplace(path);
}

void add_budgets(families& to, const std::optional<node_view>& root,
                 std::map<std::string, std::uint64_t> nearly_used) {
  auto used = gauge("coppice_supervisor_budget_used",
                    "Restarts that count against the budget right now.");
  auto limit = gauge("coppice_supervisor_budget_limit",
                     "Restarts within the period that a supervisor survives; "
                     "one more, and it gives up.");
  auto period = gauge("coppice_supervisor_budget_period_seconds",
                      "How long a restart counts against the budget.");
  auto nearly = counter("coppice_supervisor_budget_nearly_used_total",
                        "Restarts after which four fifths of the budget or "
                        "more were used up.");
  for_each_in(root, [&](auto& node) {
    if (!node.supervisor)
      return;
    used.add(node.supervisor->budget_used, {{"path", node.path}});
    limit.add(node.supervisor->intensity, {{"path", node.path}});
    period.add(node.supervisor->period.count(), {{"path", node.path}});
    add_zero(nearly_used, node.path);
  });
  for (auto& [path, n] : nearly_used)
    nearly.add(n, {{"path", path}});
  for (auto* each : {&used, &limit, &period, &nearly})
    to.push_back(each->done());
}

void add_own_budgets(families& to, const node_view& root) {
  auto used = gauge("coppice_child_budget_used",
                    "Restarts that count against the budget that a child has "
                    "of its own.");
  auto limit = gauge("coppice_child_budget_limit",
                     "Restarts within the period that such a budget allows; "
                     "one more has to wait.");
  auto period = gauge("coppice_child_budget_period_seconds",
                      "How long a restart counts against such a budget.");
  for_each(root, [&](auto& node) {
    if (!node.own_budget)
      return;
    used.add(node.own_budget->used, {{"path", node.path}});
    limit.add(node.own_budget->intensity, {{"path", node.path}});
    period.add(node.own_budget->period.count(), {{"path", node.path}});
  });
  for (auto* each : {&used, &limit, &period})
    to.push_back(each->done());
}

void add_restarts(families& to, const std::optional<node_view>& root,
                  std::map<std::string, observe::event_counts::by_cause> all) {
  using observe::restart_cause;
  auto restarts = counter("coppice_restarts_total",
                          "Decisions to restart a child, by the child that "
                          "ended and the kind of reason that it ended with.");
  for_each_in(root, [&](auto& node) {
    if (node.restart) // nothing restarts the root
      add_zero(all, node.path);
  });
  for (auto& [path, by_cause] : all)
    for (std::size_t i = 0; i < by_cause.size(); ++i)
      restarts.add(
        by_cause[i],
        {{"path", path}, {"reason", to_string(static_cast<restart_cause>(i))}});
  to.push_back(restarts.done());
}

void add_children(families& to, const node_view& root) {
  using observe::node_state;
  constexpr std::array states{node_state::starting, node_state::running,
                              node_state::restarting, node_state::stopped};
  auto children = gauge("coppice_children",
                        "Children of a supervisor, by their state; connections "
                        "are not among them.");
  for_each(root, [&](auto& node) {
    if (!node.supervisor)
      return;
    for (auto state : states) {
      std::int64_t n
        = state == node_state::running ? node.members.value_or(0) : 0;
      for (auto& child : node.children)
        n += child.state == state;
      children.add(n, {{"path", node.path}, {"state", to_string(state)}});
    }
  });
  to.push_back(children.done());
}

// -- events -------------------------------------------------------------------

void add_events(families& to, const measurements& what) {
  auto events = counter("coppice_events_total", "Events, by their kind.");
  for (std::size_t i = 0; i < what.events.events.size(); ++i)
    events.add(what.events.events[i],
               {{"kind", to_string(static_cast<observe::event_kind>(i))}});
  to.push_back(events.done());
  to.push_back(counter("coppice_events_missed_total",
                       "Events that were dropped before they were counted.")
                 .add(what.events.missed)
                 .done());
  to.push_back(counter("coppice_events_lost_total",
                       "Events that were dropped before the journal took them.")
                 .add(what.events_lost)
                 .done());
  if (what.journal) {
    to.push_back(gauge("coppice_journal_writes",
                       "1 if the journal's file could be written the last "
                       "time.")
                   .add(what.journal->writes ? 1 : 0)
                   .done());
    to.push_back(gauge("coppice_journal_waiting_events",
                       "Events that wait to be written to the journal's file.")
                   .add(what.journal->waiting)
                   .done());
    to.push_back(counter("coppice_journal_lost_events_total",
                         "Events that are missing in the journal's file.")
                   .add(what.journal->lost)
                   .done());
  }
  to.push_back(
    counter("coppice_connection_records_lost_total",
            "Starts and ends of connections that were dropped before "
            "the journal took them.")
      .add(what.records_lost)
      .done());
  to.push_back(histogram("coppice_downtime_seconds",
                         "From the end of a child of the tree until it ran "
                         "again.")
                 .add(what.events.downtime)
                 .done());
}

// -- listeners ----------------------------------------------------------------

// A counter that every listener has for every reactor.
void add_traffic(families& to, const measurements& what, std::string_view name,
                 std::string_view help, std::uint64_t net::traffic::*value) {
  auto result = counter(name, help);
  for (auto& listener : what.listeners)
    for (std::size_t i = 0; i < listener.by_reactor.size(); ++i)
      result.add(listener.by_reactor[i].*value,
                 {{"listener", listener.name}, {"reactor", std::to_string(i)}});
  to.push_back(result.done());
}

net::traffic sum_of(const measurements::listener& what) {
  net::traffic result;
  for (auto& each : what.by_reactor)
    result += each;
  return result;
}

void add_refused(families& to, const measurements& what) {
  auto refused = counter("coppice_clients_refused_total",
                         "Clients that were refused before they got to a "
                         "handler: by a PROXY header or a handshake of TLS.");
  for (auto& listener : what.listeners) {
    auto all = sum_of(listener);
    for (std::size_t i = 0; i < net::refusals; ++i) {
      auto cause = static_cast<net::refusal>(i);
      refused.add(all.refused.of(cause),
                  {{"listener", listener.name}, {"cause", to_string(cause)}});
    }
  }
  to.push_back(refused.done());
}

void add_tls(families& to, const measurements& what) {
  auto handshakes = counter("coppice_tls_handshakes_total",
                            "Handshakes of TLS that were completed, and "
                            "whether an earlier session was resumed.");
  auto expiry = gauge("coppice_tls_certificate_expiry_timestamp_seconds",
                      "When a certificate that is in force expires.");
  for (auto& listener : what.listeners) {
    if (!listener.tls)
      continue;
    auto all = sum_of(listener);
    handshakes.add(all.handshakes - all.resumed,
                   {{"listener", listener.name}, {"resumed", "false"}});
    handshakes.add(all.resumed,
                   {{"listener", listener.name}, {"resumed", "true"}});
    for (auto& each : listener.certificates)
      expiry.add(std::chrono::system_clock::to_time_t(each.expires),
                 {{"listener", listener.name}, {"file", each.file}});
  }
  to.push_back(handshakes.done());
  to.push_back(expiry.done());
}

void add_connections(families& to, const measurements& what) {
  auto open = gauge("coppice_connections", "Connections that are open.");
  auto rejected = counter("coppice_connections_rejected_total",
                          "Clients that were turned away, by the limit that "
                          "left no room for them.");
  auto pauses = counter("coppice_rate_pauses_total",
                        "Times that a rate let clients wait to be accepted, "
                        "or bytes of a connection to be read.");
  for (auto& listener : what.listeners) {
    open.add(listener.active, {{"listener", listener.name}});
    auto all = sum_of(listener);
    rejected.add(all.rejected,
                 {{"listener", listener.name}, {"limit", "connections"}});
    rejected.add(all.rejected_by_address,
                 {{"listener", listener.name}, {"limit", "address"}});
    rejected.add(all.rejected_by_rate,
                 {{"listener", listener.name}, {"limit", "address_rate"}});
    pauses.add(all.accept_pauses,
               {{"listener", listener.name}, {"of", "accepting"}});
    pauses.add(all.read_pauses,
               {{"listener", listener.name}, {"of", "reading"}});
  }
  to.push_back(open.done());
  to.push_back(rejected.done());
  to.push_back(pauses.done());
  add_refused(to, what);
  add_tls(to, what);
  add_traffic(to, what, "coppice_connections_accepted_total",
              "Connections that were served.", &net::traffic::accepted);
  add_traffic(to, what, "coppice_connections_closed_total",
              "Connections that are over.", &net::traffic::closed);
  add_traffic(to, what, "coppice_received_bytes_total",
              "Bytes that came from clients.", &net::traffic::bytes_in);
  add_traffic(to, what, "coppice_sent_bytes_total",
              "Bytes that went to clients.", &net::traffic::bytes_out);
}

void add_accept_errors(families& to, const measurements& what) {
  using net::accept_error;
  constexpr std::array<std::pair<accept_error, std::string_view>, 3> classes{
    {{accept_error::transient, "transient"},
     {accept_error::exhausted, "exhausted"},
     {accept_error::fatal, "fatal"}}};
  auto errors = counter("coppice_accept_errors_total",
                        "Failed calls of accept(2), by what is done about "
                        "them.");
  for (auto& listener : what.listeners) {
    net::traffic all;
    for (auto& each : listener.by_reactor)
      all += each;
    for (auto& [which, name] : classes)
      errors.add(all.errors.of(which),
                 {{"listener", listener.name}, {"class", name}});
  }
  to.push_back(errors.done());
}

// Of the machine, or the container: the kernel does not count by port.
void add_tcp(families& to, const measurements& what) {
  auto add = [&](const char* name, const char* help, const char* key) {
    auto found = what.tcp.find(key);
    if (found != what.tcp.end())
      to.push_back(counter(name, help).add(found->second).done());
  };
  add(
    "coppice_tcp_full_queue_cookies_total",
    "SYN cookies that the kernel sent since a queue was full, in this network "
    "namespace: such a client may believe in a connection that does not exist.",
    "TCPReqQFullDoCookies");
  add("coppice_tcp_accept_queue_overflows_total",
      "Clients that the kernel dropped since an accept queue was full, in this "
      "network namespace.",
      "ListenOverflows");
}

// -- the rest -----------------------------------------------------------------

void add_machinery(families& to, const measurements& what) {
  auto rounds = histogram("coppice_reactor_loop_seconds",
                          "Rounds of a reactor's loop without the wait for "
                          "sockets. A ready socket may wait for one round.");
  for (auto& each : what.reactors)
    rounds.add(each.rounds, {{"reactor", std::to_string(each.index)}});
  to.push_back(rounds.done());
  auto waiting = gauge("coppice_mailbox_messages",
                       "Messages that an actor of the tree is not done with.");
  for (auto& [path, n] : what.waiting)
    waiting.add(n, {{"path", path}});
  to.push_back(waiting.done());
  if (what.log_lines_lost)
    to.push_back(counter("coppice_log_lines_lost_total",
                         "Lines of the log that were lost, since nobody read "
                         "them.")
                   .add(*what.log_lines_lost)
                   .done());
  auto fired = counter("coppice_faults_fired_total",
                       "Faults that fired, by the point in the code.");
  for (auto& each : what.faults)
    fired.add(each.fires, {{"point", each.name}});
  to.push_back(fired.done());
  to.push_back(gauge("coppice_build_info", "1, with what runs as a label.")
                 .add(1, {{"version", what.version}})
                 .done());
}

} // namespace

std::vector<MetricFamily> to_metrics(const measurements& what) {
  families result;
  add_restarts(result, what.tree, what.events.restarts);
  add_budgets(result, what.tree, what.events.nearly_used);
  if (what.tree) {
    add_own_budgets(result, *what.tree);
    add_children(result, *what.tree);
  }
  add_events(result, what);
  add_connections(result, what);
  add_accept_errors(result, what);
  add_tcp(result, what);
  add_machinery(result, what);
  return result;
}

std::string write(const std::vector<MetricFamily>& metrics) {
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, metrics);
  return out.str();
}

} // namespace coppice::admin
