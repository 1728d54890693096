// SPDX-License-Identifier: BSD-3-Clause
//
// Toxics from JSON, and what they make of a stream: nothing but its beginning
// comes out, in its order and not before its time, however often one looks.

#include "admin/toxics_json.hpp"
#include "fuzz.hpp"
#include "net/toxic/pipe.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <variant>

namespace coppice::fuzz {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr net::toxic_pipe::time_point start{1h};
constexpr auto span = 50ms;

std::string what_comes_out(const net::toxic_list& toxics, const stream& in,
                           std::chrono::milliseconds step) {
  net::toxic_pipe pipe{1};
  pipe.assign(toxics, net::toxic_stream::downstream, start);
  auto now = start;
  auto last = start;
  std::string result;
  auto run_until = [&](net::toxic_pipe::time_point end) {
    for (; now < end; now += step)
      pipe.advance(now);
    pipe.advance(now = end);
    while (!pipe.front().empty()) {
      demand(pipe.front_time() >= last && pipe.front_time() <= now,
             "pieces come in their order, when they are due");
      last = pipe.front_time();
      result += pipe.take();
    }
  };
  for (auto& piece : in.pieces) {
    if (!piece.empty())
      pipe.put(text_of(piece), now);
    run_until(now + span);
  }
  pipe.put_end(now);
  run_until(now + 10 * span);
  demand(result.size() + pipe.held_bytes() <= in.whole.size(),
         "bytes do not multiply");
  pipe.assign({}, net::toxic_stream::downstream, now);
  run_until(now);
  demand(pipe.end() != net::toxic_pipe::ending::none && pipe.held_bytes() == 0,
         "nothing is held without toxics");
  return result;
}

} // namespace

// A line with a list of toxics; what follows is the stream.
void try_input(std::string_view input) {
  auto end = std::min(input.find('\n'), input.size());
  auto all = json::parse(input.substr(0, end), nullptr, false);
  if (!all.is_array() || all.size() > 8)
    return;
  net::toxic_list toxics;
  bool loses = false;
  for (auto& one : all) {
    net::toxic what;
    if (!one.is_object() || !admin::read_toxic(one, what))
      continue;
    net::placed_toxic placed{what, toxics.size() + 1};
    net::toxic again;
    demand(admin::read_toxic(admin::to_json(placed), again).has_value(),
           "what is written can be read");
    demand(admin::to_json({again, placed.id}) == admin::to_json(placed),
           "and says the same");
    loses |= std::holds_alternative<net::timeout_toxic>(what.effect);
    toxics.push_back(std::move(placed));
  }
  auto in = cut(input.substr(std::min(end + 1, input.size())));
  auto out = what_comes_out(toxics, in, 50ms);
  demand(loses || in.whole.starts_with(out), "it is the beginning");
  demand(what_comes_out(toxics, in, 7ms) == out, "looking changes nothing");
}

} // namespace coppice::fuzz
