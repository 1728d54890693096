// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <map>
#include <string>

namespace coppice::admin {

struct response {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers = {};
};

} // namespace coppice::admin
