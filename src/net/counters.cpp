// SPDX-License-Identifier: BSD-3-Clause

#include "net/counters.hpp"

#include <cerrno>

namespace coppice::net {

accept_error classify(int error) noexcept {
  switch (error) {
  case EAGAIN:
  case EINTR:
  case ECONNABORTED:
  case EPERM:
  case EPROTO:
  case ENOPROTOOPT:
  case EOPNOTSUPP:
  case ENETDOWN:
  case ENETUNREACH:
  case EHOSTDOWN:
  case EHOSTUNREACH:
  case ENONET:
  case ETIMEDOUT:
  case ECONNRESET:
    return accept_error::transient;
  case EBADF:
  case EINVAL:
  case ENOTSOCK:
  case EFAULT:
    return accept_error::fatal;
  default:
    return accept_error::exhausted;
  }
}

std::uint64_t accept_errors::of(accept_error kind) const noexcept {
  std::uint64_t result = 0;
  for_each([&](int error, std::uint64_t n) {
    if (classify(error) == kind)
      result += n;
  });
  return result;
}

accept_errors& accept_errors::operator+=(const accept_errors& other) noexcept {
  other.for_each([this](int error, std::uint64_t n) { add(error, n); });
  return *this;
}

traffic& traffic::operator+=(const traffic& other) noexcept {
  accepted += other.accepted;
  closed += other.closed;
  rejected += other.rejected;
  rejected_by_address += other.rejected_by_address;
  rejected_by_rate += other.rejected_by_rate;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  errors += other.errors;
  handshakes += other.handshakes;
  resumed += other.resumed;
  accept_pauses += other.accept_pauses;
  read_pauses += other.read_pauses;
  refused += other.refused;
  return *this;
}

traffic traffic_counters::read() const noexcept {
  traffic result{accepted.get(),         closed.get(),
                 rejected.get(),         rejected_by_address.get(),
                 rejected_by_rate.get(), bytes_in.get(),
                 bytes_out.get(),        handshakes.get(),
                 resumed.get(),          accept_pauses.get(),
                 read_pauses.get()};
  for (std::size_t i = 0; i < refusals; ++i)
    result.refused.add(static_cast<refusal>(i), refused[i].get());
  for (std::size_t i = 0; i < errors.size(); ++i)
    result.errors.add(static_cast<int>(i), errors[i].get());
  return result;
}

} // namespace coppice::net
