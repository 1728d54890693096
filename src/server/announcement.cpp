// SPDX-License-Identifier: BSD-3-Clause

#include "server/announcement.hpp"

#include "server/host.hpp"

#include <string_view>

namespace coppice {

namespace {

constexpr std::string_view default_admin = "127.0.0.1:6060";

std::string how_to_talk(const net::listener& listener) {
  auto where = *listener.local();
  auto tls = listener.config().tls && listener.config().tls->from_start;
  if (where.is_unix())
    return (tls ? "openssl s_client -quiet -unix " : "nc -U ")
           + where.address();
  auto host = where.any() ? "127.0.0.1" : where.address();
  auto port = std::to_string(where.port());
  if (!tls)
    return "nc " + host + " " + port;
  auto colons = host.find(':') != host.npos;
  return "openssl s_client -quiet -connect "
         + (colons ? "[" + host + "]" : host) + ":" + port;
}

// How this machine gets at the page.
std::string page_text(const host& started) {
  auto url = started.admin_url();
  auto& where = *started.settings().admin;
  if (where.is_unix())
    return "curl --unix-socket " + where.address() + " http://localhost/";
  return (started.settings().admin->any()
            ? "http://127.0.0.1" + url.substr(url.rfind(':'))
            : url)
         + "/ in a browser";
}

// What the commands of coppice need to find this program.
std::string admin_option(const host& started) {
  auto url = started.admin_url();
  constexpr std::string_view scheme = "http://";
  auto authority = url.starts_with(scheme) ? url.substr(scheme.size()) : url;
  return authority == default_admin ? "" : " --admin " + authority;
}

std::string first_line(const host& started) {
  auto& settings = started.settings();
  std::string result = settings.program + ": ";
  if (auto& plan = settings.listener) {
    auto n = plan->acceptors;
    result += "listening on " + to_string(*started.listener()->local()) + " ("
              + plan->config.name + ", "
              + std::string{to_string(plan->config.topology)} + ", "
              + std::to_string(n) + (n == 1 ? " acceptor" : " acceptors")
              + (plan->config.tls ? ", TLS); " : "); ");
  } else {
    result += settings.root + " is up; ";
  }
  return result
         + (settings.admin ? "admin at " + started.admin_url()
                           : "admin is off");
}

std::string how_to_break(const host& started) {
  auto& settings = started.settings();
  std::string victim = settings.root;
  if (auto& plan = settings.listener)
    victim
      += "/listener:" + plan->config.name + "/accepting/acceptors/acceptor:0";
  else if (!settings.children.empty())
    victim += "/" + settings.children.front().spec.id;
  return "coppice kill " + victim + admin_option(started);
}

} // namespace

std::string announcement(const host& started) {
  auto& settings = started.settings();
  auto result = first_line(started);
  if (settings.listener) {
    result += "\n  talk to it    " + how_to_talk(*started.listener());
    if (!settings.echoes_until.empty())
      result += "    (a line \"" + settings.echoes_until
                + "\" closes the connection)";
  }
  if (settings.admin)
    result += "\n  watch it      " + page_text(started)
              + "\n  see the tree  coppice tree" + admin_option(started)
              + "\n  break it      " + how_to_break(started);
  if (settings.access.allow_faults || !settings.faults.empty())
    result += "\n  faults        "
              + (settings.access.allow_faults
                   ? "coppice fault list"
                       + (settings.admin ? admin_option(started) : "")
                   : std::string{"of COPPICE_FAULTS"})
              + "    (seed " + std::to_string(started.rt()->faults.seed())
              + ")";
  return result;
}

} // namespace coppice
