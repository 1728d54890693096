// SPDX-License-Identifier: BSD-3-Clause

#include "net/rates.hpp"

namespace coppice::net {

rates::all::all(const limits& value) noexcept
    : accept(rate_of(value.accept_rate, value.accept_burst)),
      accept_by_address(
        rate_of(value.accept_rate_per_address, value.accept_burst_per_address)),
      read(rate_of(value.read_rate, value.read_burst)),
      read_by_address(
        rate_of(value.read_rate_per_address, value.read_burst_per_address)) {
  // nop
}

rates::rates(const limits& value)
    : now_(value),
      accepting_(now_.accept),
      accepting_by_address_(now_.accept_by_address),
      reading_by_address_(now_.read_by_address),
      limits_reading_(now_.read || now_.read_by_address) {
  // nop
}

bool rates::set(const limits& value) {
  all next{value};
  std::lock_guard guard{mutex_};
  auto former = now_;
  now_ = next;
  if (next.accept != former.accept)
    accepting_.set(next.accept);
  if (next.accept_by_address != former.accept_by_address)
    accepting_by_address_.set(next.accept_by_address);
  if (next.read_by_address != former.read_by_address)
    reading_by_address_.set(next.read_by_address);
  limits_reading_ = next.read || next.read_by_address;
  return next.read != former.read
         || next.read_by_address != former.read_by_address;
}

reading_rates rates::reading(const observe::peer_address& client,
                             time_point now) {
  auto result = reading();
  result.address = reading_by_address_.of(client, now);
  return result;
}

reading_rates rates::reading() {
  std::lock_guard guard{mutex_};
  return {.own = now_.read};
}

} // namespace coppice::net
