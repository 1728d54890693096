// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/tap.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/runtime.hpp"
#include "lab/actor_world.hpp"
#include "lab/chronicle.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <map>
#include <string>
#include <utility>

namespace coppice::lab {

class actor_world::impl final : public actor::tap {
public:
  impl(std::shared_ptr<const scenario> plan,
       std::optional<std::uint64_t> shuffle);

  ~impl();

  void play(const step& what);

  void finish();

  const std::vector<moment>& moments() const noexcept {
    return chronicle_.moments();
  }

  std::vector<const actor::supervisor*> supervisors() const;

  bool lives(const actor::supervisor& sup,
             supervision::instance_id instance) const;

  // -- what supervisors do ----------------------------------------------------

  void on_command(const actor::supervisor& who,
                  const supervision::command& cmd) override;

  void on_unexpected(const actor::supervisor& who,
                     const caf::message& what) override;

  std::function<void(const actor::supervisor&, const supervision::command&,
                     supervision::time_point)>
    watcher;

private:
  struct supervisor_part {
    supervisor_record record;
    std::string parent; // "$parent" for the top one
    std::string info;   // to hand over once it is up
    caf::actor handle;
    std::map<supervision::instance_id, caf::actor> children = {};
    bool killed = false; // what it still does is not seen
  };

  struct entity {
    caf::actor handle;
    bool supervisor;
  };

  // -- the loop ---------------------------------------------------------------

  void settle();
  bool busy() const;
  void note(trace_event what);

  // -- steps ------------------------------------------------------------------

  template <class World>
  friend void perform(World& world, const step& what, bool during);

  void start_top();
  void ask(const step& what, bool during);
  void stop(const caf::actor& who, const step& what, bool during);
  void send_request(const step& what, const caf::actor& to);
  void send_request_by_handle(const step& what, const caf::actor& to);
  void tell_child(const step& what);
  void tell_supervisor(const step& what);
  const entity* find(const std::string& id, std::size_t n) const;
  const entity* find_supervisor(const std::string& id) const;
  supervisor_part& part_of(const caf::actor& sup);

  // -- starting ---------------------------------------------------------------

  std::vector<actor::child_spec>
  children_of(const std::shared_ptr<const supervisor_def>& def);
  actor::child_spec make_spec(std::shared_ptr<const child_def> def);
  actor::start_result start_child(const actor::start_args& args);
  actor::start_result start_worker(const actor::start_args& args,
                                   const attempt& what);
  actor::start_result start_nested(const actor::start_args& args,
                                   const attempt& what);
  actor::start_result start_fails(const actor::start_args& args,
                                  const attempt& what);
  caf::actor start_supervisor(std::shared_ptr<const supervisor_def> def,
                              label name, std::string parent, std::string info,
                              actor::supervisor_setup setup);
  void supervisor_up(supervisor_part& sup);
  void kill(const entity& who);
  void supervisor_stopped(supervisor_part& sup,
                          const supervision::exit_reason& reason);

  // -- member variables -------------------------------------------------------

  std::shared_ptr<const scenario> plan_;
  chronicle chronicle_;
  std::size_t step_ = 0;
  caf::actor_system_config config_;
  caf::actor_system system_;
  actor::virtual_time time_;
  actor::runtime_ptr rt_;
  std::map<caf::actor_id, supervisor_part> supervisors_;
  std::map<std::string, std::map<std::size_t, entity>> by_name_;
  // The attempt that the supervisor at work calls its start function for.
  std::optional<supervision::start_instance> starting_;
  std::optional<supervision::exit_reason> top_reason_;
};

} // namespace coppice::lab
