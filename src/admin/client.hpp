// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/bounded_http.hpp"
#include "coppice/expected.hpp"

#include <chrono>
#include <string>

namespace coppice::admin {

/// Why a request was not done.
struct request_error {
  enum class code {
    not_sent,    ///< Something is missing here, such as the token.
    unreachable, ///< No server is there.
    silent,      ///< It did not answer in time.
    cut_off,     ///< The connection ended before the answer came.
    foreign,     ///< What answers there is not coppice.
    refused,     ///< The server answered, but did not do it.
  };
  code why;
  std::string message;   ///< For a person.
  int status = 0;        ///< Of HTTP, if it was refused.
  std::string body = {}; ///< What was answered then.
};

/// What a server answered: the body.
using answer = expected<std::string, request_error>;

/// What is said of something that does not answer as a coppice server does.
std::string not_coppice(const std::string& authority);

/// Talks to the admin API of a running server, whatever answers there: blocks
/// for some seconds at most, and takes no more than 64 MiB.
class client {
public:
  /// `authority` is HOST:PORT, https://HOST:PORT or unix:PATH; `token` may be
  /// empty. `trust` is for https.
  client(std::string authority, std::string token,
         const net::tls_trust& trust = {});

  /// The same, but no answer takes longer than `limit`, the connection
  /// included.
  client within(std::chrono::milliseconds limit) const;

  answer get(const std::string& path) const;
  answer post(const std::string& path, const std::string& json) const;
  answer put(const std::string& path, const std::string& json) const;
  answer remove(const std::string& path) const;

private:
  answer ask(const char* method, const std::string& path,
             const std::string* json) const;

  std::string authority_;
  std::string token_;
  expected<net::tls_client_ptr, std::string> tls_; // null: not needed
  answer_bounds bounds_;
};

} // namespace coppice::admin
