// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "net/tls/client.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coppice::admin {

/// Where an admin API is.
struct authority {
  std::string host = {};
  std::uint16_t port = 0;
  std::string unix_path = {}; ///< Not empty: a Unix socket, and no host.
  bool tls = false;           ///< `https://`
};

/// Reads HOST:PORT, [HOST]:PORT, unix:PATH, or the first two behind
/// `https://`. The error says what is wrong, and what was meant where that can
/// be guessed.
expected<authority, std::string> parse_authority(std::string_view text);

/// `text` as a segment of a path in a URL.
std::string in_url(std::string_view text);

/// How long an answer may take, and how large it may be.
struct answer_bounds {
  std::chrono::milliseconds connect{2000};
  std::chrono::milliseconds answer{15'000}; ///< Once there is a connection.
  std::chrono::milliseconds total{17'000};  ///< Both.
  std::size_t head_bytes = std::size_t{64} << 10;
  std::size_t body_bytes = std::size_t{64} << 20;
};

struct http_answer {
  int status = 0;
  std::string body = {};
};

/// Why there is no answer.
struct http_failure {
  enum class kind {
    unreachable, ///< Nobody is there.
    silent,      ///< Somebody is there, but not all of an answer came in time.
    broken,      ///< It ended before a whole answer came, or was too large.
    foreign,     ///< What came is not HTTP.
    no_tls,      ///< What came is not TLS.
    distrusted,  ///< Its certificate is not believed.
  };
  kind what = kind::unreachable;
  std::string text = {}; ///< For a person.
};

/// Sends one request of HTTP/1.0 and reads the answer, whatever the other side
/// does: no longer than `bounds` say, and no more. The error says what
/// happened: `Connection refused`, `no answer within 15 s`, `it reset the
/// connection`. With TLS, nothing is sent
/// without `tls`.
expected<http_answer, http_failure>
ask_http(const authority& where, const std::string& request,
         const answer_bounds& bounds = {},
         const net::tls_client_ptr& tls = nullptr);

/// Reads the answer in `text`, which ended there. Pure.
expected<http_answer, http_failure> parse_answer(std::string_view text);

} // namespace coppice::admin
