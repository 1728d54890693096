// SPDX-License-Identifier: BSD-3-Clause

#include "server/programs/tree_check.hpp"
#include "server/programs/tree_file.hpp"

#include "fuzz.hpp"

namespace coppice::fuzz {

namespace {

// A machine that has nothing but what every file may refer to.
class nowhere final : public programs::surroundings {
public:
  std::optional<std::string> variable(const std::string& name) const override {
    if (name == "A")
      return "a value";
    return {};
  }

  expected<std::string, std::string>
  content(const std::string& file) const override {
    return "# " + file + "\n\nX=1\nY='2'\n";
  }

  std::optional<std::uint32_t> user(const std::string& name) const override {
    if (name == "nobody")
      return 65'534;
    return {};
  }

  std::uint32_t own_user() const override {
    return 0;
  }

  expected<void, std::string> folder(const std::string&) const override {
    return {};
  }

  expected<void, std::string> program(const std::string& name,
                                      const std::string&,
                                      const std::string&) const override {
    demand(!name.empty(), "a program has a name");
    return {};
  }
};

void look_at(const programs::child& what) {
  demand(!what.spec.id.empty(), "a child has an id");
  demand(what.program.has_value() == what.children.empty(),
         "it is a program, or has children");
  if (what.program)
    demand(!what.program->command.empty()
             && !what.program->command.front().empty(),
           "a program has a command");
  for (auto& each : what.children)
    look_at(each);
}

} // namespace

void try_input(std::string_view input) {
  nowhere where;
  auto result = programs::read_tree(input, "t.toml", where);
  if (!result) {
    demand(!result.error().empty(), "an error says why");
    for (auto& each : result.error())
      demand(each.starts_with("t.toml:"), "each names the file");
    return;
  }
  demand(!result->children.empty(), "a tree has children");
  for (auto& each : result->children)
    look_at(each);
  demand(programs::missing(*result, "t.toml", where).empty(),
         "nothing is missing");
  demand(!programs::described(*result).empty(), "it can be described");
}

} // namespace coppice::fuzz
