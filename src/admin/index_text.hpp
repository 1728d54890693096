#pragma once

#include <string_view>

namespace coppice::admin {

// What `GET /` answers to whom does not ask for HTML.
inline constexpr std::string_view index_text
  = "coppice: a supervised server.\n"
    "  GET  /tree                      its actors\n"
    "  GET  /events                    what happened: ?since=SEQ&limit=N\n"
    "  GET  /events/stream             ... and happens, as server-sent events\n"
    "  GET  /connections               who came and went: ?since=SEQ&limit=N\n"
    "  GET  /predict                   ?path=PATH&reason=REASON: what would "
    "be\n"
    "                                  done about that end, or "
    "&action=FAULT\n"
    "  GET  /sandbox                   ?crash=b: the three strategies at work\n"
    "  GET  /metrics                   for Prometheus\n"
    "  POST /kill                      {\"path\": ..., \"reason\": ...}\n"
    "  GET  /listeners                 states, limits and counters\n"
    "  GET  /listeners/NAME\n"
    "  POST /listeners/NAME/suspend    takes no more clients\n"
    "  POST /listeners/NAME/resume\n"
    "  POST /listeners/NAME/limits     sets those that are given\n"
    "  GET  /listeners/NAME/toxics     what makes its network a bad one\n"
    "  POST /listeners/NAME/toxics     {\"type\": ..., \"attributes\": ...}\n"
    "  POST /listeners/NAME/toxics/TOXIC    changes attributes\n"
    "  DELETE /listeners/NAME/toxics[/TOXIC]    takes them off\n"
    "  POST /actors/stop               {\"path\": ...} has a supervisor "
    "stop, start or\n"
    "                                  restart a child: stop, start, "
    "restart\n"
    "  GET  /log                       what the log leaves out\n"
    "  POST /log                       {\"level\": ...} from now on\n"
    "  POST /drain                     {\"timeout_ms\": ...} ends the server\n"
    "  GET  /faults                    the seed, and all fault points\n"
    "  PUT  /faults/POINT              {\"term\": ...} arms it\n"
    "  DELETE /faults/POINT            disarms it; /faults: all of them\n"
    "  POST /faults/seed               {\"seed\": ...}\n"
    "  POST /actors/FAULT              {\"path\": ...} strikes an actor: "
    "suspend,\n"
    "                                  resume, kill_random, burn_budget,\n"
    "                                  fail_starts, refuse_stop, flood, "
    "stall\n";

} // namespace coppice::admin
