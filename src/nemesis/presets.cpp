#include "nemesis/schedule_file.hpp"

#include <algorithm>

namespace coppice::nemesis {

namespace {

constexpr auto monkey = R"json({
  "name": "monkey",
  "about": "A bit of everything by chance: workers are killed, acceptors stand still, connections break.",
  "duration": "30s",
  "steps": [
    {"every": "700ms", "jitter": "300ms", "fault": "kill_random",
     "target": "coppice/listener:*/accepting/acceptors", "within_budget": true},
    {"every": "9s", "from": "1s", "fault": "kill",
     "target": "coppice/listener:*/accepting/port", "within_budget": true},
    {"every": "5s", "from": "2s", "fault": "kill",
     "target": "coppice/journal", "within_budget": true},
    {"every": "3s", "from": "1500ms", "jitter": "500ms", "for": "300ms", "fault": "suspend",
     "target": "coppice/listener:*/accepting/acceptors/*"},
    {"every": "4s", "from": "500ms", "for": "2s", "fault": "arm",
     "point": "net.recv", "term": "0.5%error(ECONNRESET)->0.5%kill"},
    {"every": "4s", "from": "2500ms", "for": "1s", "fault": "arm",
     "point": "net.connection.start", "term": "5%throw(nemesis)"
}
  ]
  }
)json";

constexpr auto budget_burn = R"json({
  "name": "budget_burn",
  "about": "The acceptors fail until their supervisor gives up, once: the one above it heals them.",
  "duration": "10s",
  "steps": [
    {"at": "500ms", "fault": "burn_budget",
     "target": "coppice/listener:*/accepting/acceptors"}
  ]
}
)json";

constexpr auto rolling_restart = R"json({
  "name": "rolling_restart",
  "about": "One acceptor after the other is asked to end, and started again.",
  "duration": "20s",
  "steps": [
    {"every": "1s", "from": "500ms", "fault": "kill", "reason": "shutdown",
     "target": "coppice/listener:*/accepting/acceptors/*", "within_budget": true}
  ]
}
)json";

constexpr auto acceptor_storm = R"json({
  "name": "acceptor_storm",
  "about": "Acceptors are killed as fast as their restart budget allows.",
  "duration": "20s",
  "steps": [
    {"every": "100ms", "fault": "kill_random",
     "target": "coppice/listener:*/accepting/acceptors", "within_budget": true}
  ]
}
)json";

constexpr auto brownout = R"json({
  "name": "brownout",
  "about": "Nothing breaks and everything is slow: bytes come and go late and in pieces, clients are accepted late, a reactor stands still.",
  "duration": "30s",
  "steps": [
    {"every": "3s", "from": "200ms", "for": "2s", "fault": "arm",
     "point": "net.recv", "term": "10%delay(30ms)"
},
    {"every": "3s", "from": "400ms", "for": "2s", "fault": "arm",
     "point": "net.send", "term": "5%delay(50ms)->20%return(100)"},
    {"every": "3s", "from": "600ms", "for": "1s", "fault": "arm",
     "point": "net.accept", "term": "20%delay(100ms)"},
    {"every": "5s", "from": "1s", "fault": "stall", "reactor": 0, "time": "150ms"},
    {"every": "4s", "from": "1200ms", "for": "1s", "fault": "toxic",
     "toxic": {"type": "latency", "attributes": {"latency": 20, "jitter": 10}}},
    {"every": "4s", "from": "2500ms", "for": "1s", "fault": "toxic",
     "toxic": {"type": "slicer", "stream": "upstream", "toxicity": 0.5,
               "attributes": {"average_size": 500, "size_variation": 100, "delay": 100}}}
  ]
}
)json";

} // namespace

const std::vector<preset>& presets() {
  static const auto all = [] {
    std::vector<preset> result;
    for (auto* text :
         {monkey, budget_burn, rolling_restart, acceptor_storm, brownout}) {
      auto plan = std::get<schedule>(parse_schedule(text, "preset"));
      result.push_back({plan.name, plan.about, text});
    }
    return result;
  }();
  return all;
}

const preset* find_preset(std::string_view name) {
  auto& all = presets();
  auto i = std::ranges::find(all, name, &preset::name);
  return i == all.end() ? nullptr : &*i;
}

} // namespace coppice::nemesis
