// SPDX-License-Identifier: BSD-3-Clause

#include "http_client.hpp"

#include "api_document.hpp"
#include "tcp_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace coppice_test {

namespace {

constexpr std::string_view end_of_line = "\r\n";
constexpr std::string_view end_of_head = "\r\n\r\n";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

bool names(const http_headers& headers, const std::string& name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
    return lower(header.first) == lower(name);
  });
}

http_response parse_head(std::string_view head) {
  constexpr std::string_view version = "HTTP/1.1 ";
  if (head.substr(0, version.size()) != version)
    throw std::runtime_error("not HTTP/1.1: " + std::string(head));
  http_response result;
  result.status = std::stoi(std::string(head.substr(version.size(), 3)));
  for (auto at = head.find(end_of_line); at != std::string_view::npos;
       at = head.find(end_of_line)) {
    head.remove_prefix(at + end_of_line.size());
    const std::string_view line = head.substr(0, head.find(end_of_line));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      continue;
    const auto value
      = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
    result.headers[lower(std::string(line.substr(0, colon)))]
      = std::string(line.substr(value));
  }
  return result;
}

} // namespace

http_client::http_client(std::uint16_t port, std::string host)
    : host_(std::move(host)), port_(port) {}

http_client::~http_client() {
  disconnect();
}

void http_client::disconnect() {
  if (connected())
    ::close(std::exchange(fd_, -1));
  input_.clear();
}

std::string http_client::host_header() const {
  const bool v6 = host_.find(':') != std::string::npos;
  return (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

void http_client::connect() {
  fd_ = start_connect(host_, port_);
  if (fd_ < 0)
    throw std::system_error(errno, std::generic_category(), "admin connect");
  pollfd entry{fd_, POLLOUT, 0};
  ::poll(&entry, 1, deadline().poll_timeout());
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    disconnect();
    throw std::system_error(error, std::generic_category(), "admin connect");
  }
}

bool http_client::send_all(std::string_view bytes, const deadline& end) {
  while (!bytes.empty()) {
    pollfd entry{fd_, POLLOUT, 0};
    if (::poll(&entry, 1, end.poll_timeout()) == 0)
      throw std::runtime_error("the admin page takes no more data");
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN)
      return false;
    if (count > 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool http_client::receive_more(const deadline& end) {
  pollfd entry{fd_, POLLIN, 0};
  if (::poll(&entry, 1, end.poll_timeout()) == 0)
    throw std::runtime_error("no answer from the admin page; so far: "
                             + input_);
  char buffer[16 * 1024];
  const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
  if (count > 0)
    input_.append(buffer, static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EAGAIN);
}

std::optional<http_response>
http_client::receive_response(const deadline& end) {
  while (input_.find(end_of_head) == std::string::npos) {
    if (!receive_more(end))
      return std::nullopt;
  }
  const auto head = input_.find(end_of_head);
  http_response result = parse_head(std::string_view(input_).substr(0, head));
  input_.erase(0, head + end_of_head.size());
  const auto length = result.headers.find("content-length");
  if (length == result.headers.end())
    throw std::runtime_error("an answer without Content-Length");
  const std::size_t size = std::stoul(length->second);
  while (input_.size() < size) {
    if (!receive_more(end))
      return std::nullopt;
  }
  result.body = input_.substr(0, size);
  input_.erase(0, size);
  return result;
}

std::optional<http_response> http_client::exchange(std::string_view bytes) {
  const deadline end(long_patience);
  if (!connected())
    connect();
  // A refusal may come before everything is sent, so the answer is read even
  // when sending failed.
  send_all(bytes, end);
  auto result = receive_response(end);
  if (!result || lower(result->headers["connection"]) == "close")
    disconnect();
  return result;
}

http_response http_client::request(const std::string& method,
                                   const std::string& target,
                                   http_headers headers,
                                   const std::string& body) {
  if (!names(headers, "Host"))
    headers.emplace_back("Host", host_header());
  if (method != "GET" && !names(headers, "Content-Length"))
    headers.emplace_back("Content-Length", std::to_string(body.size()));
  std::string bytes = method + " " + target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers)
    bytes += name + ": " + value + "\r\n";
  bytes += "\r\n" + body;

  // A connection kept from before may have been closed meanwhile.
  const bool reused = connected();
  auto result = exchange(bytes);
  if (!result && reused)
    result = exchange(bytes);
  if (!result)
    throw std::runtime_error("the admin page closed without an answer to "
                             + method + " " + target);
  expect_documented(method, target, *result);
  return *std::move(result);
}

http_response http_client::get(const std::string& target,
                               http_headers headers) {
  return request("GET", target, std::move(headers));
}

http_response http_client::post(const std::string& target,
                                const std::string& body, http_headers headers) {
  if (!names(headers, "Content-Type"))
    headers.emplace_back("Content-Type", "application/json");
  return request("POST", target, std::move(headers), body);
}

} // namespace coppice_test
