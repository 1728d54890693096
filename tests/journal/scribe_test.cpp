// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/runtime.hpp"
#include "coppice/actor/system.hpp"
#include "journal/journal.hpp"

#include "journal_file.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace scribe_test {

using namespace coppice;
using namespace coppice::journal;
using namespace std::chrono_literals;

using observe::event_kind;
using test::must;
using testing::HasSubstr;

namespace {

caf::actor_system_config& prepared(caf::actor_system_config& config) {
  actor::register_types();
  return config;
}

class Scribe : public ::testing::Test {
protected:
  Scribe()
      : system_(prepared(config_)),
        rt_(std::make_shared<actor::runtime>(system_)) {
    // nop
  }

  // As many as the bus keeps, and `more`.
  void publish_too_many(std::uint64_t more) {
    for (std::uint64_t n = 0; n < 4096 + more; ++n)
      rt_->events.publish({.kind = event_kind::notice, .path = "top"});
  }

  std::vector<std::string> texts_in_file() const {
    std::vector<std::string> result;
    for (auto& each : must(must(reader::open(file_.path())).find({})))
      result.push_back(observe::describe(each.what));
    return result;
  }

  caf::actor_system_config config_;
  caf::actor_system system_;
  actor::runtime_ptr rt_;
  log_ptr log_ = std::make_shared<journal::log>();
  test::journal_file file_;
};

TEST_F(Scribe, SaysHowManyEventsWentBeforeItTookThem) {
  auto file = std::make_shared<recorder>(file_.path(), bounds{});
  scribe uut{rt_, log_, file};
  uut.served_by("coppice/journal");
  publish_too_many(904);

  uut.write(); // finds out
  uut.write(); // writes that

  EXPECT_EQ(file->look().lost, 904U);
  EXPECT_THAT(texts_in_file().back(),
              HasSubstr("coppice/journal was held up: 904 events went by"));
  uut.write();
  EXPECT_EQ(file->look().lost, 904U);
}

TEST_F(Scribe, SaysSoInTheLogIfThereIsNoFile) {
  testing::internal::CaptureStderr();
  scribe uut{rt_, log_, nullptr};
  log_->open(0);
  publish_too_many(1);

  uut.write();
  uut.write();
  log_->flush(20s);

  // The last line alone, since there are many.
  auto text = testing::internal::GetCapturedStderr();
  EXPECT_THAT(text.substr(text.rfind('\n', text.size() - 2) + 1),
              HasSubstr("1 event went by"));
}

// A disk that does not answer while there is one: a thread that opens a file of
// SQLite's waits.
class hanging_disk {
public:
  hanging_disk() : vfs_(*below()) {
    vfs_.zName = "hanging";
    vfs_.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file,
                    int flags, int* given) {
      waits_ = true;
      waits_.notify_all();
      hangs_.wait(true);
      return below()->xOpen(below(), name, file, flags, given);
    };
    hangs_ = true;
    sqlite3_vfs_register(&vfs_, 1);
  }

  ~hanging_disk() {
    sqlite3_vfs_unregister(&vfs_);
    recover();
  }

  hanging_disk(const hanging_disk&) = delete;
  hanging_disk& operator=(const hanging_disk&) = delete;

  // Returns once somebody waits.
  static void wait_for_somebody() {
    waits_.wait(false);
  }

  static void recover() {
    hangs_ = false;
    hangs_.notify_all();
  }

private:
  static sqlite3_vfs* below() {
    static auto* result = sqlite3_vfs_find(nullptr);
    return result;
  }

  static inline std::atomic<bool> waits_ = false;
  static inline std::atomic<bool> hangs_ = false;
  sqlite3_vfs vfs_;
};

template <class F>
bool eventually(F fn) {
  auto end = std::chrono::steady_clock::now() + 20s;
  while (!fn()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

TEST_F(Scribe, IsAttendedThoughAThreadWasLeftBehindByADisk) {
  hanging_disk disk; // first, since it outlives who has files on it
  auto file = std::make_shared<recorder>(file_.path(), bounds{});
  auto uut = std::make_shared<scribe>(rt_, log_, file);
  auto child = journal_child(uut);
  auto nobody = uut.use_count();
  caf::scoped_actor self{system_};
  auto start = [&] {
    return std::get<actor::running>(child.start({rt_, "top/journal", {}, 1}))
      .child;
  };
  auto end = [&](const caf::actor& who) {
    self->send_exit(who, caf::exit_reason::kill);
    self->wait_for(who);
  };
  auto first = start();
  disk.wait_for_somebody();
  auto kept = std::async(std::launch::async,
                         [&] { return file->wait_until_kept(1, 10min); });

  end(first);

  EXPECT_EQ(kept.wait_for(20s), std::future_status::ready)
    << "nobody writes any more";
  auto second = start();
  disk.recover();
  kept.get();
  // Each thread that writes has it, and so has the journal's child.
  ASSERT_TRUE(eventually([&] { return uut.use_count() == nobody + 1; }));
  EXPECT_TRUE(eventually([&] { return file->look().writes; }));
  end(second);
  EXPECT_FALSE(file->look().writes);
}

} // namespace

} // namespace scribe_test
