// SPDX-License-Identifier: BSD-3-Clause
//
// What a fault point costs the code that it stands in.

#include "coppice/fault/point.hpp"
#include "coppice/fault/registry.hpp"

#include <benchmark/benchmark.h>

using namespace coppice::fault;

namespace {

template <class Point>
void pass(benchmark::State& state, const Point& where) {
  int passes = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(++passes);
    if (auto what = where.hit())
      benchmark::DoNotOptimize(what->kind);
  }
}

void no_point(benchmark::State& state) {
  int passes = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(++passes);
}

void compiled_out(benchmark::State& state) {
  pass(state, basic_point<false>{});
}

void unarmed(benchmark::State& state) {
  registry faults;
  pass(state, basic_point<true>{faults, "here", ""});
}

void armed(benchmark::State& state, const char* text) {
  registry faults;
  basic_point<true> here{faults, "here", ""};
  armed_for scope{faults, "here", text};
  pass(state, here);
}

BENCHMARK(no_point);
BENCHMARK(compiled_out);
BENCHMARK(unarmed);
BENCHMARK_CAPTURE(armed, off, "off");
BENCHMARK_CAPTURE(armed, chance, "1%drop");
BENCHMARK_CAPTURE(armed, always, "drop");

} // namespace

BENCHMARK_MAIN();
