// SPDX-License-Identifier: BSD-3-Clause

// What a host reads again while it runs: its configuration file, if it has one,
// and certificates.

#include "server/host.hpp"
#include "server/joined.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coppice {

namespace {

// How long one that asks for a reload waits for it.
constexpr std::chrono::seconds reload_limit{10};

constexpr auto too_late = "nothing was reloaded: the server is about to end";

constexpr auto log_level_key = "log_level";
constexpr auto log_connections_key = "log_connections";

} // namespace

// The loop runs while there is a host; the admin API may outlive both.
reload_result host::reload_on(server_loop& loop, host* its) {
  auto answer = std::make_shared<std::promise<reload_result>>();
  auto result = answer->get_future();
  auto posted = loop.post([answer, its](bool serves) {
    answer->set_value(serves ? its->reload()
                             : unexpected{std::string{too_late}});
  });
  if (!posted)
    return unexpected{std::string{too_late}};
  if (result.wait_for(reload_limit) == std::future_status::ready)
    return result.get();
  return unexpected{std::string{"the reload goes on, after 10 s; its end will "
                                "be an event"}};
}

reload_result host::reload() {
  if (service_reports_)
    service_reports_->reloading();
  auto result = read_again();
  if (service_reports_ && stored_)
    stored_->update(all_listeners(), service_reports_->manager());
  if (service_reports_)
    service_reports_->ready();
  auto detail = result ? *result : result.error();
  for (auto at = detail.find('\n'); at != detail.npos;
       at = detail.find('\n', at))
    detail.replace(at, 1, "; ");
  rt_->events.publish({.kind = result ? observe::event_kind::reloaded
                                      : observe::event_kind::reload_refused,
                       .path = settings_.root,
                       .detail = std::move(detail)});
  return result;
}

// Both are said: what was done before something failed, and what failed.
reload_result host::read_again() {
  auto lines = follow_config();
  if (!lines)
    return unexpected{std::move(lines.error())};
  auto certificates = reload_certificates();
  lines->push_back(certificates ? *certificates : certificates.error());
  std::erase(*lines, "");
  auto text = joined(*lines, "\n");
  if (!certificates)
    return unexpected{std::move(text)};
  if (text.empty() && settings_.programs)
    text
      = "there is nothing to reload: the file is read at the start alone, for "
        "now; stop it and start it again";
  else if (text.empty())
    text = settings_.read_again ? "nothing has changed"
                                : "there is nothing to reload: no file but "
                                  "those of certificates is read again, and "
                                  "there is no TLS";
  return text;
}

expected<std::vector<std::string>, std::string> host::follow_config() {
  if (!settings_.read_again)
    return std::vector<std::string>{};
  auto fresh = settings_.read_again();
  if (!fresh)
    return unexpected{"the configuration stays as it was\n" + fresh.error()};
  auto lines = listeners_->become(std::move(fresh->listeners), root());
  if (!lines)
    return unexpected{"the configuration stays as it was\n" + lines.error()};
  if (certificates_)
    certificates_->look_again();
  follow_program_keys(*fresh, *lines);
  return lines;
}

void host::follow_program_keys(const fresh_config& fresh,
                               std::vector<std::string>& lines) {
  auto changed = differing(settings_.keys, fresh.keys);
  if (changed.erase(log_level_key) > 0) {
    log_->set_level(fresh.log_level);
    lines.push_back("log_level is " + std::string{to_string(fresh.log_level)}
                    + " now");
  }
  if (changed.erase(log_connections_key) > 0) {
    log_->show_connections(fresh.log_connections);
    lines.push_back("log_connections is "
                    + std::string{fresh.log_connections ? "true" : "false"}
                    + " now");
  }
  // What stays as it is until the next start is said each time.
  if (!changed.empty())
    lines.push_back("in force at the next start: " + joined(changed, ", "));
  for (auto* key : {log_level_key, log_connections_key}) {
    settings_.keys.erase(key);
    if (auto i = fresh.keys.find(key); i != fresh.keys.end())
      settings_.keys.insert(*i);
  }
}

// Those of all listeners and of the admin API, whatever became of the others.
reload_result host::reload_certificates() {
  std::size_t count = 0;
  std::string wrong;
  auto note = [&](const expected<void, std::string>& done,
                  const std::string& whose, std::size_t certificates) {
    if (done)
      count += certificates;
    else
      wrong += (wrong.empty() ? "" : "\n")
               + ("the certificates of " + whose
                  + " stay as they were: " + done.error());
  };
  if (listeners_)
    for (auto& each : listeners_->members()) {
      auto done = each.listener->reload_certificates();
      note(done, each.plan.config.name, each.listener->certificates().size());
    }
  if (admin_ && admin_->tls())
    note(admin_->reload_certificates(), "the admin API", 1);
  if (!wrong.empty())
    return unexpected{std::move(wrong)};
  if (count == 0)
    return std::string{};
  return std::to_string(count)
         + (count == 1 ? " certificate is" : " certificates are")
         + " in force for new connections";
}

} // namespace coppice
