// SPDX-License-Identifier: BSD-3-Clause

#include "net/fault_stage.hpp"

#include "net/try_later.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string>
#include <utility>

namespace coppice::net {

using fault::action_kind;

namespace {

std::size_t number_in(const std::string& text) {
  std::size_t result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

} // namespace

fault_stage::fault_stage(stage& below, stage_host& host, const fault::point& in,
                         const fault::point& out)
    : stage(&below), host_(host), in_point_(in), out_point_(out) {
  // nop
}

// -- input --------------------------------------------------------------------

ssize_t fault_stage::receive(std::span<char> into) {
  if (in_point_.armed() && below().ready()
      && !std::exchange(in_.next_passes, false))
    if (auto decision = in_point_.hit())
      return receive_with_fault(into, *decision);
  return below().receive(into);
}

ssize_t fault_stage::receive_with_fault(std::span<char> into,
                                        const fault::decision& decision) {
  switch (decision.kind) {
  case action_kind::error:
    return fail(in_, decision.error_code);
  case action_kind::return_value:
    return 0;
  case action_kind::drop:
    return receive_lost(into);
  case action_kind::dup:
    return receive_twice(into);
  case action_kind::delay:
    in_.next_passes = true;
    hold_up(in_, lateness{decision});
    return try_again();
  default:
    host_.apply_fault(decision);
    return decision.kind == action_kind::hang ? below().receive(into)
                                              : try_again();
  }
}

ssize_t fault_stage::receive_lost(std::span<char> into) {
  auto n = below().receive(into);
  if (n <= 0)
    return n;
  host_.on_heard();
  return try_again();
}

ssize_t fault_stage::receive_twice(std::span<char> into) {
  auto n = below().receive(into.first(into.size() / 2));
  if (n <= 0)
    return n;
  std::copy_n(into.begin(), n, into.begin() + n);
  return 2 * n;
}

// -- output -------------------------------------------------------------------

ssize_t fault_stage::transmit(std::string_view data) {
  if (out_point_.armed() && !std::exchange(out_.next_passes, false))
    if (auto decision = out_point_.hit())
      return transmit_with_fault(data, *decision);
  return below().transmit(data);
}

ssize_t fault_stage::transmit_with_fault(std::string_view data,
                                         const fault::decision& decision) {
  switch (decision.kind) {
  case action_kind::error:
    return fail(out_, decision.error_code);
  case action_kind::return_value:
    data = data.substr(0, number_in(decision.text));
    return data.empty() ? fail(out_, EAGAIN) : below().transmit(data);
  case action_kind::drop:
    return static_cast<ssize_t>(data.size());
  case action_kind::dup:
    return transmit_twice(data);
  case action_kind::delay:
    out_.next_passes = true;
    hold_up(out_, lateness{decision});
    return try_again();
  default:
    host_.apply_fault(decision);
    return decision.kind == action_kind::hang ? below().transmit(data)
                                              : fail(out_, EAGAIN);
  }
}

ssize_t fault_stage::transmit_twice(std::string_view data) {
  auto n = below().transmit(data);
  if (n == static_cast<ssize_t>(data.size()))
    below().transmit(data);
  return n;
}

// -- waiting ------------------------------------------------------------------

std::uint32_t fault_stage::interest(std::uint32_t wanted) const noexcept {
  if (in_.late)
    wanted &= ~std::uint32_t{EPOLLIN};
  if (out_.late)
    wanted &= ~std::uint32_t{EPOLLOUT};
  return below().interest(wanted);
}

ssize_t fault_stage::fail(direction& way, int error) {
  if (error == EAGAIN || error == EINTR)
    rest(way);
  errno = error;
  return -1;
}

void fault_stage::hold_up(direction& way, const lateness& delay) {
  way.late = !delay.over();
  host_.update_interest();
  if (way.late)
    host_.run_after(delay.next_look(),
                    [this, &way, delay] { hold_up(way, delay); });
}

// What makes no progress must not be tried in a busy loop.
void fault_stage::rest(direction& way) {
  way.late = true;
  host_.update_interest();
  host_.run_after(a_moment, [this, &way] {
    way.late = false;
    host_.update_interest();
  });
}

} // namespace coppice::net
