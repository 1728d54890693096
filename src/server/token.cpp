// SPDX-License-Identifier: BSD-3-Clause

#include "server/token.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace coppice {

namespace {

std::string from_environment(const char* name) {
  auto* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

std::string file_to_use(const std::string& file) {
  return file.empty() ? from_environment("COPPICE_ADMIN_TOKEN_FILE") : file;
}

[[noreturn]] void cannot(const std::string& what, const std::string& file) {
  throw std::runtime_error("cannot " + what + " the admin token in " + file
                           + ": " + std::strerror(errno));
}

std::string read_file(const std::string& file) {
  std::ifstream in{file};
  std::string token;
  if (!in)
    cannot("read", file);
  in >> token;
  if (token.empty())
    throw std::runtime_error("the admin token file " + file + " is empty");
  return token;
}

std::string random_token() {
  std::array<unsigned char, 24> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0)
      != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the kernel has no random numbers for a token");
  std::string result;
  for (auto byte : bytes) {
    constexpr auto digits = "0123456789abcdef";
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

} // namespace

std::string read_token(const std::string& file) {
  if (auto token = from_environment("COPPICE_ADMIN_TOKEN"); !token.empty())
    return token;
  auto name = file_to_use(file);
  return name.empty() ? std::string{} : read_file(name);
}

std::string read_or_create_token(const std::string& file) {
  auto name = file_to_use(file);
  if (!from_environment("COPPICE_ADMIN_TOKEN").empty() || name.empty())
    return read_token(file);
  auto fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == EEXIST)
      return read_file(name);
    cannot("create", name);
  }
  auto token = random_token();
  auto line = token + "\n";
  auto written = ::write(fd, line.data(), line.size());
  ::close(fd);
  if (written != static_cast<ssize_t>(line.size()))
    cannot("write", name);
  return token;
}

} // namespace coppice
