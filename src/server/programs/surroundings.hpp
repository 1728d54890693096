// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace coppice::programs {

/// What a tree file refers to outside of itself.
class surroundings {
public:
  virtual ~surroundings() = default;

  /// A variable of the environment.
  virtual std::optional<std::string>
  variable(const std::string& name) const = 0;

  /// The content of a file, or why it cannot be read.
  virtual expected<std::string, std::string>
  content(const std::string& file) const = 0;

  /// The number of a user, by name or number; nothing if there is none.
  virtual std::optional<std::uint32_t> user(const std::string& name) const = 0;

  /// The user that this process acts for.
  virtual std::uint32_t own_user() const = 0;

  /// Whether there is a folder, or what is wrong with it.
  virtual expected<void, std::string> folder(const std::string& path) const = 0;

  /// Whether there is a program that can be executed, or what is wrong with it:
  /// `name` as in a command, in `folder`, which may be empty, with `path` as
  /// the variable PATH.
  virtual expected<void, std::string>
  program(const std::string& name, const std::string& folder,
          const std::string& path) const = 0;
};

/// Those of this process.
const surroundings& real_surroundings();

} // namespace coppice::programs
