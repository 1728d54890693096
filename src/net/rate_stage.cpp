// SPDX-License-Identifier: BSD-3-Clause

#include "net/rate_stage.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

namespace coppice::net {

rate_stage::rate_stage(stage& below, stage_host& host, event_loop& loop,
                       traffic_counters& traffic, const reading_rates& limits)
    : stage(&below),
      host_(host),
      loop_(loop),
      traffic_(traffic),
      own_(limits.own),
      address_(limits.address) {
  // nop
}

rate_stage::~rate_stage() {
  give_back(reserved_);
}

ssize_t rate_stage::receive(std::span<char> into) {
  if (ignores_input_ || !below().ready())
    return below().receive(into);
  if (!until_ && reserved_ == 0)
    reserve(into.size());
  if (until_) {
    errno = EAGAIN;
    return -1;
  }
  auto most
    = static_cast<std::size_t>(std::min<std::uint64_t>(reserved_, into.size()));
  auto n = below().receive(into.first(most));
  auto error = errno;
  give_back(reserved_ - (n > 0 ? static_cast<std::uint64_t>(n) : 0));
  reserved_ = 0;
  errno = error;
  return n;
}

// Tokens of both kinds, as many of the one as of the other; or waits for them.
void rate_stage::reserve(std::uint64_t most) {
  auto now = loop_.now();
  auto own = own_.reserve(most, now);
  reserved_ = own.tokens;
  auto at = own.at;
  if (address_) {
    auto shared = address_->reserve(own.tokens, now);
    own_.give_back(own.tokens - shared.tokens);
    reserved_ = shared.tokens;
    at = std::max(at, shared.at);
  }
  if (at <= now)
    return;
  until_ = at;
  traffic_.read_pauses.add(1);
}

void rate_stage::give_back(std::uint64_t tokens) {
  own_.give_back(tokens);
  if (address_)
    address_->give_back(tokens);
}

int rate_stage::advance() {
  if (until_ && *until_ <= loop_.now())
    until_.reset();
  return below().advance();
}

bool rate_stage::has_input() const noexcept {
  return !pauses() && below().has_input();
}

std::uint32_t rate_stage::interest(std::uint32_t wanted) const noexcept {
  if (pauses())
    wanted &= ~std::uint32_t{EPOLLIN};
  return below().interest(wanted);
}

void rate_stage::schedule() {
  if (pauses())
    loop_.arm(*this,
              std::max(*until_ - loop_.now(), event_loop::clock::duration{0}));
  else
    loop_.cancel(*this);
  below().schedule();
}

void rate_stage::ignore_input() noexcept {
  ignores_input_ = true;
  below().ignore_input();
}

void rate_stage::on_timer() {
  host_.on_stage_due(); // last, since it may be the end of this
}

} // namespace coppice::net
