// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/tree_file.hpp"

#include "server/complaints.hpp"
#include "server/programs/child_reader.hpp"
#include "server/programs/table_section.hpp"
#include "server/programs/words.hpp"
#include "toml/document.hpp"

#include <algorithm>
#include <utility>

namespace coppice::programs {

namespace {

// What it is instead of TOML, if that can be seen; with the line.
std::optional<std::pair<std::uint32_t, std::string>>
something_else(std::string_view text) {
  struct sign {
    std::string_view begins;
    const char* what;
    const char* page;
  };
  constexpr sign signs[]
    = {{"services:", "docker-compose", "From docker-compose"},
       {"[program:", "supervisord", "From supervisord"}};
  for (std::uint32_t line = 1; !text.empty(); ++line) {
    auto end = text.find('\n');
    auto here = text.substr(0, end);
    for (auto& each : signs)
      if (here.starts_with(each.begins))
        return std::pair{line, "expected TOML; \"" + std::string{each.begins}
                                 + "\" looks like a " + each.what
                                 + " file, see \"" + each.page + "\""};
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return {};
}

class tree_parser {
public:
  tree_parser(const std::string& file, const surroundings& where)
      : values_(
        [&where](const std::string& name) { return where.variable(name); }),
        children_(wrong_, values_, where, folder_of(file)) {
    // nop
  }

  void read(const toml_file::table& document) {
    table_section top{document, 1, "", wrong_, values_};
    if (auto part = top.table("tree", "[tree]"))
      read_tree_keys(*part);
    if (auto part = top.table("defaults", "[defaults]"))
      children_.read_defaults(*part);
    if (auto* all = top.get("child"))
      result_.children = children_.read(*all, "", result_.flags, 1);
    else
      wrong_.emplace(1, "there is no [[child]]: nothing would run");
    top.finish(misplaced_keys());
    check_exit_code_from();
  }

  expected<tree, complaints> result() {
    if (wrong_.empty())
      return std::move(result_);
    return unexpected{std::move(wrong_)};
  }

private:
  static std::string folder_of(const std::string& file) {
    auto slash = file.rfind('/');
    return slash == file.npos ? "" : slash == 0 ? "/" : file.substr(0, slash);
  }

  void read_tree_keys(const table_section& from) {
    table_section part{from.keys(), from.line(), "[tree]: ", wrong_, values_};
    if (auto name = part.text("name")) {
      if (auto checked = child_reader::check_name(*name); !checked)
        part.refuse("name", checked.error());
      else if (*name == "helpers")
        part.refuse("name", "\"helpers\" is taken by coppice itself");
      else
        result_.name = *std::move(name);
    }
    read_flags(part, result_.flags);
    if (auto limit = part.time("stop_within")) {
      if (limit->count() == 0)
        part.refuse("stop_within", "it has to be more than 0");
      result_.stop_within = limit;
    }
    if (auto path = part.text("exit_code_from"))
      result_.exit_code_from = *std::move(path);
    exit_code_line_ = part.line_of("exit_code_from");
    part.finish(keys_outside_tree());
  }

  void check_exit_code_from() {
    auto& wanted = result_.exit_code_from;
    if (wanted.empty())
      return;
    auto complain = [&](const std::string& text) {
      wrong_.emplace(exit_code_line_, "[tree]: exit_code_from: " + text);
    };
    auto& names = children_.program_paths();
    auto found = std::ranges::find(names, wanted, &program_path::path);
    if (found == names.end()) {
      std::vector<std::string> all;
      for (auto& each : names)
        all.push_back(each.path);
      complain("there is no program \"" + wanted + "\"" + near(wanted, all));
    } else if (found->has_copies) {
      complain("\"" + wanted + "\" has copies, and one code is needed");
    }
  }

  complaints wrong_;
  variables values_;
  child_reader children_;
  tree result_;
  std::uint32_t exit_code_line_ = 1;
};

unexpected<std::vector<std::string>> only(std::uint32_t line, std::string text,
                                          const std::string& file) {
  return unexpected{in_lines({{line, std::move(text)}}, file)};
}

} // namespace

std::size_t count_programs(const std::vector<child>& all) {
  std::size_t result = 0;
  for (auto& each : all)
    result += each.program ? std::max<std::size_t>(each.copies, 1)
                           : count_programs(each.children);
  return result;
}

expected<tree, std::vector<std::string>> read_tree(std::string_view text,
                                                   const std::string& file,
                                                   const surroundings& where) {
  if (text.size() > most_bytes)
    return only(0, "has more than 1 MiB", file);
  auto document = toml_file::parse(text);
  if (!document) {
    if (auto seen = something_else(text))
      return only(seen->first, std::move(seen->second), file);
    return only(document.error().line, "no TOML: " + document.error().text,
                file);
  }
  tree_parser parser{file, where};
  parser.read(*document);
  auto result = parser.result();
  if (!result)
    return unexpected{in_lines(result.error(), file)};
  return std::move(*result);
}

expected<tree, std::vector<std::string>>
read_tree_file(const std::string& file, const surroundings& where) {
  auto text = content_of(file, most_bytes);
  if (!text)
    return only(0, text.error(), file);
  return read_tree(*text, file, where);
}

} // namespace coppice::programs
