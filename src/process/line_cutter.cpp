// SPDX-License-Identifier: BSD-3-Clause

#include "process/line_cutter.hpp"

#include <algorithm>

namespace coppice::process {

void line_cutter::feed(std::string_view bytes, const take& fn) {
  while (!bytes.empty()) {
    auto end = bytes.find('\n');
    put(bytes.substr(0, end));
    begun_ = true;
    if (end == std::string_view::npos)
      return;
    give(fn);
    bytes.remove_prefix(end + 1);
  }
}

void line_cutter::finish(const take& fn) {
  if (begun_)
    give(fn);
}

void line_cutter::put(std::string_view part) {
  auto room = longest_ - line_.size();
  if (part.size() > room)
    cut_ = true;
  line_.append(part.substr(0, std::min(room, part.size())));
}

// A program that writes for a terminal ends its lines with CR LF.
void line_cutter::give(const take& fn) {
  if (cut_)
    line_ += mark;
  else if (!line_.empty() && line_.back() == '\r')
    line_.pop_back();
  fn(line_);
  line_.clear();
  begun_ = cut_ = false;
}

} // namespace coppice::process
