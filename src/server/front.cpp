// SPDX-License-Identifier: BSD-3-Clause

#include "server/front.hpp"

#include "server/exit_code.hpp"
#include "server/help_text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace coppice {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// What no command line can make right.
void check(const host_settings& settings) {
  if (settings.root.empty()
      || !std::ranges::all_of(settings.root, is_name_character))
    throw std::invalid_argument{"the name \"" + settings.root
                                + "\" has to be made of letters, digits, _, - "
                                  "and ."};
  if (settings.listener && !settings.listener->config.make_handler)
    throw std::invalid_argument{"a server needs a handler: see handled_by"};
}

} // namespace

front::front(plan what) : plan_(std::move(what)) {
  // nop
}

int front::run(int argc, const char* const* argv) {
  auto& name = plan_.settings.program;
  if (argc > 0)
    name = std::filesystem::path{argv[0]}.filename().string();
  CLI::App app{plan_.description, name};
  format_help(app);
  try {
    if (plan_.listener)
      add_options(app, *plan_.listener);
    add_options(app, plan_.program);
    if (plan_.options)
      plan_.options(app);
    add_help(app); // once all other options are there
    app.parse(argc, const_cast<char**>(argv)); // which it does not change
    return make_host()->run();
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted); // --help
  } catch (const CLI::ParseError& problem) {
    return usage_error(name, problem, name + " --help");
  } catch (const std::invalid_argument& problem) {
    std::cerr << name << ": " << problem.what() << std::endl;
    return usage;
  } catch (const std::exception& problem) {
    std::cerr << name << ": " << problem.what() << std::endl;
    return failed;
  }
}

expected<void, start_error> front::start() {
  if (running())
    return unexpected{start_error{true, "it was started already"}};
  try {
    if (plan_.listener)
      plan_.listener->takes_passed_sockets = false;
    auto up = make_host()->start();
    if (!up)
      forget_host();
    return up;
  } catch (const CLI::ParseError& problem) {
    return unexpected{start_error{true, in_one_line(problem)}};
  } catch (const std::invalid_argument& problem) {
    return unexpected{start_error{true, problem.what()}};
  } catch (const std::exception& problem) {
    return unexpected{start_error{false, problem.what()}};
  }
}

std::shared_ptr<host> front::running() const {
  std::lock_guard guard{mutex_};
  return host_;
}

// One that did not start may be started again.
void front::forget_host() {
  std::lock_guard guard{mutex_};
  host_ = nullptr;
}

std::shared_ptr<host> front::make_host() {
  check(plan_.settings);
  auto settings = plan_.settings;
  if (plan_.listener)
    apply(*plan_.listener, *settings.listener);
  apply(plan_.program, settings);
  auto result = std::make_shared<host>(std::move(settings));
  std::lock_guard guard{mutex_};
  host_ = result;
  return result;
}

} // namespace coppice
