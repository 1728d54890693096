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

std::optional<std::string> mistake_in(const supervisor_def& def) {
  if (auto err = validate(def.flags))
    return "{supervisor_data," + render(*err, nullptr, def.flags) + "}";
  std::vector<child_spec> specs;
  for (auto& child : def.children)
    specs.push_back(child.spec);
  auto err = validate(specs, def.flags);
  if (!err)
    return {};
  if (err->code == "bad_start_spec")
    return bad_start_spec(def);
  std::set<std::string> seen;
  for (auto& spec : specs)
    if (validate(spec, def.flags.auto_shutdown) || !seen.insert(spec.id).second)
      return "{start_spec," + render(*err, &spec, def.flags) + "}";
  return {};
}

} // namespace coppice::lab
