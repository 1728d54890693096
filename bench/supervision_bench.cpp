// SPDX-License-Identifier: BSD-3-Clause
//
/// Measures what supervision costs, one thing a run, and prints one line of
/// JSON. Counterpart of otp_supervision.escript; `run` compares the two.
///
///   supervision-bench start|stop|restart|retry|memory|crash KIND N ROUNDS
///     [actor|thread|pipelined] [THREADS]

#include "actor/pinned_actor.hpp"

#include "actor/directory.hpp"
#include "actor/messages.hpp"
#include "coppice/actor/deliver.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/request.hpp"
#include "coppice/actor/system.hpp"
#include "coppice/actor/tree_root.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <malloc.h>
#include <sys/resource.h>

using namespace coppice;
using namespace coppice::actor;
using clock_type = std::chrono::steady_clock;
using supervision::strategy;

namespace {

// -- children -----------------------------------------------------------------

// Lets a thread wait until a number of children have begun.
class roll_call {
public:
  void expect(std::int64_t n) {
    missing_ += n;
  }

  void here() {
    if (--missing_ == 0)
      all_.release();
  }

  void wait() {
    all_.acquire();
  }

private:
  std::atomic<std::int64_t> missing_ = 0;
  std::counting_semaphore<> all_{0};
};

roll_call children;

/// The least that a user would write.
class worker : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    children.here();
    return {[](int) {}};
  }
};

start_result start_worker(const start_args& args) {
  return running{args.rt->system.spawn<worker>()};
}

// -- what is measured ---------------------------------------------------------

double cpu_seconds() {
  rusage now;
  getrusage(RUSAGE_SELF, &now);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec)
           + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(now.ru_utime) + seconds(now.ru_stime);
}

/// The time of this process, all threads, between `begin` and `end`; adds up.
class stopwatch {
public:
  void begin() {
    cpu_begin_ = cpu_seconds();
    begin_ = clock_type::now();
  }

  void end() {
    wall_ += clock_type::now() - begin_;
    cpu_ += cpu_seconds() - cpu_begin_;
  }

  void print(double count) const {
    std::printf("{\"count\": %.0f, \"cpu_us\": %.4f, \"wall_us\": %.4f}\n",
                count, cpu_ * 1e6 / count, wall_.count() * 1e6 / count);
  }

private:
  double cpu_begin_ = 0;
  double cpu_ = 0;
  clock_type::time_point begin_;
  std::chrono::duration<double> wall_{};
};

/// Malloc's bytes in use, its headers included.
double heap_bytes() {
  auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

double resident_bytes() {
  long size = 0;
  long resident = 0;
  if (auto* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &size, &resident) != 2)
      resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * 4096;
}

// -- trees --------------------------------------------------------------------

/// A tree of one kind of supervisor.
class grove {
public:
  grove(runtime_ptr rt, std::string_view kind, long n) : rt_(std::move(rt)) {
    supervision::flags settings{.intensity = 1'000'000};
    std::vector<child_spec> specs;
    dynamic_ = kind == "dynamic";
    if (dynamic_) {
      specs.push_back(dynamic_supervisor("pool"));
    } else if (kind == "simple") {
      settings.strategy = strategy::simple_one_for_one;
      specs.push_back({{.id = "w"}, start_worker});
    } else {
      settings.strategy
        = kind == "one_for_all" ? strategy::one_for_all : strategy::one_for_one;
      children.expect(n);
      for (long i = 0; i < n; ++i)
        specs.push_back({{.id = "w" + std::to_string(i)}, start_worker});
    }
    auto is_static = kind != "simple" && !dynamic_;
    auto started = tree_root::start(rt_, "top", settings, std::move(specs));
    if (!started)
      throw std::runtime_error(started.error().message);
    root_ = *std::move(started);
    if (is_static && n > 0)
      children.wait();
    pool_
      = dynamic_ ? rt_->directory.find("top/pool")->handle : root_->handle();
  }

  pending<child_ref> add() const {
    return dynamic_ ? start_child(pool_, child_spec{{.id = "w"}, start_worker})
                    : start_child(pool_);
  }

  /// Returns when all have ended.
  void stop() {
    std::promise<void> ended;
    root_->on_end([&](const supervision::exit_reason&) { ended.set_value(); });
    root_->stop(supervision::exit_reason::shutdown());
    ended.get_future().wait();
  }

private:
  runtime_ptr rt_;
  std::unique_ptr<tree_root> root_;
  caf::actor pool_;
  bool dynamic_ = false;
};

/// Starts children one after the other, each when the one before is up: what a
/// process does that calls `supervisor:start_child` in a loop.
class caller : public caf::event_based_actor {
public:
  caller(caf::actor_config& cfg, const grove* where, long n)
      : caf::event_based_actor(cfg), where_(where), left_(n) {
    // nop
  }

  caf::behavior make_behavior() override {
    next();
    return {[this](int) { next(); }};
  }

private:
  void next() {
    if (left_-- == 0) {
      quit();
      return;
    }
    where_->add().then([me = caf::actor_cast<caf::actor>(ctrl())](
                         const answer<child_ref>&) { deliver(me, 1); });
  }

  const grove* where_;
  long left_;
};

void fill(caf::actor_system& system, const grove& where, std::string_view how,
          long n) {
  children.expect(n);
  if (how == "thread") {
    for (long i = 0; i < n; ++i)
      (void)where.add().get();
  } else if (how == "pipelined") {
    std::vector<pending<child_ref>> all;
    all.reserve(static_cast<std::size_t>(n));
    for (long i = 0; i < n; ++i)
      all.push_back(where.add());
    (void)all.back().get();
  } else {
    system.spawn<caller>(&where, n);
  }
  children.wait();
}

// -- measurements -------------------------------------------------------------

struct arguments {
  std::string_view kind; // simple, dynamic, one_for_one, one_for_all
  std::string_view how;  // actor, thread, pipelined
  long n;
  long rounds;
};

void measure_start(const runtime_ptr& rt, const arguments& args) {
  stopwatch time;
  for (long i = 0; i < args.rounds; ++i) {
    grove where{rt, args.kind, 0};
    time.begin();
    fill(rt->system, where, args.how, args.n);
    time.end();
    where.stop();
  }
  time.print(static_cast<double>(args.n * args.rounds));
}

void measure_stop(const runtime_ptr& rt, const arguments& args) {
  stopwatch time;
  for (long i = 0; i < args.rounds; ++i) {
    grove where{rt, args.kind, args.n};
    if (args.kind == "simple" || args.kind == "dynamic")
      fill(rt->system, where, "pipelined", args.n);
    time.begin();
    where.stop();
    time.end();
  }
  time.print(static_cast<double>(args.n * args.rounds));
}

void measure_restart(const runtime_ptr& rt, const arguments& args) {
  stopwatch time;
  for (long i = 0; i < args.rounds; ++i) {
    grove where{rt, args.kind, args.n};
    children.expect(args.n);
    time.begin();
    crash(*rt, "top/w0", supervision::exit_reason::abnormal("boom"));
    children.wait();
    time.end();
    where.stop();
  }
  time.print(static_cast<double>(args.n * args.rounds));
}

// A child that starts again only after a number of attempts.
void measure_retry(const runtime_ptr& rt, const arguments& args) {
  stopwatch time;
  for (long i = 0; i < args.rounds; ++i) {
    auto failures = std::make_shared<std::atomic<long>>(0);
    auto start = [failures](const start_args& x) -> start_result {
      if (failures->load() == 0)
        return start_worker(x);
      --*failures;
      return supervision::start_failed{
        supervision::exit_reason::abnormal("nope")};
    };
    children.expect(1);
    auto started = tree_root::start(
      rt, "top", {.intensity = 1'000'000, .period = std::chrono::hours{1}},
      {{{.id = "w"}, start}});
    children.wait();
    children.expect(1);
    *failures = args.n;
    time.begin();
    crash(*rt, "top/w", supervision::exit_reason::abnormal("boom"));
    children.wait();
    time.end();
    (void)stop((*started)->handle()).get();
  }
  time.print(static_cast<double>(args.n * args.rounds));
}

// "bare" are actors that nobody supervises.
void measure_memory(const runtime_ptr& rt, const arguments& args) {
  std::vector<caf::actor> bare;
  bare.reserve(static_cast<std::size_t>(args.n));
  auto heap = heap_bytes();
  auto resident = resident_bytes();
  std::unique_ptr<grove> where;
  if (args.kind == "bare") {
    children.expect(args.n);
    for (long i = 0; i < args.n; ++i)
      bare.push_back(rt->system.spawn<worker>());
    children.wait();
  } else {
    where = std::make_unique<grove>(rt, args.kind, args.n);
    if (args.kind == "simple" || args.kind == "dynamic")
      fill(rt->system, *where, "actor", args.n);
  }
  // The last one may still be returning from its first run.
  std::this_thread::sleep_for(std::chrono::milliseconds{50});
  auto n = static_cast<double>(args.n);
  std::printf("{\"count\": %.0f, \"heap_bytes\": %.1f, "
              "\"resident_bytes\": %.1f}\n",
              n, (heap_bytes() - heap) / n, (resident_bytes() - resident) / n);
  for (auto& who : bare)
    signal_kill(who);
  if (where)
    where->stop();
}

// -- crash to restarted -------------------------------------------------------

struct crash_log {
  clock_type::time_point crashed;
  clock_type::time_point up;
  caf::actor current;
  std::binary_semaphore restarted{0};
} last;

class crasher : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    last.up = clock_type::now();
    last.current = caf::actor_cast<caf::actor>(ctrl());
    last.restarted.release();
    return {[](int) {
      last.crashed = clock_type::now();
      throw std::runtime_error("boom");
    }};
  }
};

// From the throw to the first line that the successor runs.
void measure_crash(const runtime_ptr& rt, const arguments& args) {
  auto started = tree_root::start(
    rt, "top", {.intensity = 1'000'000, .period = std::chrono::seconds{1}},
    {{{.id = "w"}, [](const start_args& x) -> start_result {
        return running{x.rt->system.spawn<crasher>()};
      }}});
  std::vector<double> took_us;
  stopwatch time;
  time.begin();
  for (long i = 0; i <= args.n; ++i) {
    last.restarted.acquire();
    if (i > 0)
      took_us.push_back(
        std::chrono::duration<double, std::micro>(last.up - last.crashed)
          .count());
    if (i < args.n)
      deliver(last.current, 1);
  }
  time.end();
  last.current = nullptr;
  std::promise<void> ended;
  (*started)->on_end(
    [&](const supervision::exit_reason&) { ended.set_value(); });
  (*started)->stop(supervision::exit_reason::shutdown());
  ended.get_future().wait();
  std::sort(took_us.begin(), took_us.end());
  auto at = [&](double share) {
    return took_us[static_cast<std::size_t>(
      share * static_cast<double>(took_us.size() - 1))];
  };
  std::printf("{\"count\": %ld, \"median_us\": %.2f, \"p99_us\": %.2f, "
              "\"max_us\": %.2f}\n",
              args.n, at(0.5), at(0.99), at(1));
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: supervision-bench "
               "start|stop|restart|retry|memory|crash KIND N ROUNDS "
               "[actor|thread|pipelined] [THREADS]\n",
               stderr);
    return 2;
  }
  std::string_view what = argv[1];
  arguments args{argv[2], argc > 5 ? argv[5] : "actor", std::atol(argv[3]),
                 std::atol(argv[4])};
  register_types();
  caf::actor_system_config cfg;
  configure_scheduler(cfg, argc > 6
                             ? static_cast<std::size_t>(std::atol(argv[6]))
                             : std::thread::hardware_concurrency());
  caf::actor_system system{cfg};
  auto rt = std::make_shared<runtime>(system);
  if (what == "start")
    measure_start(rt, args);
  else if (what == "stop")
    measure_stop(rt, args);
  else if (what == "restart")
    measure_restart(rt, args);
  else if (what == "retry")
    measure_retry(rt, args);
  else if (what == "memory")
    measure_memory(rt, args);
  else
    measure_crash(rt, args);
}
