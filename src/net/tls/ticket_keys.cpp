// SPDX-License-Identifier: BSD-3-Clause

#include "net/tls/ticket_keys.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace coppice::net {

namespace {

template <std::size_t N>
void randomize(std::array<unsigned char, N>& bytes) {
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("OpenSSL has no random numbers");
}

ticket_keys::key random_key() {
  ticket_keys::key result;
  randomize(result.name);
  randomize(result.cipher);
  randomize(result.mac);
  return result;
}

} // namespace

ticket_keys::ticket_keys(clock::time_point now)
    : newest_(random_key()), before_(), renewed_(now) {
  // nop
}

ticket_keys::key ticket_keys::newest(clock::time_point now) {
  std::lock_guard guard{mutex_};
  renew(now);
  return newest_;
}

ticket_keys::use ticket_keys::find(const unsigned char* name,
                                   clock::time_point now, key& result) {
  std::lock_guard guard{mutex_};
  renew(now);
  auto has_name = [&](const key& which) {
    return std::equal(which.name.begin(), which.name.end(), name);
  };
  if (has_name(newest_)) {
    result = newest_;
    return use::newest;
  }
  if (has_before_ && has_name(before_)) {
    result = before_;
    return use::opens;
  }
  return use::none;
}

// A key that nobody asked for while two periods went by opens nothing more.
void ticket_keys::renew(clock::time_point now) {
  auto age = now - renewed_;
  if (age < renewed_after)
    return;
  has_before_ = age < 2 * renewed_after;
  before_ = newest_;
  newest_ = random_key();
  renewed_ = now;
}

} // namespace coppice::net
