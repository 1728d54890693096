// SPDX-License-Identifier: BSD-3-Clause

#include "journal/recorder.hpp"

#include "journal_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace recorder_test {

using namespace coppice;
using namespace coppice::journal;
using namespace std::chrono_literals;

using observe::event;
using observe::event_kind;
using test::made;
using test::must;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using kind = recorder::news::kind;

namespace {

constexpr recorder::clock::time_point start{};

event numbered(std::uint64_t seq) {
  return made(seq, event_kind::notice, "top");
}

std::vector<std::uint64_t> numbers_in(const std::filesystem::path& file) {
  std::vector<std::uint64_t> result;
  for (auto& each : must(must(reader::open(file)).find({})))
    result.push_back(each.what.seq);
  return result;
}

std::vector<std::string> texts(const std::vector<recorder::news>& all) {
  std::vector<std::string> result;
  for (auto& each : all)
    result.push_back((each.what == kind::failed    ? "failed: "
                      : each.what == kind::resumed ? "resumed: "
                                                   : "replaced: ")
                     + each.text);
  return result;
}

std::vector<event> events_to(std::uint64_t last) {
  std::vector<event> result;
  for (std::uint64_t seq = 1; seq <= last; ++seq)
    result.push_back(numbered(seq));
  return result;
}

// What was moved aside in the folder of `file`.
std::vector<std::filesystem::path>
moved_aside(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> result;
  for (auto& each : std::filesystem::directory_iterator{file.parent_path()})
    if (each.path().string().find(".corrupt-") != std::string::npos)
      result.push_back(each.path());
  return result;
}

class Recorder : public ::testing::Test {
protected:
  std::vector<std::string> record(recorder& uut, std::uint64_t seq,
                                  recorder::clock::time_point now = start) {
    std::vector batch{numbered(seq)};
    return texts(uut.record(batch, now));
  }

  std::unique_ptr<test::open_reader> lock() const {
    return std::make_unique<test::open_reader>(file.path(), "BEGIN IMMEDIATE");
  }

  // Pages in the middle are damaged; the first one still looks well.
  void make_damaged_file() const {
    {
      recorder before{file.path(), {}};
      before.record(events_to(2000), start);
      before.finish();
    }
    test::overwrite(file.path(), 4096, 12 * 4096);
  }

  test::journal_file file;
};

// Has a recorder write an event, on a thread of its own, over and over until it
// is written: SQLite waits 300 ms for another process, and a test that is late
// for one try is in time for the next.
class trying {
public:
  trying(recorder& what, std::uint64_t seq)
      : thread_([this, &what, seq](const std::stop_token& end) {
          tid_ = ::gettid();
          tid_.notify_all();
          std::vector batch{numbered(seq)};
          what.record(batch, start);
          for (auto now = start + 1min;
               what.look().waiting > 0 && !end.stop_requested(); now += 1min)
            what.tend(now);
          over_.set_value();
        }) {
    // nop
  }

  const std::atomic<pid_t>& thread() const {
    return tid_;
  }

  void wait() {
    ASSERT_EQ(over_.get_future().wait_for(1min), std::future_status::ready);
  }

private:
  std::atomic<pid_t> tid_ = 0;
  std::promise<void> over_;
  std::jthread thread_; // last, since it uses the others
};

// By a link to a link, one of them relative, to a file that is not there.
class LinkedRecorder : public Recorder {
protected:
  LinkedRecorder() {
    auto between = file.folder() / "links" / "between";
    std::filesystem::create_directory(between.parent_path());
    std::filesystem::create_symlink("../state/journal.db", between);
    std::filesystem::create_symlink(between, link());
  }

  std::filesystem::path link() const {
    return file.folder() / "journal.db";
  }

  void make_file(const std::string& content = {}) const {
    std::filesystem::create_directory(file.path().parent_path());
    std::ofstream{file.path()} << content;
  }
};

} // namespace

TEST_F(Recorder, KeepsWhatItCannotWriteAndWritesItFirst) {
  recorder uut{file.path(), {}};
  EXPECT_THAT(record(uut, 1), IsEmpty());
  auto locked = lock();

  EXPECT_THAT(record(uut, 2),
              ElementsAre(AllOf(HasSubstr("failed: "), HasSubstr("locked"))));
  EXPECT_THAT(record(uut, 3), IsEmpty());
  EXPECT_EQ(uut.look().waiting, 2U);
  EXPECT_FALSE(uut.look().writes);
  locked.reset();
  EXPECT_THAT(record(uut, 4, start + 999ms), IsEmpty()); // not due
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1));

  EXPECT_THAT(texts(uut.tend(start + 1s)),
              ElementsAre("resumed: nothing is missing from it"));
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(uut.look().lost, 0U);
  EXPECT_TRUE(uut.look().writes);
}

TEST_F(Recorder, WaitsTwiceAsLongAfterEachTry) {
  auto in_the_way = file.folder() / "here";
  std::ofstream{in_the_way} << "no folder";
  recorder uut{in_the_way / "journal.db", {}};
  EXPECT_THAT(record(uut, 1), ElementsAre(HasSubstr("cannot create")));
  std::filesystem::remove(in_the_way);
  // Whether it is due shows in whether it can be written.
  EXPECT_THAT(uut.tend(start + 999ms), IsEmpty());
  std::ofstream{in_the_way} << "no folder";
  EXPECT_THAT(uut.tend(start + 1s), IsEmpty()); // said already
  std::filesystem::remove(in_the_way);
  EXPECT_THAT(uut.tend(start + 2s), IsEmpty());

  EXPECT_THAT(texts(uut.tend(start + 3s)),
              ElementsAre("resumed: nothing is missing from it"));
}

TEST_F(Recorder, CountsWhatIsLostAndSaysSo) {
  recorder uut{file.path(), {}, 2};
  EXPECT_THAT(record(uut, 1), IsEmpty());
  auto locked = lock();
  EXPECT_THAT(record(uut, 2), ElementsAre(HasSubstr("locked")));
  EXPECT_THAT(record(uut, 3), IsEmpty());

  EXPECT_THAT(record(uut, 4), ElementsAre(HasSubstr("the oldest are lost")));
  EXPECT_THAT(record(uut, 5), IsEmpty());
  EXPECT_EQ(uut.look().lost, 2U);
  locked.reset();

  EXPECT_THAT(texts(uut.tend(start + 1s)),
              ElementsAre("resumed: 2 events are missing from it"));
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1, 4, 5));
}

TEST_F(Recorder, TriesALastTimeAtItsEnd) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  auto locked = lock();
  record(uut, 2);
  locked.reset();

  EXPECT_THAT(texts(uut.finish()),
              ElementsAre("resumed: nothing is missing from it"));

  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1, 2));
}

TEST_F(Recorder, SaysWhatItCouldNotWriteAtItsEnd) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  auto locked = lock();
  record(uut, 2);

  EXPECT_THAT(texts(uut.finish()), ElementsAre(HasSubstr("1 event could not")));

  EXPECT_EQ(uut.look().lost, 1U);
  EXPECT_EQ(uut.look().waiting, 0U);
}

TEST_F(Recorder, BeginsANewFileIfItsOwnIsDeleted) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  for (auto* suffix : {"", "-wal", "-shm"})
    std::filesystem::remove(file.path().string() + suffix);

  auto told = texts(uut.tend(start + 1s));
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("replaced: "),
                                      HasSubstr("was deleted or replaced"))));
  EXPECT_THAT(record(uut, 2, start + 1s), IsEmpty());

  auto kept = must(must(reader::open(file.path())).find({}));
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].what.seq, 2U);
  EXPECT_EQ(kept[0].run, 1); // still the same one
}

TEST_F(Recorder, BeginsANewFileIfItsLogIsDeleted) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  std::filesystem::remove(file.path().string() + "-wal");

  EXPECT_THAT(texts(uut.tend(start + 1s)), ElementsAre(HasSubstr("deleted")));
  EXPECT_THAT(record(uut, 2, start + 1s), IsEmpty());

  EXPECT_EQ(numbers_in(file.path()).back(), 2U);
}

TEST_F(Recorder, LeavesAnotherOnesFileInItsPlace) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  std::filesystem::rename(file.path(), file.folder() / "moved");
  std::filesystem::rename(file.path().string() + "-wal",
                          file.folder() / "moved-wal");
  recorder other{file.path(), {}};
  record(other, 7);

  EXPECT_THAT(texts(uut.tend(start + 1s)), ElementsAre(HasSubstr("replaced")));
  record(uut, 2, start + 1s);
  record(other, 8, start + 1s);

  EXPECT_EQ(numbers_in(file.path()).size(), 3U);
}

// -- by a link ----------------------------------------------------------------

TEST_F(LinkedRecorder, MakesTheFileAndTheFolderThatAreMissing) {
  recorder uut{link(), {}};

  EXPECT_THAT(record(uut, 1), IsEmpty());

  EXPECT_TRUE(std::filesystem::is_symlink(link()));
  EXPECT_THAT(numbers_in(link()), ElementsAre(1));
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1));
}

TEST_F(LinkedRecorder, BeginsANewFileIfItsLogIsDeleted) {
  make_file();
  recorder uut{link(), {}};
  record(uut, 1);
  std::filesystem::remove(file.path().string() + "-wal");

  EXPECT_THAT(texts(uut.tend(start + 1s)), ElementsAre(HasSubstr("deleted")));
  EXPECT_THAT(record(uut, 2, start + 1s), IsEmpty());

  EXPECT_EQ(numbers_in(link()).back(), 2U);
}

TEST_F(LinkedRecorder, MovesTheDamagedFileAsideAndNotTheLink) {
  std::string noise(50'000, 'x');
  make_file(noise);
  std::ofstream{file.path().string() + "-wal"} << "log";
  recorder uut{link(), {}};

  EXPECT_THAT(record(uut, 1),
              ElementsAre(HasSubstr("/state/journal.db.corrupt-")));

  EXPECT_TRUE(std::filesystem::is_symlink(link()));
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1));
  std::vector<std::string> moved;
  for (auto& each : moved_aside(file.path()))
    moved.push_back(test::text_of(each));
  EXPECT_THAT(moved, testing::UnorderedElementsAre(noise, "log"));
}

TEST_F(LinkedRecorder, FollowsALinkThatLeadsElsewhere) {
  make_file();
  recorder uut{link(), {}};
  record(uut, 1);
  std::filesystem::remove(link());
  std::filesystem::create_symlink("other.db", link());

  EXPECT_THAT(texts(uut.tend(start + 1s)), ElementsAre(HasSubstr("replaced")));
  EXPECT_THAT(record(uut, 2, start + 1s), IsEmpty());

  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1));
  EXPECT_THAT(numbers_in(file.folder() / "other.db"), ElementsAre(2));
}

TEST_F(LinkedRecorder, SaysSoIfLinksLeadNowhere) {
  std::filesystem::remove(link());
  std::filesystem::create_symlink("journal.db", link());
  recorder uut{link(), {}};

  EXPECT_THAT(record(uut, 1),
              ElementsAre(AllOf(HasSubstr("failed: "),
                                HasSubstr("Too many levels of symbolic"))));
}

// -- and another one's --------------------------------------------------------

// Whose file is moved away, and who begins the next one, both are run 1.
TEST_F(Recorder, KeepsItsEventsThoughAnotherRunHasItsNumber) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  for (auto* suffix : {"", "-wal", "-shm"})
    std::filesystem::rename(file.path().string() + suffix,
                            file.folder() / (std::string{"moved"} + suffix));
  recorder other{file.path(), {}};
  std::vector<event> others{made(7, event_kind::notice, "other")};
  other.record(others, start);

  EXPECT_THAT(
    record(uut, 7, start + 1s),
    ElementsAre(AllOf(HasSubstr("replaced: "), HasSubstr("this is run 2"))));
  others = {made(8, event_kind::notice, "other")};
  EXPECT_THAT(other.record(others, start + 1s), IsEmpty());
  EXPECT_THAT(record(uut, 8, start + 1s), IsEmpty());

  auto from = must(reader::open(file.path()));
  std::vector<std::string> found;
  for (auto& each : must(from.find({})))
    found.push_back(std::to_string(each.run) + " "
                    + std::to_string(each.what.seq) + " " + each.what.path);
  EXPECT_THAT(found,
              ElementsAre("1 7 other", "1 8 other", "2 7 top", "2 8 top"));
}

TEST_F(Recorder, KeepsItsNumberInAFileThatIsPutBack) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  auto move = [&](const std::string& from, const std::string& to) {
    for (auto* suffix : {"", "-wal", "-shm"})
      if (std::filesystem::exists(from + suffix))
        std::filesystem::rename(from + suffix, to + suffix);
  };
  auto place = file.path().string();
  auto away = (file.folder() / "away").string();
  auto third = (file.folder() / "third").string();
  move(place, away);
  recorder other{file.path(), {}};
  record(other, 1);
  record(uut, 2, start + 1s); // as run 2
  move(place, third);
  move(away, place);

  record(uut, 3, start + 2s);

  auto from = must(reader::open(file.path()));
  auto found = must(from.find({}));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].what.seq, 3U);
  EXPECT_EQ(found[0].run, found[1].run);
}

TEST_F(Recorder, NamesWhoIsInTheWayOnceAnOutage) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  auto beside = must(writer::open(file.path(), {}));
  test::other_process locks{file.path(), "BEGIN IMMEDIATE"};
  auto name = "(process " + std::to_string(locks.pid()) + ")";

  EXPECT_THAT(record(uut, 2), ElementsAre(HasSubstr(name)));
  // Not at each try: it takes a look at all processes.
  std::vector batch{numbered(1)};
  auto done = beside.append(batch);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, trouble::in_use);
  EXPECT_THAT(done.error().text, testing::Not(HasSubstr("in use by")));
}

TEST_F(Recorder, WritesAgainWhatWentIntoAFileThatIsDeletedMeanwhile) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  // Keeps the recorder from writing when it has looked for its file.
  auto busy
    = std::make_unique<test::other_process>(file.path(), "BEGIN IMMEDIATE");
  {
    trying tries{uut, 2};
    test::wait_until_asleep(tries.thread());
    for (auto* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(file.path().string() + suffix);
    busy.reset();
    tries.wait();
  }

  EXPECT_THAT(numbers_in(file.path()), ElementsAre(2));
  EXPECT_EQ(uut.look().lost, 0U);
}

// Nobody looks at it meanwhile.
TEST_F(Recorder, SaysThatItsFileWasReplacedDuringAnOutage) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  auto folder = file.path().parent_path();
  std::filesystem::rename(folder, file.folder() / "moved");
  std::ofstream{folder} << "in the way";
  EXPECT_THAT(record(uut, 2), ElementsAre(HasSubstr("failed: ")));
  std::filesystem::remove(folder);

  EXPECT_THAT(texts(uut.tend(start + 1s)),
              ElementsAre(HasSubstr("was deleted or replaced"),
                          "resumed: nothing is missing from it"));
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(2));
}

// Both find the same noise; none may move away what the other has begun.
TEST_F(Recorder, ReplacesNoFileThatAnotherHasBegun) {
  for (int round = 0; round < 10; ++round) {
    test::journal_file here;
    std::filesystem::create_directory(here.path().parent_path());
    std::ofstream{here.path()} << std::string(100'000, 'x');
    std::barrier both{2};
    auto write = [&](std::uint64_t seq) {
      recorder uut{here.path(), {}};
      both.arrive_and_wait();
      for (auto now = start; uut.look().waiting > 0 || now == start;
           now += 1min)
        if (now == start)
          record(uut, seq, now);
        else
          uut.tend(now);
    };
    auto other = std::async(std::launch::async, [&] { write(1); });
    write(2);
    other.get();

    auto found = numbers_in(here.path());
    std::ranges::sort(found);
    ASSERT_THAT(found, ElementsAre(1, 2)) << "in round " << round;
    ASSERT_EQ(moved_aside(here.path()).size(), 1U) << "in round " << round;
  }
}

// Another process finds the damage, too, and is faster.
TEST_F(Recorder, ReplacesNoGoodFileForTheDamagedOneThatItFound) {
  auto good = file.folder() / "good.db";
  {
    recorder before{good, {}};
    record(before, 1);
    before.finish();
  }
  make_damaged_file();
  // Keeps the recorder from looking at it as soon as it has it open.
  auto busy = std::make_unique<test::other_process>(
    file.path(), "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  recorder uut{file.path(), {}};

  {
    trying tries{uut, 2};
    test::wait_until_open(file.path());
    std::filesystem::rename(file.path(), file.folder() / "moved");
    std::filesystem::rename(good, file.path());
    busy.reset();
    tries.wait();
  }

  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1, 2));
  EXPECT_THAT(moved_aside(file.path()), IsEmpty());
}

TEST_F(Recorder, MovesNoiseAsideAndBeginsANewFile) {
  std::filesystem::create_directory(file.path().parent_path());
  std::string noise;
  for (unsigned i = 0; i < 50'000; ++i)
    noise += static_cast<char>(i * i >> 3);
  std::ofstream{file.path()} << noise;
  recorder uut{file.path(), {}};

  auto told = record(uut, 1);

  EXPECT_THAT(
    told, ElementsAre(AllOf(HasSubstr("replaced: "), HasSubstr(".corrupt-"))));
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1));
  auto moved = moved_aside(file.path());
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(test::text_of(moved[0]), noise);
}

TEST_F(Recorder, MovesADamagedFileAside) {
  make_damaged_file();
  recorder uut{file.path(), {}};

  EXPECT_THAT(record(uut, 1), ElementsAre(HasSubstr(".corrupt-")));
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1));
}

TEST_F(Recorder, MovesAFileAsideThatIsDamagedWhileItWrites) {
  recorder uut{file.path(), {}};
  uut.record(events_to(5000), start);
  // Another's write, so that no connection trusts the pages that it knows.
  test::run_sql(file.path(), "DELETE FROM events WHERE seq = 1;"
                             "PRAGMA wal_checkpoint(TRUNCATE)");
  test::overwrite(file.path(), 4096,
                  std::filesystem::file_size(file.path()) - 4096);

  std::vector<std::string> told;
  for (std::uint64_t seq = 5001; seq <= 5200 && told.empty(); ++seq)
    told = record(uut, seq);

  EXPECT_THAT(told, ElementsAre(HasSubstr(".corrupt-")));
  EXPECT_THAT(numbers_in(file.path()), testing::Not(IsEmpty()));
}

TEST_F(Recorder, LeavesTheFileOfAnotherProgramAlone) {
  std::filesystem::create_directory(file.path().parent_path());
  test::run_sql(file.path(), "CREATE TABLE mine (x)");
  auto before = test::text_of(file.path());
  recorder uut{file.path(), {}};

  EXPECT_THAT(record(uut, 1), ElementsAre(AllOf(HasSubstr("failed: "),
                                                HasSubstr("another program"))));
  uut.finish();

  EXPECT_EQ(test::text_of(file.path()), before);
}

TEST_F(Recorder, LetsOthersWaitUntilAnEventIsKept) {
  recorder uut{file.path(), {}};
  auto kept = std::async(std::launch::async, [&] {
    uut.wait_until_kept(1, 1min);
    return numbers_in(file.path());
  });
  record(uut, 1);
  EXPECT_THAT(kept.get(), ElementsAre(1));

  // That may take for ever, and so it is not waited for.
  auto locked = lock();
  record(uut, 2);
  auto returned
    = std::async(std::launch::async, [&] { uut.wait_until_kept(2, 10min); });
  EXPECT_EQ(returned.wait_for(1min), std::future_status::ready);
  EXPECT_EQ(uut.look().waiting, 1U);
  EXPECT_THAT(numbers_in(file.path()), ElementsAre(1));
}

TEST_F(Recorder, LetsNobodyWaitForEventsThatNobodyTakes) {
  recorder uut{file.path(), {}};
  record(uut, 1);
  auto kept
    = std::async(std::launch::async, [&] { uut.wait_until_kept(2, 10min); });
  EXPECT_EQ(kept.wait_for(0ms), std::future_status::timeout);

  EXPECT_TRUE(uut.look().writes);

  uut.attended(false);

  EXPECT_FALSE(uut.look().writes);
  EXPECT_EQ(kept.wait_for(1min), std::future_status::ready);
}

} // namespace recorder_test
