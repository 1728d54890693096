#include "commands/command_line.hpp"

#include "commands/console.hpp"
#include "commands/faults.hpp"
#include "commands/history.hpp"
#include "commands/lab.hpp"
#include "commands/nemesis.hpp"
#include "commands/remote.hpp"
#include "commands/serve.hpp"
#include "commands/toxics.hpp"
#include "coppice/version.hpp"
#include "server/exit_code.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <iostream>

namespace coppice::commands {

namespace {

int complain(const CLI::ParseError& err, const char* more) {
  std::string text = err.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::cerr << "coppice: " << text << " (" << more << " shows more)"
            << std::endl;
  return usage;
}

// All that can be said on one line, and what was said.
class command_line {
public:
  explicit command_line(const std::optional<session>& console)
      : in_console_(console.has_value()) {
    if (console)
      adopt(*console);
    if (in_console_)
      app_.set_help_flag();
    else
      app_.set_version_flag("--version", std::string{"coppice "} + version);
    app_.require_subcommand(1);
    if (!in_console_) {
      add_serve(app_, serve_);
      add_lab(app_, lab_);
      add_console(app_, console_);
    }
    add_remote(app_, remote_);
    add_history(app_, history_);
    add_fault(app_, fault_);
    add_toxics(app_, toxic_);
    add_nemesis(app_, nemesis_);
  }

  int run(std::vector<std::string> args) {
    std::reverse(args.begin(), args.end()); // as the library wants them
    try {
      app_.parse(std::move(args));
      return obey();
    } catch (const CLI::Success& wanted) {
      return app_.exit(wanted); // --help, --version
    } catch (const CLI::ParseError& err) {
      return complain(err, in_console_ ? "help" : "coppice --help");
    }
  }

private:
  void adopt(const session& console) {
    for (auto* each :
         {&remote_, &fault_.remote, &toxic_.remote, &nemesis_.remote}) {
      each->admin = console.admin;
      each->token_file = console.token_file;
    }
    history_.file = console.journal;
  }

  int obey() {
    auto* got = app_.get_subcommands().front();
    auto name = got->get_name();
    if (name == "serve")
      return serve(serve_);
    if (name == "lab")
      return run_lab(app_, lab_);
    if (name == "console")
      return run_console(console_);
    if (name == "fault")
      return run_fault(app_, fault_);
    if (name == "toxic")
      return run_toxics(app_, toxic_);
    if (name == "nemesis")
      return run_nemesis(app_, nemesis_);
    if (is_history(app_))
      return run_history(app_, history_);
    return run_remote(app_, remote_);
  }

  bool in_console_;
  CLI::App app_{"coppice: a supervised TCP server; cut any actor, it regrows",
                "coppice"};
  serve_arguments serve_;
  lab_options lab_;
  console_options console_;
  remote_options remote_;
  history_options history_;
  fault_options fault_;
  toxic_options toxic_;
  nemesis_options nemesis_;
};

} // namespace

int run_command_line(const std::vector<std::string>& args,
                     const std::optional<session>& console) {
  try {
    return command_line{console}.run(args);
  } catch (const std::exception& err) {
    std::cerr << "coppice: " << err.what() << std::endl;
    return failed;
  }
}

} // namespace coppice::commands
