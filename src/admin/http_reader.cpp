// SPDX-License-Identifier: BSD-3-Clause

#include "admin/http_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/version.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace coppice::admin {

namespace beast = boost::beast;
using http_parse_error = beast::http::error;

namespace {

// The stream may have this many times more bytes than the body in it: a chunk
// needs a line of its own. This holds for trailers, too.
constexpr std::size_t framing_share = 8;

// What is there before a body in chunks is read on. The least that can end one
// is `0`, CR LF, CR LF. Before version 356 (Boost 1.87) Beast's parser asserts
// that it has as much once it has seen the last chunk, and an empty body that
// comes in pieces would end the program. Later ones take the last chunk and
// what follows one after the other, so that two bytes may be all that is left.
constexpr std::size_t chunk_bytes = BOOST_BEAST_VERSION < 356 ? 5 : 1;

bool same_name(std::string_view a, std::string_view b) noexcept {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

std::string text_of(beast::string_view from) {
  return {from.data(), from.size()};
}

// Values of all headers of that name.
std::vector<std::string_view> values_of(const http_head& head,
                                        std::string_view name) {
  std::vector<std::string_view> result;
  for (auto& [key, value] : head.fields)
    if (same_name(key, name))
      result.push_back(value);
  return result;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c >= '0' && c <= '9';
  });
}

} // namespace

class http_reader::parser {
public:
  parser() {
    // The bound is looked at here, since it differs between versions of Beast
    // for chunks, and comes after the token.
    parser_.body_limit(std::numeric_limits<std::uint64_t>::max());
    parser_.header_limit(UINT32_MAX);
  }

  /// Reads on; returns how many bytes were taken.
  std::size_t put(std::string_view bytes, beast::error_code& why) {
    return parser_.put(boost::asio::const_buffer{bytes.data(), bytes.size()},
                       why);
  }

  void read_body_too() {
    parser_.eager(true);
  }

  auto& get() {
    return parser_;
  }

private:
  beast::http::request_parser<beast::http::string_body> parser_;
};

std::string_view http_head::field(std::string_view name) const noexcept {
  for (auto& [key, value] : fields)
    if (same_name(key, name))
      return value;
  return {};
}

http_reader::http_reader(const http_bounds& bounds) : bounds_(bounds) {
  // nop
}

http_reader::~http_reader() = default;

http_reader::stage http_reader::feed(std::string_view bytes) {
  if (stage_ == stage::failed)
    return stage_;
  in_ += bytes;
  if (stage_ == stage::head)
    return read_head();
  if (stage_ == stage::body)
    return read_body();
  return stage_;
}

http_reader::stage http_reader::accept_body() {
  if (head_.length > bounds_.body_bytes)
    return fail(413, "a body may have "
                       + std::to_string(bounds_.body_bytes / 1024) + " KiB");
  parser_->read_body_too();
  stage_ = stage::body;
  return head_.has_body() ? read_body() : stage_ = stage::done;
}

http_reader::stage http_reader::next() {
  parser_.reset();
  head_ = {};
  scanned_ = lines_ = body_taken_ = 0;
  empty_line_ = true;
  stage_ = stage::head;
  return read_head();
}

std::string http_reader::take_body() {
  return std::move(parser_->get().get().body());
}

http_reader::stage http_reader::fail(int status, std::string message) {
  error_ = {status, std::move(message)};
  in_.clear();
  in_.shrink_to_fit();
  return stage_ = stage::failed;
}

// -- the head -----------------------------------------------------------------

// Looks for the empty line at its end, and at its line ends on the way. Returns
// whether it was found; if it cannot be a head, the stage says so.
bool http_reader::scan_head() {
  // A client may send an empty line after a body.
  if (scanned_ == 0) {
    std::size_t blank = 0;
    while (std::string_view{in_}.substr(blank).starts_with("\r\n"))
      blank += 2;
    in_.erase(0, blank);
    if (in_ == "\r") // perhaps half of one more
      return false;
  }
  // The first byte of a handshake.
  if (in_.starts_with('\x16')) {
    fail(400, "this looks like TLS, and this admin API speaks plain HTTP: ask "
              "http://");
    return false;
  }
  for (; scanned_ < in_.size(); ++scanned_) {
    if (scanned_ >= bounds_.head_bytes || lines_ > bounds_.header_lines + 1) {
      fail(431, "a request may have "
                  + std::to_string(bounds_.head_bytes / 1024) + " KiB and "
                  + std::to_string(bounds_.header_lines)
                  + " lines before its body");
      return false;
    }
    auto c = in_[scanned_];
    auto before = scanned_ > 0 ? in_[scanned_ - 1] : '\0';
    if ((c == '\n') != (before == '\r')) {
      // A CR alone at the beginning may be half of an empty line.
      fail(400, "each line has to end with CR LF");
      return false;
    }
    if (c == '\0') {
      fail(400, "there is a NUL before the body");
      return false;
    }
    if (c == '\r')
      continue;
    if (c != '\n') {
      if (empty_line_ && lines_ > 0 && (c == ' ' || c == '\t')) {
        fail(400, "headers may not be folded");
        return false;
      }
      empty_line_ = false;
      continue;
    }
    ++lines_;
    if (empty_line_) {
      ++scanned_;
      return true;
    }
    empty_line_ = true;
  }
  return false;
}

http_reader::stage http_reader::read_head() {
  if (!scan_head())
    return stage_;
  if (lines_ > bounds_.header_lines + 2) // with the first and the empty one
    return fail(431, "a request may have "
                       + std::to_string(bounds_.header_lines) + " headers");
  parser_ = std::make_unique<parser>();
  beast::error_code why;
  auto taken = parser_->put(std::string_view{in_}.substr(0, scanned_), why);
  auto& read = parser_->get();
  if (why == http_parse_error::bad_version)
    return fail(505, "this server speaks HTTP/1.1");
  if (why || taken != scanned_ || !read.is_header_done())
    return fail(400, "this is no HTTP request: "
                       + (why ? why.message() : "its head is incomplete"));
  in_.erase(0, scanned_);
  auto& message = read.get();
  head_.method = text_of(message.method_string());
  head_.target = text_of(message.target());
  for (auto& each : message)
    head_.fields.emplace_back(text_of(each.name_string()),
                              text_of(each.value()));
  if (message.version() != 10 && message.version() != 11)
    return fail(505, "this server speaks HTTP/1.1");
  head_.version_1_0 = message.version() == 10;
  head_.keep_alive = message.keep_alive();
  return check_framing();
}

// Where the body ends must be beyond doubt, also for a proxy in between.
//
// Source: RFC 9112, 6.1 to 6.3.
http_reader::stage http_reader::check_framing() {
  if (values_of(head_, "Host").size() > 1)
    return fail(400, "there are two Host headers");
  auto codings = values_of(head_, "Transfer-Encoding");
  auto lengths = values_of(head_, "Content-Length");
  if (lengths.size() > 1 || (!lengths.empty() && !all_digits(lengths[0])))
    return fail(400, "Content-Length has to be one number");
  if (!codings.empty() && (!lengths.empty() || head_.version_1_0))
    return fail(400, "a body has either a length or chunks");
  if (codings.size() > 1
      || (!codings.empty() && !same_name(codings[0], "chunked")))
    return fail(501, "the only transfer coding that is known is chunked");
  head_.chunked = !codings.empty();
  if (!lengths.empty()) {
    auto length = parser_->get().content_length();
    if (!length)
      return fail(400, "Content-Length is no length");
    head_.length = *length;
  }
  auto expected = head_.field("Expect");
  if (!expected.empty() && !same_name(expected, "100-continue"))
    return fail(417, "the only expectation that is known is 100-continue");
  head_.expects_continue = !expected.empty() && !head_.version_1_0;
  return stage_ = stage::judging;
}

// -- the body -----------------------------------------------------------------

http_reader::stage http_reader::read_body() {
  auto& read = parser_->get();
  auto enough = head_.chunked ? chunk_bytes : 1;
  while (in_.size() >= enough && !read.is_done()) {
    beast::error_code why;
    auto taken = parser_->put(in_, why);
    in_.erase(0, taken);
    body_taken_ += taken;
    if (read.get().body().size() > bounds_.body_bytes
        || body_taken_ + in_.size() > framing_share * bounds_.body_bytes)
      return fail(413, "a body may have "
                         + std::to_string(bounds_.body_bytes / 1024) + " KiB");
    if (why == http_parse_error::need_more)
      break;
    if (why)
      return fail(400, "the body cannot be read: " + why.message());
  }
  // A line of a chunk that does not end.
  if (!read.is_done() && in_.size() > bounds_.head_bytes)
    return fail(400, "a chunk has a line that is too long");
  return read.is_done() ? stage_ = stage::done : stage_;
}

} // namespace coppice::admin
