// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/network.hpp"

#include "fuzz.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace coppice::fuzz {

namespace {

using net::network;
using observe::peer_address;

// The first address of a network, by its text.
peer_address first_of(std::string_view text) {
  peer_address result;
  if (text == "unix") {
    result.family = peer_address::kind::unix_socket;
    return result;
  }
  std::string address{text.substr(0, text.find('/'))};
  auto v6 = address.find(':') != std::string::npos;
  result.family = v6 ? peer_address::kind::ipv6 : peer_address::kind::ipv4;
  demand(
    ::inet_pton(v6 ? AF_INET6 : AF_INET, address.c_str(), result.bytes.data())
      == 1,
    "what is written begins with an address");
  return result;
}

} // namespace

void try_input(std::string_view input) {
  // Memory of its own, for AddressSanitizer; it does not end with a zero.
  std::vector<char> text{input.begin(), input.end()};
  auto found = network::parse(text_of(text));
  if (!found) {
    demand(std::ranges::none_of(
             found.error(),
             [](char c) { return static_cast<unsigned char>(c) < ' '; }),
           "an error is one line");
    return;
  }
  auto written = to_string(*found);
  auto again = network::parse(written);
  demand(again && *again == *found, "what is written can be read");
  demand(to_string(*again) == written, "it is written in one way only");
  demand(found->contains(first_of(written)), "a network has its first address");
  demand(!found->contains(peer_address{}), "no network has unknown addresses");
}

} // namespace coppice::fuzz
