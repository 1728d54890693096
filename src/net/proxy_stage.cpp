// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_stage.hpp"

#include "coppice/net/proxy.hpp"
#include "net/proxy_header.hpp"
#include "net/try_later.hpp"

#include <array>
#include <string>
#include <utility>

namespace coppice::net {

proxy_stage::proxy_stage(stage& below, stage_host& host)
    : stage(&below), host_(host) {
  // nop
}

ssize_t proxy_stage::receive(std::span<char> into) {
  if (complete_) {
    if (idle())
      return below().receive(into);
    auto n
      = std::string_view{bytes_}.substr(passed_).copy(into.data(), into.size());
    passed_ += n;
    return static_cast<ssize_t>(n);
  }
  std::array<char, max_proxy_header> piece;
  auto n = below().receive(piece);
  if (n < 0)
    return n;
  if (n == 0) {
    refuse_missing();
    return try_again();
  }
  bytes_.append(piece.data(), static_cast<std::size_t>(n));
  look();
  return try_again();
}

void proxy_stage::look() {
  auto header = read_proxy_header(bytes_);
  switch (header.what) {
  case proxy_header::state::incomplete:
    return;
  case proxy_header::state::wrong:
    host_.refuse(header.missing ? refusal::no_proxy_header
                                : refusal::bad_proxy_header,
                 std::string{header.problem});
    return;
  case proxy_header::state::complete:
    complete_ = true;
    passed_ = header.size;
    host_.on_proxy_header(std::move(header.info));
    return;
  }
}

void proxy_stage::refuse_missing() {
  host_.refuse(refusal::no_proxy_header,
               bytes_.empty() ? ""
                              : "the client left before the PROXY header was "
                                "complete");
}

bool proxy_stage::take_input_end() {
  if (!below().take_input_end())
    return false;
  if (complete_)
    return true;
  refuse_missing();
  return false;
}

ssize_t proxy_stage::transmit(std::string_view data) {
  return complete_ ? below().transmit(data) : try_again();
}

void proxy_stage::schedule() {
  if (complete_ && !idle() && host_.wants_input())
    host_.call_soon();
  below().schedule();
}

} // namespace coppice::net
