// SPDX-License-Identifier: BSD-3-Clause

#include "faults.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace coppice_test {

void faults::inject(serve_options& options) const {
  const char* library = std::getenv("COPPICE_FAULTS_LIBRARY");
  if (library == nullptr)
    throw std::runtime_error("COPPICE_FAULTS_LIBRARY is not set");
  options.env.emplace_back("LD_PRELOAD", library);
  options.env.emplace_back("COPPICE_TEST_FAULTS", directory_.file(""));
  // ASan would refuse to come second in the order of libraries.
  options.env.push_back(
    sanitizer_options("ASAN_OPTIONS", "verify_asan_link_order=0"));
}

// Under its own name only when complete: the server reads at any time.
void faults::write(const std::string& name, const std::string& text) const {
  const std::string draft = directory_.file("draft");
  std::ofstream(draft) << text;
  std::filesystem::rename(draft, directory_.file(name));
}

void faults::fail_accept(const server_process& server, int error, int count) {
  fail_accept_on(server.port(), error, count);
}

void faults::fail_admin_accept(const server_process& server, int error,
                               int count) {
  fail_accept_on(server.admin_port(), error, count);
}

void faults::fail_accept_on(std::uint16_t port, int error, int count) {
  write("accept", std::to_string(++orders_) + " " + std::to_string(port) + " "
                    + std::to_string(error) + " " + std::to_string(count));
}

int faults::injected() const {
  std::error_code none_yet;
  const auto size
    = std::filesystem::file_size(directory_.file("injected"), none_yet);
  return none_yet ? 0 : static_cast<int>(size);
}

bool faults::await_injected(int wanted) const {
  return eventually([&] { return injected() >= wanted; });
}

void faults::turn_wall_clock(std::chrono::seconds by) {
  write("clock", std::to_string(by.count()));
}

void faults::take_threads() {
  write("threads", "");
}

void faults::give_threads() {
  std::filesystem::remove(directory_.file("threads"));
}

} // namespace coppice_test
