// SPDX-License-Identifier: BSD-3-Clause

#include "admin/page.hpp"

#include "page_files.hpp"

#include <algorithm>
#include <iterator>

namespace coppice::admin {

namespace {

constexpr std::string_view prefix = "/page/";

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html"))
    return "text/html; charset=utf-8";
  if (name.ends_with(".css"))
    return "text/css; charset=utf-8";
  if (name.ends_with(".svg"))
    return "image/svg+xml";
  return "text/javascript; charset=utf-8";
}

} // namespace

std::optional<response> page_file(std::string_view path) {
  if (path != "/" && !path.starts_with(prefix))
    return {};
  auto name = path == "/" ? "index.html" : path.substr(prefix.size());
  auto found = std::find_if(std::begin(page_files), std::end(page_files),
                            [&](auto& each) { return each.name == name; });
  if (found == std::end(page_files))
    return {};
  // Names in the tree may come from strangers: nothing of another origin is
  // loaded, nothing inline is run, no other page may frame this one.
  return response{
    .body = std::string{found->text},
    .content_type = std::string{type_of(name)},
    .headers = {{"Cache-Control", "no-cache"},
                {"Content-Security-Policy",
                 "default-src 'self'; base-uri 'none'; form-action 'none'; "
                 "frame-ancestors 'none'"},
                {"X-Content-Type-Options", "nosniff"}}};
}

} // namespace coppice::admin
