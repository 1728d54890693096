// SPDX-License-Identifier: BSD-3-Clause

#include "support/actor_fixture.hpp"

#include <caf/sec.hpp>

#include <stdexcept>

namespace exit_signal_test {

using namespace coppice;
using namespace coppice::actor;
using coppice::test::recorder;
using supervision::exit_reason;

namespace {

// Does what it is told by a word.
class probe : public caf::event_based_actor {
public:
  probe(caf::actor_config& cfg, recorder& log)
      : caf::event_based_actor(cfg), log_(log) {
    // nop
  }

  caf::behavior make_behavior() override {
    use_exception_text(*this);
    return {[this](const std::string& word) {
      log_.add(word);
      if (word.starts_with("throw "))
        throw std::runtime_error(word.substr(6));
    }};
  }

private:
  recorder& log_;
};

class trapping_probe : public probe {
public:
  trapping_probe(caf::actor_config& cfg, recorder& log)
      : probe(cfg, log), log_(log) {
    // nop
  }

  caf::behavior make_behavior() override {
    return trapping(
      *this,
      [this](caf::exit_msg& msg) {
        log_.add("exit " + to_string(to_reason(msg.reason)));
      },
      caf::message_handler{
        [this](const std::string& word) { log_.add(word); }});
  }

private:
  recorder& log_;
};

// Handles nothing before the gate is open.
class busy_probe : public probe {
public:
  busy_probe(caf::actor_config& cfg, recorder& log,
             std::shared_future<void> gate)
      : probe(cfg, log), gate_(std::move(gate)) {
    // nop
  }

  caf::behavior make_behavior() override {
    gate_.wait();
    return probe::make_behavior();
  }

private:
  std::shared_future<void> gate_;
};

class ExitSignal : public test::actor_fixture {
protected:
  recorder log;
  caf::actor worker = system.spawn<probe>(log);
};

} // namespace

TEST_F(ExitSignal, EndsItsReceiverWithExactlyItsReason) {
  for (auto& reason :
       {exit_reason::normal(), exit_reason::shutdown(),
        exit_reason::shutdown("x"), exit_reason::killed(),
        exit_reason::abnormal("boom"), exit_reason::abnormal("normal")}) {
    auto victim = system.spawn<probe>(log);
    signal_exit(victim, reason);
    auto seen = end_of(victim);
    EXPECT_EQ(seen, reason) << to_string(reason);
    EXPECT_EQ(seen.clean(), reason.clean());
  }
}

TEST_F(ExitSignal, KillIsSeenAsKilled) {
  signal_kill(worker);

  EXPECT_EQ(end_of(worker), exit_reason::killed());
}

TEST_F(ExitSignal, AnExceptionEndsWithItsText) {
  deliver(worker, std::string{"throw boom"});

  EXPECT_EQ(end_of(worker), exit_reason::abnormal("boom"));
}

TEST_F(ExitSignal, AnExceptionThatIsCalledNormalIsACrash) {
  deliver(worker, std::string{"throw normal"});

  EXPECT_FALSE(end_of(worker).clean());
}

TEST_F(ExitSignal, CafsOwnShutdownIsAShutdown) {
  deliver(worker, caf::exit_msg{{}, caf::exit_reason::user_shutdown});

  EXPECT_EQ(end_of(worker), exit_reason::shutdown());
}

// CAF trap: a plain exit message waits behind the whole mailbox.
TEST_F(ExitSignal, OvertakesTheBacklog) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  auto busy = system.spawn<busy_probe>(log, gate);
  for (auto word : {"first", "second", "third"})
    deliver(busy, std::string{word});
  signal_exit(busy, exit_reason::shutdown());
  go.set_value();

  EXPECT_EQ(end_of(busy), exit_reason::shutdown());
  EXPECT_LT(log.lines().size(), 3U);
}

TEST_F(ExitSignal, CanBeTrapped) {
  auto trapper = system.spawn<trapping_probe>(log);
  signal_exit(trapper, exit_reason::abnormal("boom"));
  signal_exit(trapper, exit_reason::killed());

  EXPECT_EQ(log.wait_for(2),
            (std::vector<std::string>{"exit boom", "exit killed"}));
  signal_kill(trapper);
  EXPECT_EQ(end_of(trapper), exit_reason::killed());
}

TEST_F(ExitSignal, ATrappedExitWaitsItsTurn) {
  auto trapper = system.spawn<trapping_probe>(log);
  deliver(trapper, std::string{"first"});
  signal_trapped_exit(trapper, exit_reason::shutdown(), nullptr);
  deliver(trapper, std::string{"last"});

  EXPECT_EQ(log.wait_for(3),
            (std::vector<std::string>{"first", "exit shutdown", "last"}));
  signal_kill(trapper);
}

// CAF trap: who watches a dead actor learns its true reason at once.
TEST_F(ExitSignal, TheReasonOfADeadActorCanStillBeLearnt) {
  signal_exit(worker, exit_reason::abnormal("boom"));
  end_of(worker);

  EXPECT_EQ(end_of(worker), exit_reason::abnormal("boom"));
}

} // namespace exit_signal_test
