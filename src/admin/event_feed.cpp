// SPDX-License-Identifier: BSD-3-Clause

#include "admin/event_feed.hpp"

#include "admin/responses.hpp"
#include "admin/tree_json.hpp"
#include "journal/event_json.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace coppice::admin {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t most_at_once = 1000;
// So that a page of long events is not much larger than it may be.
constexpr std::size_t few_at_once = 50;
constexpr std::size_t most_bytes = 1024 * 1024;
constexpr auto traffic_every = 1s;
// After this time, an event is shown even if the journal does not have it yet.
constexpr auto longest_wait = 1s;

std::string message(std::string_view type, const std::string& data) {
  return "event: " + std::string{type} + "\ndata: " + data + "\n\n";
}

json to_json(const observe::connection_log::kept_record& record,
             std::uint64_t seq) {
  auto result = journal::to_json(record.from->path(), record.what);
  result["seq"] = seq;
  return result;
}

// What `query` asks for; nothing if it makes no sense.
struct range {
  std::uint64_t since = 0;
  std::size_t limit = most_at_once;
};

std::optional<range> range_of(const std::map<std::string, std::string>& query) {
  auto given = [&](const char* key, std::uint64_t otherwise) {
    auto i = query.find(key);
    return i == query.end() ? std::optional{otherwise} : parse_seq(i->second);
  };
  auto since = given("since", 0);
  auto limit = given("limit", most_at_once);
  if (!since || !limit || *limit == 0)
    return {};
  return range{*since, std::min<std::uint64_t>(*limit, most_at_once)};
}

response no_range() {
  return failure(400, "\"since\" has to be a number, and \"limit\" one from 1 "
                      "on");
}

// Whether events may be shown: they are in the journal, or that took too long.
// Waits for that, or does not.
bool may_show(const actor::runtime& rt, const observe::excerpt& what,
              bool waits) {
  if (!rt.may_show || what.events.empty())
    return true;
  auto& last = *what.events.back();
  auto left = std::chrono::ceil<std::chrono::milliseconds>(
    last.time + longest_wait - steady_clock::now());
  return left <= 0ms || rt.may_show(last.seq, waits ? left : 0ms);
}

json to_json(const canary::report& report) {
  json samples = json::array();
  for (auto& each : report.samples) {
    auto& made = samples.emplace_back(
      json{{"mono_ns", each.at.time_since_epoch().count()}});
    if (each.from)
      made["from"] = to_string(*each.from);
    if (!each.failure.empty()) {
      made["failure"] = each.failure;
      continue;
    }
    made["took_ns"] = each.took.count();
    if (each.gap.count() > 0)
      made["gap_ns"] = each.gap.count();
  }
  return {{"connected", report.connected}, {"samples", std::move(samples)}};
}

} // namespace

std::optional<std::uint64_t> parse_seq(std::string_view text) {
  std::uint64_t result = 0;
  auto end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, result);
  if (read.ec != std::errc{} || read.ptr != end)
    return {};
  return result;
}

std::string event_id(std::uint64_t seq, const observe::event_bus& bus) {
  return std::to_string(seq) + "-" + std::to_string(bus.boot());
}

std::optional<std::uint64_t> parse_event_id(std::string_view text,
                                            const observe::event_bus& bus) {
  auto dash = text.find('-');
  if (dash == std::string_view::npos)
    return {};
  auto seq = parse_seq(text.substr(0, dash));
  auto boot = parse_seq(text.substr(dash + 1));
  if (!seq || !boot)
    return {};
  return *boot == bus.boot() ? seq : 0;
}

namespace {

// Some events, and where to go on.
class page_of_events {
public:
  explicit page_of_events(std::uint64_t since) : next_(since) {
    // nop
  }

  bool full() const noexcept {
    return bytes_ >= most_bytes;
  }

  void add(json event, std::uint64_t seq) {
    bytes_ += journal::to_line(event).size();
    all_.push_back(std::move(event));
    next_ = seq;
  }

  json to_json(std::uint64_t missed, std::uint64_t last) && {
    auto next = all_.empty() ? std::min(next_, last) : next_;
    return {{"events", std::move(all_)},
            {"missed", missed},
            {"next", next},
            {"more", next < last},
            {"last_seq", last}};
  }

private:
  json all_ = json::array();
  std::size_t bytes_ = 0;
  std::uint64_t next_;
};

} // namespace

response events(const actor::runtime& rt,
                const std::map<std::string, std::string>& query) {
  auto wanted = range_of(query);
  if (!wanted)
    return no_range();
  auto last = rt.events.last_seq(); // before: what comes between is sent later
  auto found = rt.events.after(wanted->since, wanted->limit);
  (void)may_show(rt, found, true);
  page_of_events page{wanted->since};
  for (auto& each : found.events) {
    if (page.full())
      break;
    page.add(journal::to_json(*each), each->seq);
  }
  return success(std::move(page).to_json(found.missed, last));
}

response connection_events(const actor::runtime& rt,
                           const std::map<std::string, std::string>& query) {
  auto wanted = range_of(query);
  if (!wanted)
    return no_range();
  auto found = rt.connections.after(wanted->since, wanted->limit);
  page_of_events page{wanted->since};
  for (auto seq = found.first_seq; auto& each : found.records) {
    if (page.full())
      break;
    page.add(to_json(each, seq), seq);
    ++seq;
  }
  auto result = std::move(page).to_json(found.missed, found.last_seq);
  result["lost"] = rt.connections.lost();
  return success(result);
}

event_feed::event_feed(actor::runtime_ptr rt, net::listener_set listeners,
                       std::uint64_t since, std::string greeting,
                       feed_extras extras)
    : rt_(std::move(rt)),
      listeners_(std::move(listeners)),
      events_(rt_->events, "feed", since > rt_->events.last_seq() ? 0 : since),
      greeting_(std::move(greeting)),
      extras_(std::move(extras)),
      known_(rt_->connections.after(0, 0).last_seq) {
  // nop
}

std::string event_feed::next() {
  auto result = greeting_.empty()
                  ? std::string{}
                  : message("hello", std::exchange(greeting_, {}));
  auto now = steady_clock::now();
  result += news();
  if (now >= next_look_) {
    next_look_ = now + look_every;
    result += tree_if_changed();
    if (extras_.connections)
      result += connections();
  }
  if (now >= next_traffic_) {
    next_traffic_ = now + traffic_every;
    result += traffic();
  }
  return result;
}

std::string event_feed::news() {
  std::string result;
  while (result.size() < full_bytes) {
    if (next_.events.empty()) {
      next_ = events_.take(few_at_once);
      if (next_.missed > 0)
        result += message("missed", std::to_string(next_.missed));
      if (next_.events.empty())
        break;
    }
    if (!may_show(*rt_, next_, false))
      break;
    for (auto& each : std::exchange(next_, {}).events)
      result += "id: " + event_id(each->seq, rt_->events) + "\ndata: "
                + journal::to_line(journal::to_json(*each)) + "\n\n";
  }
  return result;
}

std::string event_feed::connections() {
  auto found = rt_->connections.after(known_, most_at_once);
  std::string result;
  if (found.missed > 0)
    result += message("missed", std::to_string(found.missed));
  for (auto seq = found.first_seq; auto& each : found.records) {
    known_ = seq;
    result += message("connection", journal::to_line(to_json(each, seq++)));
  }
  return result;
}

std::string event_feed::tree_if_changed() {
  auto text = journal::to_line(look_at_tree(*rt_));
  if (text == tree_)
    return {};
  tree_ = std::move(text);
  return message("tree", tree_);
}

std::string event_feed::traffic() {
  json all = json::array();
  for (auto& each : listeners_.all()) {
    auto counted = each->counters();
    auto local = each->local();
    all.push_back({{"name", each->config().name},
                   {"path", each->path()},
                   {"local", local ? json(to_string(*local)) : json()},
                   {"state", to_string(each->state())},
                   {"topology", to_string(each->config().topology)},
                   {"tls", each->tls_settings().has_value()},
                   {"active", each->active()},
                   {"accepted", counted.accepted},
                   {"closed", counted.closed},
                   {"rejected", counted.rejected},
                   {"rejected_by_rate", counted.rejected_by_rate},
                   {"accept_pauses", counted.accept_pauses},
                   {"read_pauses", counted.read_pauses},
                   {"bytes_in", counted.bytes_in},
                   {"bytes_out", counted.bytes_out}});
  }
  auto now = steady_clock::now().time_since_epoch().count();
  json result{{"mono_ns", now}, {"listeners", std::move(all)}};
  if (extras_.canary) {
    auto report = extras_.canary->after(felt_);
    felt_ = report.last;
    if (!report.resting)
      result["canary"] = to_json(report);
  }
  auto earlier = extras_.earlier ? extras_.earlier(false) : std::nullopt;
  if (earlier && !earlier->ended)
    result["earlier"]
      = {{"pid", earlier->pid}, {"connections", earlier->connections}};
  return message("traffic", journal::to_line(result));
}

} // namespace coppice::admin
