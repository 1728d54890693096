// SPDX-License-Identifier: BSD-3-Clause

#include "process/event_thread.hpp"
#include "process/linux_program.hpp"
#include "process/machine.hpp"
#include "process/memory_kills.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <utility>

namespace coppice::process {

namespace {

class linux_computer final : public machine {
public:
  std::shared_ptr<handle> start(order what,
                                std::shared_ptr<observer> to) override {
    auto mark
      = std::to_string(::getpid()) + "." + std::to_string(++last_program_);
    auto key = std::pair{what.tree, what.path};
    auto result
      = std::make_shared<linux_program>(std::move(what), std::move(to), mark);
    event_thread::get().post([this, key = std::move(key), result] {
      note_memory_kills();
      auto& place = programs_[key];
      auto predecessor = place.lock();
      place = result;
      result->start_after(predecessor);
      if (programs_.size() > 2 * size_after_cleaning_ + 64)
        clean();
    });
    return result;
  }

private:
  // Of the event thread, as the members below.
  void clean() {
    std::erase_if(programs_, [](auto& each) { return each.second.expired(); });
    size_after_cleaning_ = programs_.size();
  }

  std::atomic<std::uint64_t> last_program_ = 0;
  std::map<std::pair<const void*, std::string>, std::weak_ptr<linux_program>>
    programs_;
  std::size_t size_after_cleaning_ = 0;
};

} // namespace

machine& linux_machine() {
  static auto& result = *new linux_computer;
  return result;
}

} // namespace coppice::process
