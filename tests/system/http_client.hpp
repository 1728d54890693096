// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "deadline.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice_test {

struct http_response {
  int status = 0;
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
};

using http_headers = std::vector<std::pair<std::string, std::string>>;

/// Just enough HTTP/1.1 for the admin page: one request after the other, on
/// one connection for as long as the server keeps it.
class http_client {
public:
  explicit http_client(std::uint16_t port, std::string host = "127.0.0.1");
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  http_response get(const std::string& target, http_headers headers = {});
  /// Sends `body` as JSON, unless `headers` name another content type.
  http_response post(const std::string& target, const std::string& body,
                     http_headers headers = {});
  http_response request(const std::string& method, const std::string& target,
                        http_headers headers, const std::string& body = {});

  /// Sends these bytes; nothing if the connection ends without an answer.
  std::optional<http_response> exchange(std::string_view bytes);

  void disconnect();

private:
  bool connected() const {
    return fd_ >= 0;
  }
  void connect();
  bool send_all(std::string_view bytes, const deadline& end);
  bool receive_more(const deadline& end);
  std::optional<http_response> receive_response(const deadline& end);
  std::string host_header() const;

  std::string host_;
  std::uint16_t port_;
  int fd_ = -1;
  std::string input_;
};

} // namespace coppice_test
