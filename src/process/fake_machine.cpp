// SPDX-License-Identifier: BSD-3-Clause

#include "process/fake_machine.hpp"

#include <signal.h>

#include <atomic>
#include <memory>
#include <utility>

namespace coppice::process {

namespace {

class fake_program final : public handle {
public:
  fake_program(order what, std::shared_ptr<observer> to)
      : order_(std::move(what)), to_(std::move(to)) {
    // nop
  }

  void begin(pid_t pid) {
    to_->started(pid);
    if (order_.what->ready.when == readiness::kind::exit)
      end(false, 0);
    else
      to_->ready();
  }

  void stop() override {
    asked_ = true;
    end(true, order_.what->stop_signal);
  }

  void kill(int) override {
    end(true, SIGKILL);
  }

  void signal(int) override {
    // nop
  }

private:
  void end(bool by_signal, int number) {
    auto to = std::exchange(to_, nullptr);
    if (!to)
      return;
    program_end how;
    how.by_signal = by_signal;
    how.number = number;
    how.asked_to_stop = asked_;
    to->ended(std::move(how));
  }

  order order_;
  std::shared_ptr<observer> to_;
  bool asked_ = false;
};

class fake_computer final : public machine {
public:
  std::shared_ptr<handle> start(order what,
                                std::shared_ptr<observer> to) override {
    auto result
      = std::make_shared<fake_program>(std::move(what), std::move(to));
    result->begin(++last_pid_);
    return result;
  }

private:
  std::atomic<pid_t> last_pid_ = 0;
};

} // namespace

machine& fake_machine() {
  static fake_computer result;
  return result;
}

} // namespace coppice::process
