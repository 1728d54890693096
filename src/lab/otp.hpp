// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// Real Erlang: the same scenarios on OTP's own supervisor.
namespace coppice::lab {

/// An Erlang on this machine, and how it is reached.
struct erlang {
  /// As a person named it; empty for the one in PATH.
  std::string place;
  /// Runs `escript`, and what follows.
  std::vector<std::string> command;
  /// The folder that it sees as `/`.
  std::filesystem::path root = "/";
};

/// Finds the Erlang at `place`:
///
/// * empty: the `escript` that is first in PATH;
/// * a file: that `escript`;
/// * a folder with `bin/escript`: where Erlang is installed;
/// * a folder with `usr/bin/escript`: a system of its own, as debootstrap makes
///   one. Erlang runs in it by chroot, which only root may; nothing is mounted,
///   and a file in its `tmp` is gone afterwards.
///
/// The error says what is missing and what to do.
expected<erlang, std::string> find_erlang(const std::string& place = {});

} // namespace coppice::lab
