// SPDX-License-Identifier: BSD-3-Clause

#include "server/token.hpp"

#include "net/socket.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace coppice {

namespace {

// Less can be tried out.
constexpr std::size_t least_bytes = 8;
constexpr std::size_t most_bytes = 4096;

constexpr mode_t written_by_group = 0020;
constexpr mode_t read_by_others = 0004;
constexpr mode_t written_by_others = 0002;

std::string from_environment(const char* name) {
  auto* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

using token_or_error = expected<std::string, std::string>;

unexpected<std::string> cannot(const std::string& what,
                               const std::string& file) {
  return unexpected{"cannot " + what + " the admin token in " + file + ": "
                    + std::strerror(errno)};
}

// Without the line end that an editor or a shell leaves behind it. A token has
// to fit in a header.
token_or_error checked(std::string token, const std::string& source) {
  while (token.ends_with('\n') || token.ends_with('\r'))
    token.pop_back();
  auto fits = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::ranges::all_of(token, fits) || token.starts_with(' ')
      || token.ends_with(' '))
    return unexpected{"the admin token in " + source
                      + " has to be one line of printable ASCII, without a "
                        "space at its begin or end"};
  return token;
}

// Docker, Podman and Kubernetes mount a secret into its container alone, and
// often readable for all: access to it is decided outside. Only root can put
// anything there. By the descriptor, so that no `..` or link leads here.
bool is_secret_of_container(int fd) {
  std::array<char, 4096> room;
  auto link = "/proc/self/fd/" + std::to_string(fd);
  auto size = ::readlink(link.c_str(), room.data(), room.size());
  return size > 0
         && std::string_view{room.data(), static_cast<std::size_t>(size)}
              .starts_with("/run/secrets/");
}

token_or_error read_file(const std::string& file) {
  net::socket in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat info {};
  if (!in || ::fstat(in.fd(), &info) != 0)
    return cannot("read", file);
  auto too_much = written_by_group | written_by_others
                  | (is_secret_of_container(in.fd()) ? 0 : read_by_others);
  if ((info.st_mode & too_much) != 0)
    return unexpected{"the admin token file " + file
                      + " can be read or written by others; use chmod 600 "
                      + file};
  std::string text;
  std::array<char, most_bytes> room;
  for (;;) {
    auto got = ::read(in.fd(), room.data(), room.size());
    if (got < 0)
      return cannot("read", file);
    if (got == 0)
      break;
    text.append(room.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes)
      return unexpected{"the admin token file " + file + " is too long"};
  }
  auto token = checked(std::move(text), file);
  if (token && token->empty())
    return unexpected{"the admin token file " + file + " is empty"};
  if (token && token->size() < least_bytes)
    return unexpected{"the admin token in " + file + " is too short; it needs "
                      + std::to_string(least_bytes) + " characters"};
  return token;
}

token_or_error of_variable() {
  constexpr auto name = "COPPICE_ADMIN_TOKEN";
  auto text = from_environment(name);
  auto token = checked(text, std::string{"the variable "} + name);
  if (token && token->empty() && !text.empty())
    return unexpected{std::string{"the variable "} + name
                      + " has a line end, but no token in it"};
  return token;
}

expected<std::string, std::string> random_token() {
  std::array<unsigned char, 24> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0)
      != static_cast<ssize_t>(bytes.size()))
    return unexpected<std::string>{
      "the kernel has no random numbers for a token"};
  std::string result;
  for (auto byte : bytes) {
    constexpr auto digits = "0123456789abcdef";
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

} // namespace

token_or_error read_token(const std::string& file) {
  if (!file.empty())
    return read_file(file);
  if (auto token = of_variable(); !token || !token->empty())
    return token;
  auto name = from_environment("COPPICE_ADMIN_TOKEN_FILE");
  return name.empty() ? std::string{} : read_file(name);
}

token_or_error read_or_create_token(const std::string& file) {
  auto name = file;
  if (name.empty()) {
    auto token = of_variable();
    if (!token)
      return token;
    if (token->empty())
      name = from_environment("COPPICE_ADMIN_TOKEN_FILE");
  }
  if (name.empty())
    return read_token({});
  auto token = random_token();
  if (!token)
    return token;
  net::socket out{
    ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!out) {
    if (errno == EEXIST)
      return read_file(name);
    return cannot("create", name);
  }
  auto line = *token + "\n";
  if (::write(out.fd(), line.data(), line.size())
      != static_cast<ssize_t>(line.size())) {
    auto refusal = cannot("write", name);
    ::unlink(name.c_str()); // half of a token is none
    return refusal;
  }
  return token;
}

} // namespace coppice
