// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/leftovers.hpp"
#include "lab/otp.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace coppice::lab {

/// The driver for an Erlang. In another system it has a copy of its script in
/// the `tmp` of that, which is gone with this object.
class otp_driver {
public:
  /// `script` is otpdrv.escript. The error says what cannot be written.
  static expected<std::unique_ptr<otp_driver>, std::string>
  create(const erlang& where, const std::filesystem::path& script);

  otp_driver(const otp_driver&) = delete;
  otp_driver& operator=(const otp_driver&) = delete;

  ~otp_driver();

  /// For a `driver_session`.
  const std::vector<std::string>& command() const noexcept {
    return command_;
  }

private:
  otp_driver() = default;

  expected<std::string, std::string> copy(const std::filesystem::path& root,
                                          const std::filesystem::path& script);

  std::vector<std::string> command_;
  left_folder folder_; // its path is empty if there is none
};

} // namespace coppice::lab
