// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "server/complaints.hpp"
#include "server/programs/program_keys.hpp"
#include "server/programs/surroundings.hpp"
#include "server/programs/table_section.hpp"
#include "server/programs/tree_file.hpp"
#include "server/programs/words.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace coppice::programs {

/// A program that was read.
struct program_path {
  std::string path; ///< `storage/redis`
  bool has_copies = false;
};

/// Reads `[defaults]`, and `[[child]]` with all below. Refers to what it is
/// made of.
class child_reader {
public:
  child_reader(complaints& wrong, const variables& values,
               const surroundings& where, std::string folder);

  /// To be called before `read`.
  void read_defaults(const table_section& from);

  /// The children in `list`. `above` is the path of their supervisor, with a
  /// slash at its end unless it is empty.
  std::vector<child> read(const toml_file::node& list, const std::string& above,
                          const supervision::flags& of_supervisor,
                          std::size_t level);

  const std::vector<program_path>& program_paths() const noexcept {
    return paths_;
  }

  /// Whether a child or the tree may be called so.
  static expected<void, std::string> check_name(const std::string& name);

private:
  child read_one(const toml_file::table& keys, std::uint32_t line,
                 const std::string& above, const supervision::flags& flags,
                 std::map<std::string, std::uint32_t>& ids, std::size_t level);
  void read_program(table_section& from, const std::string& path, child& into);
  void read_supervisor(table_section& from, const std::string& path,
                       const toml_file::node& below, std::size_t level,
                       child& into);
  void read_place(table_section& from, const supervision::flags& flags,
                  child& into);

  complaints& wrong_;
  const variables& values_;
  const surroundings& where_;
  std::string folder_;
  program_settings defaults_;
  std::vector<program_path> paths_;
};

/// Reads what holds for a supervisor as a whole.
void read_flags(table_section& from, supervision::flags& into);

/// Where keys belong that stand outside of all tables, …
std::vector<other_keys> misplaced_keys();

/// … and in `[tree]`.
std::vector<other_keys> keys_outside_tree();

} // namespace coppice::programs
