// SPDX-License-Identifier: BSD-3-Clause

#include "lab/validity.hpp"
#include "lab/term.hpp"

#include <set>
#include <vector>

namespace coppice::lab {

using namespace supervision;

namespace {

std::string bad_start_spec(const supervisor_def& def) {
  std::string specs;
  for (auto& child : def.children)
    specs += (specs.empty() ? "#{id => " : ",#{id => ") + atom(child.spec.id)
             + ",start => {'$m',start_worker,'$args'}}";
  return "{bad_start_spec,[" + specs + "]}";
}

} // namespace

expected<void, std::string> check(const supervisor_def& def) {
  if (auto flags = validate(def.flags); !flags)
    return unexpected{"{supervisor_data,"
                      + render(flags.error(), nullptr, def.flags) + "}"};
  std::vector<child_spec> specs;
  for (auto& child : def.children)
    specs.push_back(child.spec);
  auto checked = validate(specs, def.flags);
  if (checked)
    return {};
  auto& error = checked.error();
  if (error.code == "bad_start_spec")
    return unexpected{bad_start_spec(def)};
  std::set<std::string> seen;
  for (auto& spec : specs)
    if (!validate(spec, def.flags.auto_shutdown)
        || !seen.insert(spec.id).second)
      return unexpected{"{start_spec," + render(error, &spec, def.flags) + "}"};
  return {};
}

} // namespace coppice::lab
