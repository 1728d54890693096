// SPDX-License-Identifier: BSD-3-Clause

#include "server/front.hpp"

#include "observe/printable.hpp"
#include "server/exit_code.hpp"
#include "server/help_text.hpp"
#include "server/name.hpp"
#include "server/option_checks.hpp"
#include "server/usage_error.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <exception>
#include <filesystem>
#include <iostream>
#include <set>
#include <utility>

namespace coppice {

namespace {

constexpr auto what_makes_a_name
  = "has to be made of letters, digits, _, - and .";

// What no command line can make right.
expected<void, start_error> check(const host_settings& settings) {
  if (!is_name(settings.root))
    return unexpected{start_error{true, "the name \"" + settings.root + "\" "
                                          + what_makes_a_name}};
  std::set<std::string> names;
  for (auto& each : settings.listeners) {
    auto& config = each.config;
    if (!config.make_handler)
      return unexpected{
        start_error{true, "a server needs a handler: see handled_by"}};
    if (!is_name(config.name))
      return unexpected{start_error{true, "the name of a listener, \""
                                            + config.name + "\", "
                                            + what_makes_a_name}};
    if (!names.insert(config.name).second)
      return unexpected{start_error{true, "two listeners have the name \""
                                            + config.name + "\""}};
  }
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
    if (!plan_.listeners.empty())
      add_options(app, plan_.listeners.front());
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
  auto made = make_host(true);
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
    auto made = make_host(false);
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

// A program takes the sockets that its service manager passes.
expected<std::shared_ptr<host>, start_error> front::make_host(bool as_program) {
  if (auto checked = check(plan_.settings); !checked)
    return unexpected{std::move(checked.error())};
  auto settings = plan_.settings;
  if (as_program) {
    auto met = upgrade::predecessor::meet();
    if (!met)
      return unexpected{start_error{false, std::move(met.error())}};
    settings.predecessor = *std::move(met);
  }
  if (as_program && !settings.listeners.empty())
    if (auto taken = take_passed_sockets(settings); !taken)
      return unexpected{std::move(taken.error())};
  for (std::size_t i = 0; i < plan_.listeners.size(); ++i)
    if (auto wrong = apply(plan_.listeners[i], settings.listeners[i]);
        !wrong.empty())
      return unexpected{start_error{true, std::move(wrong.front().text)}};
  if (auto applied = apply(plan_.program, settings); !applied)
    return unexpected{std::move(applied.error())};
  auto result = std::make_shared<host>(std::move(settings));
  std::lock_guard guard{mutex_};
  host_ = result;
  return result;
}

} // namespace coppice
