#include "coppice/cli/exit_code.hpp"
#include "coppice/cli/faults.hpp"
#include "coppice/cli/history.hpp"
#include "coppice/cli/lab.hpp"
#include "coppice/cli/nemesis.hpp"
#include "coppice/cli/remote.hpp"
#include "coppice/cli/serve.hpp"
#include "coppice/cli/serve_arguments.hpp"
#include "coppice/cli/toxics.hpp"
#include "version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>

namespace {

using namespace coppice;

int complain(const CLI::ParseError& err) {
  std::string text = err.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::cerr << "coppice: " << text << " (coppice --help shows more)"
            << std::endl;
  return cli::usage;
}

int run(int argc, char** argv) {
  CLI::App app{"coppice: a supervised TCP server; cut any actor, it regrows",
               "coppice"};
  app.set_version_flag("--version", std::string{"coppice "} + version);
  app.require_subcommand(1);
  cli::serve_arguments serve_args;
  cli::remote_options remote_args;
  cli::lab_options lab_args;
  cli::add_serve(app, serve_args);
  cli::add_remote(app, remote_args);
  cli::add_lab(app, lab_args);
  cli::fault_options fault_args;
  cli::add_fault(app, fault_args);
  cli::toxic_options toxic_args;
  cli::add_toxics(app, toxic_args);
  cli::history_options history_args;
  cli::add_history(app, history_args);
  cli::nemesis_options nemesis_args;
  cli::add_nemesis(app, nemesis_args);
  try {
    app.parse(argc, argv);
    if (app.got_subcommand("serve"))
      return cli::serve(cli::check(serve_args));
    if (app.got_subcommand("lab"))
      return cli::run_lab(app, lab_args);
    if (app.got_subcommand("fault"))
      return cli::run_fault(app, fault_args);
    if (app.got_subcommand("toxic"))
      return cli::run_toxics(app, toxic_args);
    if (app.got_subcommand("nemesis"))
      return cli::run_nemesis(app, nemesis_args);
    if (cli::is_history(app))
      return cli::run_history(app, history_args);
    return cli::run_remote(app, remote_args);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted); // --help, --version
  } catch (const CLI::ParseError& err) {
    return complain(err);
  }
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& err) {
    std::cerr << "coppice: " << err.what() << std::endl;
    return cli::failed;
  }
}
