#pragma once

#include <string>

namespace coppice::admin {

struct response {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
};

} // namespace coppice::admin
