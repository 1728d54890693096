// Two programs as supervised children: shop [OPTIONS]; shop --help says more.
// If the store ends, the web server, which needs it, is restarted with it.

#include <coppice/application.hpp>
#include <coppice/process/program.hpp>
#include <coppice/process/reaper.hpp>

using namespace coppice;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
  // What a program starts and forgets ends with it, too.
  process::adopt_orphans();

  process::program store{.command
                         = {"redis-server", "--supervised", "systemd"}};
  store.ready.when = process::readiness::kind::notify;

  process::program web{.command = {"python3", "-m", "http.server", "8080"}};
  web.ready
    = {.when = process::readiness::kind::connect, .to = "127.0.0.1:8080"};
  web.environment = {{"PYTHONUNBUFFERED", "1"}};

  return application{
    {.name = "shop",
     .children
     = {process::process_child({.id = "store", .ready_within = 10s}, store),
        process::process_child({.id = "web",
                                .shutdown = supervision::shutdown::within(8s),
                                .backoff = supervision::backoff{},
                                .ready_within = 10s},
                               web)},
     .flags = {.strategy = supervision::strategy::rest_for_one,
               .intensity = 3,
               .period = 60s}}}
    .run(argc, argv);
}
