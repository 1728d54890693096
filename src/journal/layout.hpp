// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "journal/sqlite.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>

/// What is in the file, for the code that writes it and the code that reads it.
namespace coppice::journal {

/// The layout of the file, its `user_version`. Another one gets another number.
constexpr std::int64_t layout = 1;

/// The program that made the file, its `application_id`: "copp". Files of
/// coppice 0.1 have none.
constexpr std::int64_t application = 0x636f7070;

/// The columns of an event, in the order in which they are read and written.
constexpr auto event_columns
  = "run, seq, wall_us, mono_ns, kind, path, incarnation, cause, reason, "
    "detail, decision";

/// Throws `store_failure` if it has another layout.
void check_layout(const database& db, const std::filesystem::path& file);

/// Throws `store_failure` if `file` is there and is no journal: `foreign` if it
/// is another program's database, `corrupt` if it is none. Changes nothing.
void check_origin(const std::filesystem::path& file);

/// Microseconds since 1970.
std::int64_t to_us(std::chrono::system_clock::time_point when);

} // namespace coppice::journal
