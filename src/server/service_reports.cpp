// SPDX-License-Identifier: BSD-3-Clause

#include "server/service_reports.hpp"

#include <cstdint>
#include <set>
#include <utility>

namespace coppice {

namespace {

// systemd wants to know when a reload began, by its own clock.
std::string monotonic_microseconds() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::to_string(
    std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

} // namespace

service_reports::service_reports(actor::runtime_ptr rt,
                                 net::listener_set listeners, std::string root)
    : rt_(std::move(rt)),
      listeners_(std::move(listeners)),
      root_(std::move(root)),
      silent_(std::make_shared<std::atomic<std::size_t>>(0)) {
  if (manager_.present() && manager_.watchdog())
    due_ = clock::now();
}

void service_reports::ready() {
  manager_.tell("READY=1\n", status());
}

void service_reports::reloading() {
  manager_.tell(
    "RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds() + "\n", status());
}

void service_reports::on_leave() {
  manager_.tell("STOPPING=1\n", status());
}

void service_reports::replaced_by(int pid) {
  manager_.tell("MAINPID=" + std::to_string(pid) + "\n", status());
  manager_.leave();
  due_.reset();
}

void service_reports::on_due(clock::time_point now) {
  due_ = now + *manager_.watchdog();
  if (silent_->load() > 0)
    return;
  manager_.tell("WATCHDOG=1\n", status());
  ask_reactors();
}

void service_reports::ask_reactors() {
  std::set<net::reactor_ptr> reactors; // listeners share them
  for (auto& each : listeners_.all())
    reactors.insert(each->reactors().begin(), each->reactors().end());
  silent_->store(reactors.size());
  for (auto& each : reactors)
    each->run_soon([silent = silent_] { silent->fetch_sub(1); });
}

std::string service_reports::status() const {
  std::string result;
  std::int64_t active = 0;
  auto all = listeners_.all();
  for (auto& each : all) {
    result
      += (result.empty() ? "" : ", ") + std::string{to_string(each->state())};
    if (auto local = each->local())
      result += " on " + to_string(*local);
    active += each->active();
  }
  if (all.empty())
    result = root_;
  else
    result += "; " + std::to_string(active)
              + (active == 1 ? " connection" : " connections");
  auto tree = rt_->tree.look(clock::now());
  if (tree && tree->supervisor)
    result += "; " + std::to_string(tree->supervisor->budget_used) + " of "
              + std::to_string(tree->supervisor->intensity)
              + " restarts of the root used";
  return result;
}

} // namespace coppice
