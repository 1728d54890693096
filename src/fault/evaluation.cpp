// SPDX-License-Identifier: BSD-3-Clause

#include "fault/evaluation.hpp"

#include <utility>

namespace coppice::fault {

namespace {

// Of the standard's parts only those whose output it fixes, so that a seed
// means the same everywhere; its distributions are not among them.
std::mt19937_64 stream(std::uint64_t seed, std::string_view point,
                       std::uint64_t arming) {
  std::vector<std::uint32_t> material{static_cast<std::uint32_t>(seed),
                                      static_cast<std::uint32_t>(seed >> 32),
                                      static_cast<std::uint32_t>(arming),
                                      static_cast<std::uint32_t>(arming >> 32)};
  for (auto c : point)
    material.push_back(static_cast<unsigned char>(c));
  std::seed_seq mixed(material.begin(), material.end());
  return std::mt19937_64{mixed};
}

} // namespace

evaluation::evaluation(term what, std::uint64_t seed, std::string_view point,
                       std::uint64_t arming)
    : term_(std::move(what)),
      progress_(term_.steps.size()),
      generator_(stream(seed, point, arming)) {
  // nop
}

const action* evaluation::next() {
  for (std::size_t i = 0; i < term_.steps.size(); ++i)
    if (takes(term_.steps[i], progress_[i]))
      return &term_.steps[i].what;
  return nullptr;
}

bool evaluation::used_up() const noexcept {
  for (std::size_t i = 0; i < term_.steps.size(); ++i)
    if (progress_[i].taken != term_.steps[i].count)
      return false;
  return true;
}

bool evaluation::takes(const step& which, progress& so_far) {
  if (so_far.skipped < which.skip) {
    ++so_far.skipped;
    return false;
  }
  if (so_far.taken == which.count || !chance(which.percent))
    return false;
  ++so_far.taken;
  return true;
}

bool evaluation::chance(double percent) {
  if (percent >= 100)
    return true;
  // The upper 53 bits, which a double holds, as a number from 0 to below 1.
  return static_cast<double>(generator_() >> 11) * 0x1p-53 * 100 < percent;
}

} // namespace coppice::fault
