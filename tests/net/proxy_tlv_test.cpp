// SPDX-License-Identifier: BSD-3-Clause

#include "net/proxy_bytes.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace proxy_tlv_test {

using namespace coppice;
using namespace coppice::net;
using namespace coppice::proxy_bytes;
using namespace std::string_literals;

using state = proxy_header::state;

TEST(ProxyTlvs, AreKeptInOrderWithoutNoops) {
  auto header = read_proxy_header(v4(tlv(4, "") + tlv(1, "h2") + tlv(4, "\0\0"s)
                                     + tlv(0xE0, "a\0b"s) + tlv(1, "http/1.1")))
                  .info;

  std::vector<proxy_tlv> all = {{1, "h2"}, {0xE0, "a\0b"s}, {1, "http/1.1"}};
  EXPECT_EQ(header.tlvs, all);
  EXPECT_EQ(header.find(1), &header.tlvs[0].value);
  EXPECT_EQ(header.find(0xE0), &header.tlvs[1].value);
  EXPECT_EQ(header.find(4), nullptr);
}

TEST(ProxyTlvs, HaveNamesIfTheyAreWellKnown) {
  auto header = read_proxy_header(v4(tlv(5, std::string(128, 'u'))
                                     + tlv(2, "shop.example") + tlv(1, "h2")))
                  .info;
  EXPECT_EQ(header.alpn(), "h2");
  EXPECT_EQ(header.authority(), "shop.example");
  EXPECT_EQ(header.unique_id(), std::string(128, 'u'));

  header = read_proxy_header(v4("")).info;
  EXPECT_EQ(header.alpn(), "");
  EXPECT_EQ(header.authority(), "");
  EXPECT_EQ(header.unique_id(), "");
}

TEST(ProxyTlvs, MayBeAnEmptyUniqueId) {
  auto header = read_proxy_header(v4(tlv(5, "")));

  ASSERT_EQ(header.what, state::complete);
  ASSERT_NE(header.info.find(5), nullptr);
  EXPECT_EQ(header.info.unique_id(), "");
}

TEST(ProxyTlvs, ThatAreWrongHaveTheHeaderRefused) {
  const auto cut = "a TLV is cut off"s;
  expect_problems({
    {v4("\1"), cut},
    {v4("\1\0"s), cut},
    {v4("\1\0\1"s), cut},
    {v4("\1\xFF\xFF"), cut},
    {v4(tlv(1, "h2") + "\4"), cut},
    {v4(tlv(5, std::string(129, 'u'))),
     "the unique id is longer than 128 bytes"},
    {v4(tlv(3, "abc")), "the checksum is not 4 bytes long"},
    {v4(tlv(3, "")), "the checksum is not 4 bytes long"},
    {v4(tlv(3, "abcd")), "the checksum is wrong"},
    {with_checksum(v4("\3\0\4\0\0\0\0"s + tlv(3, "abcd"))),
     "the checksum is there twice"},
  });
}

TEST(ProxyTlvs, WithAChecksumHaveEachChangedBitRefused) {
  auto header = with_checksum(v4("\3\0\4\0\0\0\0"s + tlv(5, "")));
  ASSERT_EQ(read_proxy_header(header).what, state::complete);

  auto in_addresses = [](std::size_t i) { return i >= 16 && i < 28; };
  auto in_checksum = [](std::size_t i) { return i >= 31 && i < 35; };
  for (std::size_t i = 0; i < header.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      if (!in_addresses(i) && !in_checksum(i))
        continue;
      auto changed = header;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_EQ(read_proxy_header(changed).problem, "the checksum is wrong")
        << "byte " << i << ", bit " << bit;
    }
}

TEST(ProxyTlvs, OfHaproxyAreReadAsTheyAreSent) {
  auto header = with_checksum(signature + "\x21\x11\x00\x16"s + v4_block
                              + "\3\0\4\0\0\0\0\5\0\0"s);

  auto result = read_proxy_header(header);

  ASSERT_EQ(result.what, state::complete);
  EXPECT_EQ(result.size, 38u);
  EXPECT_EQ(to_string(result.info.source.value()), "192.0.2.7:6000");
  ASSERT_EQ(result.info.tlvs.size(), 2u);
  EXPECT_EQ(result.info.tlvs[0].type, 3);
  EXPECT_EQ(result.info.tlvs[1], (proxy_tlv{5, ""}));

  auto unix_client = read_proxy_header(signature + "\x20\0\0\0"s);
  EXPECT_EQ(unix_client.what, state::complete);
  EXPECT_EQ(unix_client.size, 16u);
  EXPECT_FALSE(unix_client.info.source);
}

} // namespace proxy_tlv_test
