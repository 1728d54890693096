// SPDX-License-Identifier: BSD-3-Clause

#include "server/proxy_options.hpp"

#include "server/duration_option.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace coppice {

namespace {

constexpr auto proxy_group = "PROXY protocol";

} // namespace

void add_options(CLI::App& cmd, proxy_options& options) {
  cmd
    .add_option(
      "--proxy-from", options.from,
      "connections from this network, 10.0.0.0/8 or unix, begin with "
      "a PROXY header (version 1 or 2), which is believed; repeatable")
    ->take_all()
    ->allow_extra_args(false)
    ->group(proxy_group)
    ->type_name("NETWORK");
  cmd
    .add_option("--proxy-timeout", options.timeout,
                "how long that header may take; default: 5s")
    ->group(proxy_group)
    ->type_name("TIME");
}

argument<void> apply(const proxy_options& options, net::proxy_settings& to) {
  if (!options.from.empty())
    to.from.clear();
  for (auto& each : options.from) {
    auto network = net::network::parse(each);
    if (!network)
      return wrong("--proxy-from", network.error());
    to.from.push_back(*network);
  }
  if (options.timeout.empty())
    return {};
  if (to.from.empty())
    return wrong("--proxy-timeout", "no proxy is believed: give --proxy-from "
                                    "NETWORK, too");
  auto timeout = time_limit_of("--proxy-timeout", options.timeout);
  if (!timeout)
    return unexpected{std::move(timeout.error())};
  to.timeout = *timeout;
  return {};
}

} // namespace coppice
