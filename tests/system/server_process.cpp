// SPDX-License-Identifier: BSD-3-Clause

#include "server_process.hpp"

#include <regex>
#include <stdexcept>

namespace coppice_test {

namespace {

launch_options serve_command(const serve_options& options) {
  launch_options result;
  if (options.program.empty())
    result.args.emplace_back("serve");
  result.args.insert(result.args.end(), {"--admin", options.admin});
  if (!options.port.empty())
    result.args.push_back(options.port);
  if (!options.bind.empty())
    result.args.insert(result.args.end(), {"--bind", options.bind});
  result.args.insert(result.args.end(), options.args.begin(),
                     options.args.end());
  result.env = options.env;
  result.max_open_files = options.max_open_files;
  result.listen_fds = options.listen_fds;
  result.standard_error = options.standard_error;
  result.without_input = options.without_input;
  result.directory = options.directory;
  result.program = options.program;
  return result;
}

std::uint16_t to_port(const std::string& text) {
  return static_cast<std::uint16_t>(std::stoul(text));
}

std::string loopback_of(const std::string& bound) {
  if (bound == "0.0.0.0" || bound == "[::]")
    return "127.0.0.1";
  if (bound.front() == '[')
    return bound.substr(1, bound.size() - 2);
  return bound;
}

} // namespace

server_process::server_process(const serve_options& options)
    : child_(serve_command(options)) {
  await_announcement();
}

void server_process::await_announcement() {
  const deadline end(patience);
  while (!announced()) {
    if (child_.read_more_output(end))
      continue;
    const auto code = child_.wait_exit(milliseconds(0));
    throw std::runtime_error(
      "the server does not serve; exit code "
      + (code ? std::to_string(*code) : std::string("none"))
      + "\nstdout: " + child_.out() + "\nstderr: " + child_.err());
  }
}

bool server_process::announced() {
  static const std::regex listening(
    R"(^[^ ]+: listening on (\[.*\]|[0-9.]+):([0-9]+) )");
  static const std::regex listening_locally(
    R"(^[^ ]+: listening on (unix:[^ ]+) )");
  static const std::regex admin(R"(admin at http://[^\s]*:([0-9]+)\n)");
  static const std::regex local_admin(R"(admin at (unix:[^\s]+)\n)");
  static const std::regex no_admin(R"(admin is off\n)");

  std::smatch found;
  if (std::regex_search(child_.out(), found, listening)) {
    host_ = loopback_of(found[1]);
    port_ = to_port(found[2]);
  } else if (std::regex_search(child_.out(), found, listening_locally)) {
    host_ = found[1];
  } else {
    return false;
  }
  if (std::regex_search(child_.out(), no_admin))
    return true;
  if (std::regex_search(child_.out(), found, local_admin)) {
    local_admin_ = found[1];
    return true;
  }
  if (!std::regex_search(child_.out(), found, admin))
    return false;
  admin_port_ = to_port(found[1]);
  return true;
}

std::string server_process::admin_address() const {
  if (!local_admin_.empty())
    return local_admin_;
  return "127.0.0.1:" + std::to_string(admin_port_);
}

command_result server_process::cli(
  std::vector<std::string> args,
  std::vector<std::pair<std::string, std::string>> env) const {
  launch_options options;
  options.args = std::move(args);
  options.args.insert(options.args.end(), {"--admin", admin_address()});
  options.env = std::move(env);
  return run_coppice(options);
}

} // namespace coppice_test
