// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice::admin {

/// How much an HTTP client may send.
struct http_bounds {
  std::size_t head_bytes = 16 * 1024;
  std::size_t header_lines = 100;
  std::size_t body_bytes = 64 * 1024;
};

/// What comes before the body of a request.
struct http_head {
  std::string method = {};
  std::string target = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
  bool version_1_0 = false;
  bool keep_alive = true;
  bool chunked = false;
  std::uint64_t length = 0; ///< Content-Length; 0 if there is none.
  bool expects_continue = false;

  bool has_body() const noexcept {
    return chunked || length > 0;
  }

  /// The first value of a header, whose name is given in any case; empty if
  /// there is none.
  std::string_view field(std::string_view name) const noexcept;
};

/// Why a request cannot be read.
struct http_error {
  int status = 400;
  std::string message = {}; ///< For a person.
};

/// Takes HTTP/1 requests out of a stream of bytes, one after the other. Has no
/// socket and no clock. What could be read in two ways is an error: two
/// lengths, a length beside chunks, line ends other than CR LF, folded lines.
///
/// Source: RFC 9112; the grammar is that of Boost.Beast's parser.
class http_reader {
public:
  enum class stage {
    head,    ///< More of the head has to come.
    judging, ///< The head is here. `accept_body` goes on.
    body,    ///< More of the body has to come.
    done,    ///< All of it is here. `next` goes on.
    failed,  ///< It cannot be read, nor can what follows it.
  };

  explicit http_reader(const http_bounds& bounds = {});

  ~http_reader();

  http_reader(const http_reader&) = delete;
  http_reader& operator=(const http_reader&) = delete;

  stage now() const noexcept {
    return stage_;
  }

  /// Takes more bytes. Returns where it is then.
  stage feed(std::string_view bytes);

  /// The head was found to be good: reads its body, if it has one.
  stage accept_body();

  /// The request was taken: begins with what came after it.
  stage next();

  /// Once it is here.
  const http_head& head() const noexcept {
    return head_;
  }

  /// Once it is done.
  std::string take_body();

  /// Once it has failed.
  const http_error& error() const noexcept {
    return error_;
  }

  /// Whether something of a request is here.
  bool begun() const noexcept {
    return stage_ != stage::head || !in_.empty();
  }

  /// Bytes that were taken and not yet read.
  std::size_t buffered() const noexcept {
    return in_.size();
  }

private:
  class parser;

  stage fail(int status, std::string message);
  stage read_head();
  stage read_body();
  bool scan_head();
  stage check_framing();

  const http_bounds bounds_;
  stage stage_ = stage::head;
  std::string in_;
  std::size_t scanned_ = 0;    // bytes of the head
  std::size_t lines_ = 0;      // line ends in them
  bool empty_line_ = true;     // nothing on this line yet
  std::size_t body_taken_ = 0; // bytes of the stream, with its framing
  std::unique_ptr<parser> parser_;
  http_head head_;
  http_error error_;
};

} // namespace coppice::admin
