// SPDX-License-Identifier: BSD-3-Clause

#pragma once

namespace coppice_test {

// AddressSanitizer keeps what is freed for a while, and looks for leaks at the
// end. g++ says by a macro that it is there, clang++ by a feature.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_address_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool under_address_sanitizer = true;
#else
inline constexpr bool under_address_sanitizer = false;
#endif
#else
inline constexpr bool under_address_sanitizer = false;
#endif

} // namespace coppice_test
