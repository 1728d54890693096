#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Boost.Beast's HTTP parser with a body in chunks that ends in trailers, in Debian 12
# (libboost1.74-dev 1.74.0+ds1-21, Beast 300) and in sid (libboost1.92-dev 1.92.0-4+b1, Beast 361): the same
# program reads the same request without an error, and the trailers are gone with the newer one.
#
# Why: since Beast 359 (Boost 1.90) only a few well-known fields are taken, and of these the ones
# that the request's Trailer header announces; `merge_all_trailers(true)` takes all that are
# announced. A field that is not announced is dropped in any case, without an error code.
#
# Seen: "Beast 300: X-Checksum kept, Grpc-Status kept" and
# "Beast 361: X-Checksum dropped, Grpc-Status dropped; with merge_all_trailers: X-Checksum kept,
# Grpc-Status dropped". X-Checksum is announced, Grpc-Status is not.
#
# Needs apt-get, curl and g++. Ends with 0 while it is so, and with 1 if it has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq libboost1.74-dev=1.74.0+ds1-21 >log 2>&1
curl -fsSO 'https://deb.debian.org/debian/pool/main/b/boost1.92/libboost1.92-dev_1.92.0-4+b1_amd64.deb'
dpkg -x ./libboost1.74-dev_*.deb old
dpkg -x ./libboost1.92-dev_*.deb new

cat >trailers.cpp <<'END'
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/version.hpp>

#include <cstdio>
#include <string>

namespace http = boost::beast::http;

static const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nTrailer: X-Checksum\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
                                   "X-Checksum: 1\r\nGrpc-Status: 0\r\n\r\n";

static void read(http::request_parser<http::string_body>& parser) {
  parser.eager(true);
  boost::beast::error_code why;
  for (std::size_t at = 0; !parser.is_done() && at < request.size() && !why;)
    at += parser.put(boost::asio::buffer(request.data() + at, request.size() - at), why);
  auto& message = parser.get();
  if (why || message.body() != "abc")
    std::printf("an error: %s", why.message().c_str());
  for (auto* name : {"X-Checksum", "Grpc-Status"})
    std::printf("%s%s %s", name[0] == 'X' ? " " : ", ", name,
                message.find(name) != message.end() ? "kept" : "dropped");
}

int main() {
  std::printf("Beast %d:", BOOST_BEAST_VERSION);
  http::request_parser<http::string_body> parser;
  read(parser);
#if BOOST_BEAST_VERSION >= 359
  http::request_parser<http::string_body> all;
  all.merge_all_trailers(true);
  std::printf("; with merge_all_trailers:");
  read(all);
#endif
  std::printf("\n");
}
END

seen=''
for version in old new; do
  g++ -std=c++17 -I "$version/usr/include" trailers.cpp -o "$version.out" -pthread
  seen+=$(./"$version.out")$'\n'
done
printf %s "$seen"
[ "$seen" = 'Beast 300: X-Checksum kept, Grpc-Status kept
Beast 361: X-Checksum dropped, Grpc-Status dropped; with merge_all_trailers: X-Checksum kept, Grpc-Status dropped
' ]
