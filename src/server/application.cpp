// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/application.hpp"

#include "coppice/actor/system.hpp"
#include "server/front.hpp"

#include <utility>

namespace coppice {

namespace {

front::plan plan_of(application_settings settings) {
  front::plan result{
    .settings = {.program = settings.name, .root = settings.name},
    .program = {settings.admin, settings.journal, settings.log},
    .description = std::move(settings.description),
    .options = std::move(settings.options)};
  auto& host = result.settings;
  host.flags = settings.flags;
  host.children = std::move(settings.children);
  host.runtime = std::move(settings.runtime);
  host.below = std::move(settings.below);
  return result;
}

} // namespace

struct application::state {
  front program;
};

application::application(application_settings settings)
    : state_(new state{front{plan_of(std::move(settings))}}) {
  // nop
}

application::~application() {
  stop();
}

int application::run(int argc, const char* const* argv) {
  return state_->program.run(argc, argv);
}

expected<void, start_error> application::start() {
  return state_->program.start();
}

int application::wait() {
  auto host = running();
  return host ? host->wait() : 0;
}

void application::stop() {
  if (auto host = running())
    host->stop();
}

std::string application::admin_url() const {
  auto host = running();
  return host ? host->admin_url() : "";
}

actor::runtime_ptr application::rt() const {
  auto host = running();
  return host ? host->rt() : nullptr;
}

caf::actor application::root() const {
  auto host = running();
  return host ? host->root() : caf::actor{};
}

std::shared_ptr<host> application::running() const {
  return state_->program.running();
}

void configure(caf::actor_system_config& config) {
  register_types();
  actor::configure_mailboxes(config);
}

} // namespace coppice
