// SPDX-License-Identifier: BSD-3-Clause

#include "server/front.hpp"

#include "observe/printable.hpp"
#include "server/exit_code.hpp"
#include "server/help_text.hpp"
#include "server/option_checks.hpp"
#include "server/usage_error.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <utility>

namespace coppice {

namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// What no command line can make right.
expected<void, start_error> check(const host_settings& settings) {
  if (settings.root.empty()
      || !std::ranges::all_of(settings.root, is_name_character))
    return unexpected{start_error{
      true, "the name \"" + settings.root
              + "\" has to be made of letters, digits, _, - and ."}};
  if (settings.listener && !settings.listener->config.make_handler)
    return unexpected{
      start_error{true, "a server needs a handler: see handled_by"}};
  return {};
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
    refuse_empty_texts(app);
    add_help(app); // once all other options are there
    app.parse(argc, const_cast<char**>(argv)); // which it does not change
    auto code = run();
    if (code)
      return *code;
    if (code.error().usage)
      return usage_error(name, app, code.error().text);
    std::cerr << name << ": " << observe::printable(code.error().text)
              << std::endl;
    return failed;
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted); // --help
  } catch (const CLI::ParseError& problem) {
    return usage_error(name, app, problem);
  } catch (const std::exception& problem) {
    std::cerr << name << ": " << observe::printable(problem.what())
              << std::endl;
    return failed;
  }
}

expected<int, start_error> front::run() {
  auto made = make_host();
  if (!made)
    return unexpected{std::move(made.error())};
  auto code = (*made)->run();
  forget_host();
  return code;
}

expected<void, start_error> front::start() {
  if (running())
    return unexpected{start_error{true, "it was started already"}};
  try {
    if (plan_.listener)
      plan_.listener->takes_passed_sockets = false;
    auto made = make_host();
    if (!made)
      return unexpected{
        start_error{made.error().usage, observe::printable(made.error().text)}};
    auto up = (*made)->start();
    if (!up)
      forget_host();
    return up;
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

expected<std::shared_ptr<host>, start_error> front::make_host() {
  if (auto checked = check(plan_.settings); !checked)
    return unexpected{std::move(checked.error())};
  auto settings = plan_.settings;
  if (plan_.listener)
    if (auto applied = apply(*plan_.listener, settings); !applied)
      return unexpected{std::move(applied.error())};
  if (auto applied = apply(plan_.program, settings); !applied)
    return unexpected{std::move(applied.error())};
  auto result = std::make_shared<host>(std::move(settings));
  std::lock_guard guard{mutex_};
  host_ = result;
  return result;
}

} // namespace coppice
