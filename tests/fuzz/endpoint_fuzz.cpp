// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/endpoint.hpp"

#include "fuzz.hpp"

#include <cstring>

namespace coppice::fuzz {

namespace {

using net::endpoint;

bool same(const endpoint& a, const endpoint& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

// `127.0.0.1:6000` and `[::1]:6000` without the port and the brackets.
std::string_view host_of(std::string_view text) {
  auto host = text.substr(0, text.rfind(':'));
  return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

// An IPv6 address without its brackets and its scope.
std::string_view bare(std::string_view address) {
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return address.substr(0, address.find('%'));
}

} // namespace

void try_input(std::string_view input) {
  constexpr std::uint16_t port = 6000;
  // Memory of its own, for AddressSanitizer; it does not end with a zero.
  std::vector<char> text{input.begin(), input.end()};
  auto ep = endpoint::parse(text_of(text), port);
  if (!ep)
    return;
  demand(input == "localhost"
           || bare(input).find_first_not_of("0123456789abcdefABCDEF:.")
                == std::string_view::npos,
         "an address is nothing but an address");
  demand(ep->port() == port, "the port is kept");
  demand(!(ep->loopback() && ep->any()), "no address is loopback and any");
  auto written = to_string(*ep);
  auto again = endpoint::parse(host_of(written), port);
  demand(again && same(*ep, *again), "what is written can be read");
  demand(to_string(*again) == written, "it is written in one way only");
}

} // namespace coppice::fuzz
