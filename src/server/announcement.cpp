// SPDX-License-Identifier: BSD-3-Clause

#include "server/announcement.hpp"

#include "server/host.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
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

// `https://`
std::string scheme_of(const std::string& url) {
  return url.substr(0, url.find("//") + 2);
}

// How this machine gets at the page.
std::string page_text(const host& started) {
  auto url = started.admin_url();
  auto& where = *started.settings().admin;
  if (where.is_unix())
    return "curl --unix-socket " + where.address() + " http://localhost/";
  return (where.any()
            ? scheme_of(url) + "127.0.0.1" + url.substr(url.rfind(':'))
            : url)
         + "/ in a browser";
}

// What the commands of coppice need to find this program.
std::string admin_option(const host& started) {
  auto url = started.admin_url();
  constexpr std::string_view scheme = "http://";
  auto authority = url.starts_with(scheme) ? url.substr(scheme.size()) : url;
  if (authority == default_admin)
    return "";
  auto& tls = started.settings().admin_tls;
  return " --admin " + authority
         + (tls ? " --admin-ca " + tls->certificates.front().file : "");
}

// Its acceptors and the like.
std::string shape(const listener_plan& plan) {
  auto n = plan.acceptors;
  return std::string{to_string(plan.config.topology)} + ", " + std::to_string(n)
         + (n == 1 ? " acceptor" : " acceptors")
         + (plan.config.tls ? ", TLS" : "");
}

std::string first_line(const host& started) {
  auto& settings = started.settings();
  std::string result = settings.program + ": ";
  auto n = settings.listeners.size();
  if (n == 0)
    result
      += (settings.title.empty() ? settings.root : settings.title) + " is up; ";
  else if (n > 1)
    result += std::to_string(n) + " listeners; ";
  else
    result += "listening on " + to_string(*started.listener()->local()) + " ("
              + settings.listeners.front().config.name + ", "
              + shape(settings.listeners.front()) + "); ";
  return result
         + (settings.admin ? "admin at " + started.admin_url()
                           : "admin is off");
}

// Where what is said about a word begins.
constexpr std::size_t column = 14;

// A line each if there are several.
std::string listener_lines(const host& started) {
  std::string result;
  if (started.settings().listeners.size() < 2)
    return result;
  for (auto& [plan, listener] : started.listeners()->members()) {
    auto name = plan.config.name;
    name.resize(std::max(name.size() + 1, column), ' ');
    result += "\n  " + name + to_string(*listener->local()) + " (" + shape(plan)
              + ")";
  }
  return result;
}

std::string how_to_break(const host& started) {
  auto& settings = started.settings();
  auto victim = settings.root;
  if (!settings.victim.empty())
    victim = settings.victim;
  else if (!settings.listeners.empty())
    victim += "/listener:" + settings.listeners.front().config.name
              + "/accepting/acceptors/acceptor:0";
  else if (!settings.children.empty())
    victim += "/" + settings.children.front().spec.id;
  return "coppice kill " + victim + admin_option(started);
}

} // namespace

std::string announcement(const host& started) {
  auto& settings = started.settings();
  auto result = first_line(started) + listener_lines(started);
  if (!settings.listeners.empty()) {
    result += "\n  talk to it    " + how_to_talk(*started.listener());
    auto& last_line = settings.listeners.front().echoes_until;
    if (!last_line.empty())
      result += "    (a line \"" + last_line + "\" closes the connection)";
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
