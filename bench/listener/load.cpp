// SPDX-License-Identifier: BSD-3-Clause
//
/// Puts load on an echo server on 127.0.0.1 and checks every byte it sends
/// back; `run` measures the server meanwhile.
///
///   load [tls-]echo|[tls-]connect|tls-resume
///        PORT CLIENTS MESSAGE_BYTES IN_FLIGHT SECONDS
///
/// echo: all clients connect first, each has IN_FLIGHT messages under way.
/// connect: each client connects for one message, closes when it is back, and
/// begins again once the server has closed too; IN_FLIGHT is 1.
/// tls-: the same by TLS 1.3; tls-connect has a full handshake for each
/// message, and tls-resume one with a ticket of the connection before.
///
/// Connects, loads for a moment to warm up, prints `ready`, and waits for a
/// line on standard input. Then loads for SECONDS (with 0, every client sends
/// what it may have in flight, once), and when all of that is back, prints one
/// line of JSON. A wrong byte, a closed connection or ten seconds without an
/// answer end it with exit code 1.

#include "client.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace {

constexpr std::string_view tls_prefix = "tls-";
constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t connects_at_a_time = 64;
constexpr std::chrono::milliseconds warm_up{500};
constexpr int patience_ms = 10'000;

using clients = std::vector<std::unique_ptr<client>>;

void wait_for_io(load& shared) {
  std::array<epoll_event, 256> events;
  auto n = ::epoll_wait(shared.epoll, events.data(),
                        static_cast<int>(events.size()), patience_ms);
  if (n == 0)
    errno = ETIMEDOUT;
  demand(n > 0, "the server does not answer");
  for (int i = 0; i < n; ++i) {
    auto& ev = events[static_cast<std::size_t>(i)];
    static_cast<client*>(ev.data.ptr)->on_io(ev.events);
  }
}

void connect_all(load& shared, clients& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i]->connect();
    while (i + 1 - shared.open >= connects_at_a_time)
      wait_for_io(shared);
  }
  while (shared.open < all.size())
    wait_for_io(shared);
}

/// Returns how many seconds it took.
double run(load& shared, clients& all, std::size_t in_flight,
           load::clock::duration how_long) {
  auto open_before = shared.open;
  auto start = load::clock::now();
  shared.round_trips.clear();
  shared.until = start + how_long;
  for (auto& one : all)
    for (std::size_t i = 0; i < in_flight; ++i)
      one->begin_message();
  while (shared.waiting > 0 || shared.open > open_before)
    wait_for_io(shared);
  return std::chrono::duration<double>(load::clock::now() - start).count();
}

double percentile(std::vector<std::uint32_t>& all, std::size_t percent) {
  auto nth = all.begin()
             + static_cast<std::ptrdiff_t>((all.size() - 1) * percent / 100);
  std::nth_element(all.begin(), nth, all.end());
  return *nth / 10.0;
}

void report(load& shared, double seconds) {
  std::printf("{\"messages\": %zu, \"seconds\": %.6f, "
              "\"median_us\": %.1f, \"p99_us\": %.1f}\n",
              shared.round_trips.size(), seconds,
              percentile(shared.round_trips, 50),
              percentile(shared.round_trips, 99));
}

} // namespace

int main(int argc, char** argv) {
  std::string_view what = argc == 7 ? argv[1] : "";
  auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
  auto by_tls = what.starts_with(tls_prefix);
  if (by_tls)
    what.remove_prefix(tls_prefix.size());
  auto resumes = by_tls && what == "resume";
  auto stays = what == "echo";
  if (!stays && ((what != "connect" && !resumes) || number(5) != 1)) {
    std::fputs("usage: load [tls-]echo|[tls-]connect|tls-resume PORT CLIENTS "
               "MESSAGE_BYTES IN_FLIGHT SECONDS\n",
               stderr);
    return 2;
  }
  auto in_flight = number(5);
  load::clock::duration how_long
    = std::chrono::milliseconds{static_cast<long>(std::atof(argv[6]) * 1000)};
  stream text{buffer_bytes};
  load shared{.epoll = ::epoll_create1(EPOLL_CLOEXEC),
              .port = static_cast<std::uint16_t>(number(2)),
              .message_bytes = number(4),
              .text = &text,
              .tls = by_tls ? make_tls_context() : nullptr,
              .buffer = std::vector<char>(buffer_bytes)};
  demand(shared.epoll >= 0, "epoll_create1");

  clients all;
  for (std::size_t i = 0; i < number(3); ++i)
    all.push_back(std::make_unique<client>(shared, i));
  for (auto& one : all) {
    if (!stays)
      one->reconnect_for_each();
    if (resumes)
      one->resume_sessions();
  }
  if (stays)
    connect_all(shared, all);
  run(shared, all, in_flight,
      std::min<load::clock::duration>(how_long, warm_up));

  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF)
    return 0;
  report(shared, run(shared, all, in_flight, how_long));
}
