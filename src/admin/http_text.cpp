// SPDX-License-Identifier: BSD-3-Clause

#include "admin/http_text.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace coppice::admin {

namespace {

std::string_view phrase_of(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 413:
    return "Content Too Large";
  case 415:
    return "Unsupported Media Type";
  case 417:
    return "Expectation Failed";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Status";
  }
}

void read_query(std::string_view text, request& to) {
  while (!text.empty()) {
    auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(pair.size() < text.size() ? pair.size() + 1
                                                 : text.size());
    auto equals = pair.find('=');
    auto value = equals == std::string_view::npos ? std::string_view{}
                                                  : pair.substr(equals + 1);
    if (!pair.empty())
      to.query.emplace(decode_percent(pair.substr(0, equals), true),
                       decode_percent(value, true));
  }
}

void read_target(std::string_view target, request& to) {
  constexpr std::string_view scheme = "http://";
  if (target.starts_with(scheme)) {
    target.remove_prefix(scheme.size());
    auto end = target.find_first_of("/?");
    to.host = target.substr(0, end);
    target = end == std::string_view::npos ? "/" : target.substr(end);
    if (target.starts_with('?')) {
      to.path = "/";
      return read_query(target.substr(1), to);
    }
  }
  if (target == "*") {
    to.path = target;
    return;
  }
  if (!target.starts_with('/'))
    return;
  auto mark = target.find('?');
  to.path = decode_percent(target.substr(0, mark), false);
  if (mark != std::string_view::npos)
    read_query(target.substr(mark + 1), to);
}

// A header cannot have a line end in it.
bool fits_a_header(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3})
         == std::string_view::npos;
}

} // namespace

request to_request(const http_head& head) {
  request out;
  out.method = head.method;
  out.host = head.field("Host");
  out.origin = head.field("Origin");
  out.content_type = head.field("Content-Type");
  out.authorization = head.field("Authorization");
  out.accept = head.field("Accept");
  out.fetch_site = head.field("Sec-Fetch-Site");
  out.last_event_id = head.field("Last-Event-ID");
  out.may_lack_host = head.version_1_0;
  read_target(head.target, out);
  return out;
}

std::string decode_percent(std::string_view text, bool in_query) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    auto* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size()
        && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i] == '+' && in_query ? ' ' : text[i];
    }
  }
  return result;
}

std::string to_bytes(const response& what, after_answer then, bool head_only) {
  auto result = "HTTP/1.1 " + std::to_string(what.status) + " ";
  result += phrase_of(what.status);
  result += "\r\n";
  auto add = [&](std::string_view name, std::string_view value) {
    if (!fits_a_header(value))
      return;
    result += name;
    result += ": ";
    result += value;
    result += "\r\n";
  };
  for (auto& [name, value] : what.headers)
    add(name, value);
  if (!what.body.empty())
    add("Content-Type", what.content_type);
  add("Content-Length", std::to_string(what.body.size()));
  switch (then) {
  case after_answer::close:
    add("Connection", "close");
    break;
  case after_answer::keep_1_0:
    add("Connection", "keep-alive");
    break;
  case after_answer::keep:
    break;
  }
  result += "\r\n";
  if (!head_only)
    result += what.body;
  return result;
}

std::string stream_head(bool chunked, bool closes) {
  std::string result = "HTTP/1.1 200 OK\r\n"
                       "Cache-Control: no-store\r\n"
                       "Content-Type: text/event-stream\r\n";
  if (chunked)
    result += "Transfer-Encoding: chunked\r\n";
  if (closes)
    result += "Connection: close\r\n";
  return result + "\r\n";
}

std::string to_chunk(std::string_view text) {
  std::array<char, 16> digits;
  auto end = std::to_chars(digits.begin(), digits.end(), text.size(), 16).ptr;
  std::string result{digits.begin(), end};
  result += "\r\n";
  result += text;
  result += "\r\n";
  return result;
}

} // namespace coppice::admin
