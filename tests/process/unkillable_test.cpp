// SPDX-License-Identifier: BSD-3-Clause

// A program that SIGKILL does not end: in a frozen control group of version 1.

#include "process_fixture.hpp"

#include <sys/stat.h>

#include <gmock/gmock.h>

namespace unkillable_test {

using namespace coppice;
using namespace std::chrono_literals;
using coppice::test::process_fixture;
using observe::event_kind;

namespace {

// A process in it stands still until it is thawed.
class freezer {
public:
  freezer()
      : folder_("/sys/fs/cgroup/freezer/coppice-test-"
                + std::to_string(::getpid())) {
    made_ = ::mkdir(folder_.c_str(), 0755) == 0;
  }

  ~freezer() {
    if (made_) {
      write("freezer.state", "THAWED");
      ::rmdir(folder_.c_str());
    }
  }

  freezer(const freezer&) = delete;
  freezer& operator=(const freezer&) = delete;

  bool works() const {
    return made_;
  }

  void freeze(pid_t pid) const {
    write("cgroup.procs", std::to_string(pid));
    write("freezer.state", "FROZEN");
  }

  void thaw() const {
    write("freezer.state", "THAWED");
  }

private:
  void write(const char* name, const std::string& text) const {
    std::ofstream{folder_ + "/" + name} << text;
  }

  std::string folder_;
  bool made_ = false;
};

using Unkillable = process_fixture;

TEST_F(Unkillable, ItsSlotIsFreeAfterTheGraceAndTheRestStops) {
  freezer box;
  if (!box.works())
    GTEST_SKIP() << "needs root and a freezer of version 1";
  ASSERT_TRUE(start(
    {child("a", program({"wait"})),
     child("b", program({"wait"}), supervision::restart::permanent, 100ms)},
    {.intensity = 10, .kill_grace = 200ms}));
  auto pid = next_pid(event_kind::child_started, "b");
  box.freeze(pid);

  stop();

  auto given_up = next(event_kind::unkillable, "b");
  ASSERT_TRUE(given_up);
  EXPECT_THAT(given_up->detail, ::testing::StartsWith(
                                  "pid " + std::to_string(pid) + ": state D"));
  EXPECT_EQ(next_reason(event_kind::child_stopped, "b"), "unkillable");
  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "shutdown");
  EXPECT_FALSE(is_gone(pid));
  box.thaw();
  EXPECT_TRUE(eventually([&] { return is_gone(pid); }));
}

} // namespace

} // namespace unkillable_test
