// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_header.hpp"

#include "fuzz.hpp"

#include <algorithm>

namespace coppice::fuzz {

namespace {

using net::proxy_header;
using state = proxy_header::state;

// Memory of its own, for AddressSanitizer.
proxy_header read(std::string_view input) {
  std::vector<char> bytes{input.begin(), input.end()};
  return net::read_proxy_header(text_of(bytes));
}

bool same(const proxy_header& a, const proxy_header& b) {
  return a.what == b.what && a.size == b.size && a.info == b.info
         && a.problem == b.problem && a.missing == b.missing;
}

void check_prefixes(std::string_view input, const proxy_header& whole) {
  auto most = std::min(input.size(), net::max_proxy_header);
  auto step = most < 256 ? 1U : 7U;
  for (std::size_t n = 0; n < most; n += step) {
    auto prefix = read(input.substr(0, n));
    if (prefix.what != state::incomplete) {
      demand(same(prefix, whole), "what is certain stays so");
      continue;
    }
    demand(prefix.wanted > n, "what is incomplete wants more");
    demand(prefix.wanted <= net::max_proxy_header, "a header has an end");
    if (whole.what == state::complete)
      demand(n < whole.size && prefix.wanted <= whole.size,
             "no byte after the header is wanted");
  }
}

void check(const proxy_header& header, std::string_view input) {
  switch (header.what) {
  case state::incomplete:
    demand(input.size() < net::max_proxy_header, "a header has an end");
    return;
  case state::wrong:
    demand(!header.problem.empty(), "what is wrong has a reason");
    demand(std::ranges::all_of(header.problem,
                               [](char c) { return c >= ' ' && c <= '~'; }),
           "a reason is printable");
    return;
  case state::complete:
    break;
  }
  auto& info = header.info;
  demand(header.size <= input.size() && header.size <= net::max_proxy_header,
         "the header is in the bytes");
  demand(same(read(input.substr(0, header.size)), header),
         "bytes after the header make no difference");
  demand(same(read(std::string{input} + "\r\nP"), header),
         "more bytes make no difference");
  demand(info.version == (input.front() == 'P' ? 1 : 2), "the version is told");
  demand(info.source.has_value() == info.destination.has_value(),
         "there are both addresses or none");
  demand(!(info.local && info.source), "LOCAL has no addresses");
  demand(info.unique_id().size() <= 128, "a unique id is short");
  demand(info.find(0x04) == nullptr, "NOOP says nothing");
}

} // namespace

void try_input(std::string_view input) {
  auto header = read(input);
  check(header, input);
  check_prefixes(input, header);
}

} // namespace coppice::fuzz
