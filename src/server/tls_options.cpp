// SPDX-License-Identifier: BSD-3-Clause

#include "server/tls_options.hpp"

#include "server/duration_option.hpp"
#include "server/option_checks.hpp"

#include "net/tls/context.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace coppice {

namespace {

constexpr auto tls_group = "TLS";

// The option that says something about TLS, if one does; null: none.
const char* given(const tls_options& options) {
  return !options.keys.empty()                ? "--tls-key"
         : !options.oldest.empty()            ? "--tls-min"
         : !options.alpn.empty()              ? "--tls-alpn"
         : !options.client_ca.empty()         ? "--tls-client-ca"
         : !options.client.empty()            ? "--tls-client"
         : !options.handshake_timeout.empty() ? "--tls-handshake-timeout"
         : options.max_handshakes             ? "--tls-max-handshakes"
                                              : nullptr;
}

argument<void> set_certificates(const tls_options& options,
                                net::tls_settings& to) {
  if (options.certificates.empty() && options.keys.empty())
    return {};
  if (!options.keys.empty()
      && options.keys.size() != options.certificates.size())
    return wrong("--tls-key", "give one for each --tls-cert, in the same "
                              "order, or none if the keys are in the files of "
                              "the certificates");
  to.certificates.clear();
  for (std::size_t i = 0; i < options.certificates.size(); ++i)
    to.certificates.push_back(
      {options.certificates[i], options.keys.empty() ? "" : options.keys[i]});
  return {};
}

argument<void> set_clients(const tls_options& options, net::tls_settings& to) {
  using net::client_certificate;
  if (!options.client_ca.empty()) {
    to.client_ca_file = options.client_ca;
    to.client = client_certificate::required;
  }
  if (auto client = net::client_certificate_from(options.client))
    to.client = *client;
  if (to.client != client_certificate::off && to.client_ca_file.empty())
    return wrong("--tls-client", "whose certificates are valid? Give "
                                 "--tls-client-ca FILE, too");
  return {};
}

} // namespace

void add_options(CLI::App& cmd, tls_options& options) {
  using net::client_certificate;
  auto word
    = [](client_certificate value) { return std::string{to_string(value)}; };
  auto add = [&](const char* name, auto& into, const char* value,
                 const char* help) {
    return cmd.add_option(name, into, help)->group(tls_group)->type_name(value);
  };
  add("--tls-cert", options.certificates, "FILE",
      "speaks TLS, with this certificate and its chain (PEM); repeatable: "
      "clients get the one for the name that they ask for (SNI), or the first")
    ->take_all()
    ->allow_extra_args(false);
  add("--tls-key", options.keys, "FILE",
      "its private key (PEM); default: in the same file; repeatable, in the "
      "order of --tls-cert")
    ->take_all()
    ->allow_extra_args(false);
  add("--tls-min", options.oldest, "1.2|1.3",
      "the oldest version that is spoken; default: 1.2")
    ->check(one_of({"1.2", "1.3"}));
  add("--tls-alpn", options.alpn, "NAME",
      "an application protocol, such as h2; repeatable, the best one first; "
      "clients that offer others alone are refused")
    ->take_all()
    ->allow_extra_args(false);
  add("--tls-client-ca", options.client_ca, "FILE",
      "authorities (PEM) that certificates of clients come from");
  add("--tls-client", options.client, "off|optional|required",
      "whether a client has to show a certificate; default: required with "
      "--tls-client-ca, else off")
    ->check(
      one_of({word(client_certificate::off), word(client_certificate::optional),
              word(client_certificate::required)}));
  add("--tls-handshake-timeout", options.handshake_timeout, "TIME",
      "how long a handshake may take; default: 5s");
  add("--tls-max-handshakes", options.max_handshakes, "COUNT",
      "handshakes at a time; clients beyond are closed; default: 1000")
    ->check(numbers(1, 1'000'000));
}

argument<void> apply(const tls_options& options,
                     std::optional<net::tls_settings>& to) {
  if (!to && options.certificates.empty()) {
    if (auto* option = given(options))
      return wrong(option, "there is no TLS: give --tls-cert FILE, too");
    return {};
  }
  if (!to)
    to.emplace();
  if (auto set = set_certificates(options, *to); !set)
    return set;
  if (!options.oldest.empty())
    to->oldest = options.oldest == "1.3" ? net::tls_version::v1_3
                                         : net::tls_version::v1_2;
  for (auto& each : options.alpn)
    if (auto problem = net::problem_of_protocol(each); !problem.empty())
      return wrong("--tls-alpn", problem);
  if (!options.alpn.empty())
    to->alpn = options.alpn;
  if (auto set = set_clients(options, *to); !set)
    return set;
  if (!options.handshake_timeout.empty()) {
    auto timeout
      = time_limit_of("--tls-handshake-timeout", options.handshake_timeout);
    if (!timeout)
      return unexpected{std::move(timeout.error())};
    to->handshake_timeout = *timeout;
  }
  if (options.max_handshakes)
    to->max_handshakes = *options.max_handshakes;
  return {};
}

} // namespace coppice
