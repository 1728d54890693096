// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>

namespace coppice::admin {

/// What a server answered.
struct answer {
  int status = 0; ///< Of HTTP; 0: the server could not be reached.
  std::string body = {};
  std::string error = {}; ///< For a person, if the request was not done.
};

/// Talks to the admin API of a running server. Blocks for some seconds at most.
class client {
public:
  /// `authority` is HOST:PORT; `token` may be empty.
  client(std::string authority, std::string token);

  answer get(const std::string& path) const;
  answer post(const std::string& path, const std::string& json) const;
  answer put(const std::string& path, const std::string& json) const;
  answer remove(const std::string& path) const;

private:
  std::string authority_;
  std::string token_;
};

} // namespace coppice::admin
