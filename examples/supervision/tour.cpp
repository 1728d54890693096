// A tree of one's own: fixed children, children that come and go, partitions
// and one-shot work, each under the supervisor for it.

#include <coppice/actor/deliver.hpp>
#include <coppice/actor/exit_signal.hpp>
#include <coppice/actor/partition_supervisor.hpp>
#include <coppice/actor/request.hpp>
#include <coppice/actor/spawns.hpp>
#include <coppice/actor/system.hpp>
#include <coppice/actor/task_supervisor.hpp>
#include <coppice/actor/tree_root.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>

#include <iostream>
#include <stdexcept>

using namespace coppice::actor;
using coppice::supervision::exit_reason;
using namespace std::chrono_literals;

// Any CAF actor can be a child: `spawns<worker>()` starts it. This one crashes
// at the word "boom".
class worker : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return {[](const std::string& word) {
      if (word == "boom")
        throw std::runtime_error(word);
    }};
  }
};

int main() {
  register_types();
  caf::actor_system_config config;
  configure_mailboxes(config);
  caf::actor_system system{config};
  auto rt = std::make_shared<runtime>(system);
  coppice::observe::event_reader events{rt->events, "tour"};

  partition_supervisor counters{{
    .id = "counters",
    .child =
      [](std::size_t) {
        return child_spec{{.id = "counter"}, spawns<worker>()};
      },
    .partitions = 4,
  }};
  task_supervisor tasks{{.id = "tasks"}};
  child_spec careful{
    {
      .id = "careful",
      .backoff = coppice::supervision::backoff{.initial = 10ms, .jitter = 0},
      .ready_within = 1s,
    },
    spawns<worker>()};
  auto tree = tree_root::start(rt, "app", {.intensity = 3},
                               {
                                 careful,
                                 dynamic_supervisor("pool"),
                                 counters.spec(),
                                 tasks.spec(),
                               });
  if (!tree) {
    std::cerr << "could not start: " << tree.error().message << "\n";
    return 1;
  }

  // Children that come and go. `get` waits; an actor would use `then`.
  auto pool = rt->actor_at("app/pool");
  auto added = start_child(pool, {{.id = "worker"}, spawns<worker>()}).get();
  std::cout << (added ? "added\n" : "no\n");

  // A refusal says why.
  auto again = start_child((*tree)->handle(), careful).get();
  std::cout << to_string(again.error()) << "\n";

  // Sends to the partition of a key.
  deliver(counters.route("alice"), std::string{"hello"});

  // One-shot work gives a value, or the reason why there is none.
  auto answer = tasks.async_nolink([](std::stop_token) { return 6 * 7; });
  std::cout << answer.result.get().value() << "\n";

  // A crash: the supervisor starts another one, after its back-off.
  auto first = rt->actor_at("app/careful");
  deliver(first, std::string{"boom"});
  for (auto now = first; !now || now == first;)
    now = rt->actor_at("app/careful");
  for (auto& event : events.take().events)
    if (event->kind == coppice::observe::event_kind::restarting)
      std::cout << event->detail << "\n";

  // Children end in reverse order; `on_end` or the system's end says when.
  (*tree)->stop(exit_reason::shutdown());
}
