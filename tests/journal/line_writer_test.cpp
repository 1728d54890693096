// SPDX-License-Identifier: BSD-3-Clause

#include "journal/line_writer.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace line_writer_test {

using namespace coppice::journal;
using namespace std::chrono_literals;

namespace {

class LineWriter : public testing::Test {
protected:
  LineWriter() {
    EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0);
    ::fcntl(ends_[1], F_SETPIPE_SZ, 4096);
  }

  ~LineWriter() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  int in() const {
    return ends_[1];
  }

  // Reads until there was `end`.
  std::string read_to(const std::string& end) const {
    std::string result;
    char byte;
    while (!result.ends_with(end) && ::read(ends_[0], &byte, 1) == 1)
      result += byte;
    return result;
  }

  static std::string told(std::uint64_t lines) {
    return std::to_string(lines) + " lost\n";
  }

private:
  int ends_[2];
};

// A file that may not grow beyond a limit. Of a process of its own.
class scarce_file {
public:
  explicit scarce_file(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_DFL);
    allow(bytes);
  }

  int fd() const {
    return ::fileno(file_);
  }

  static void allow(rlim_t bytes) {
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

  // Ends the process, as a success if this is so.
  [[noreturn]] void expect(line_writer& writer, const std::string& text,
                           std::uint64_t dropped) const {
    auto done = writer.flush(10s);
    std::string found(1000, '\0');
    auto size = ::pread(fd(), found.data(), found.size(), 0);
    found.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (done && found == text && writer.dropped() == dropped)
      std::_Exit(0);
    std::fprintf(stderr, "%s(dropped: %d)\n", found.c_str(),
                 static_cast<int>(writer.dropped()));
    std::_Exit(1);
  }

private:
  std::FILE* file_ = std::tmpfile();
};

} // namespace

// Each in a process of its own, which the signals of a write must not end. They
// come first, since TSan wants no threads before a fork.
TEST_F(LineWriter, SurvivesAPipeThatWasClosed) {
  auto write_to_nobody = [] {
    std::signal(SIGPIPE, SIG_DFL);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      std::_Exit(2);
    ::close(ends[0]);
    line_writer writer{ends[1], told};
    writer.write("one\n");
    std::_Exit(writer.flush(10s) && writer.dropped() == 1 ? 0 : 1);
  };

  EXPECT_EXIT(write_to_nobody(), testing::ExitedWithCode(0), "");
}

TEST_F(LineWriter, SurvivesAFileThatMayNotGrow) {
  auto write_too_much = [] {
    std::signal(SIGXFSZ, SIG_DFL);
    rlimit limit{4, 4};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto* file = std::tmpfile();
    line_writer writer{::fileno(file), told};
    writer.write("one\ntwo\n");
    std::_Exit(writer.flush(10s) && writer.dropped() == 2 ? 0 : 1);
  };

  EXPECT_EXIT(write_too_much(), testing::ExitedWithCode(0), "");
}

TEST_F(LineWriter, BeginsALineAfterOneThatWasCutOff) {
  auto write_with_less_room = [] {
    scarce_file file{6};
    line_writer writer{file.fd(), told};
    writer.write("one\ntwo\n");
    writer.flush(10s);
    file.allow(8); // for the end of the line, and a part of the next one
    writer.write("three\n");
    writer.flush(10s);
    file.allow(100);
    writer.write("four\n");
    file.expect(writer, "one\ntw\nt\nfour\n3 lost\n", 3);
  };

  EXPECT_EXIT(write_with_less_room(), testing::ExitedWithCode(0), "");
}

TEST_F(LineWriter, TellsAgainOfWhatWasLostIfThatCouldNotBeWritten) {
  auto write_with_less_room = [] {
    scarce_file file{0};
    line_writer writer{file.fd(), told};
    writer.write("one\ntwo\n");
    writer.flush(10s);
    file.allow(8); // for the line, and a part of what is told
    writer.write("three\n");
    writer.flush(10s);
    file.allow(100);
    writer.write("four\n");
    file.expect(writer, "three\n2 \nfour\n2 lost\n", 2);
  };

  EXPECT_EXIT(write_with_less_room(), testing::ExitedWithCode(0), "");
}

// Here, that is told without a line to go with it.
TEST_F(LineWriter, TellsAgainOfWhatDidNotFitIfThatCouldNotBeWritten) {
  auto write_with_less_room = [this] {
    scarce_file file{2};
    line_writer writer{in(), told, 10'000};
    std::string line(5000, 'x');
    writer.write(line + "\n");
    for (int there = 0; there < 4096;) // and the thread waits for a reader
      ::ioctl(in(), FIONREAD, &there);
    writer.write(std::string(20'000, 'y') + "\n");
    writer.write(std::string(20'000, 'y') + "\n");
    ::dup2(file.fd(), in()); // from the next write on
    if (read_to("\n") != line + "\n")
      std::_Exit(2);
    writer.flush(10s);
    file.allow(100);
    writer.write("four\n");
    file.expect(writer, "2 \nfour\n2 lost\n", 2);
  };

  EXPECT_EXIT(write_with_less_room(), testing::ExitedWithCode(0), "");
}

TEST_F(LineWriter, WritesLinesInTheirOrder) {
  line_writer writer{in(), told};

  writer.write("one\n");
  writer.write("two\n");

  EXPECT_EQ(read_to("two\n"), "one\ntwo\n");
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(writer.dropped(), 0U);
}

TEST_F(LineWriter, DropsAndCountsWhileNobodyReadsAndTellsOfItLater) {
  constexpr int many = 1000;
  const std::string line(99, 'x');
  line_writer writer{in(), told, 10'000};

  for (int count = 0; count < many; ++count)
    writer.write(line + "\n");

  EXPECT_FALSE(writer.flush(0ms));
  auto lost = writer.dropped();
  EXPECT_GT(lost, 0U);
  // It may be reported in parts, if its thread was late.
  auto kept = static_cast<std::uint64_t>(many) - lost;
  std::uint64_t lines = 0;
  std::uint64_t said = 0;
  while (lines < kept || said < lost) {
    auto text = read_to("\n");
    if (text.ends_with(" lost\n")) {
      said += std::stoull(text);
    } else {
      ASSERT_EQ(text, line + "\n");
      ++lines;
    }
  }
  EXPECT_EQ(lines, kept);
  EXPECT_EQ(said, lost);
}

TEST_F(LineWriter, IsLeftBehindByItsOwnerWhileNobodyReads) {
  {
    line_writer writer{in(), told};
    writer.write(std::string(100'000, 'x') + "\n");
  }

  EXPECT_EQ(read_to("\n").size(), 100'001U);
}

} // namespace line_writer_test
