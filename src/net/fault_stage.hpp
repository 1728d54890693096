// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/point.hpp"
#include "net/fault_action.hpp"
#include "net/stage.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace coppice::net {

/// What two fault points do to the bytes of one connection: `net.recv` and
/// `net.send` to those on the wire, `tls.read` and `tls.write` to those that
/// TLS carries.
class fault_stage final : public stage {
public:
  fault_stage(stage& below, stage_host& host, const fault::point& in,
              const fault::point& out);

  ssize_t receive(std::span<char> into) override;

  ssize_t transmit(std::string_view data) override;

  bool takes_output() const noexcept override {
    return !out_.late && below().takes_output();
  }

  std::uint32_t interest(std::uint32_t wanted) const noexcept override;

  /// Lets no input pass before the delay is over.
  void hold_up_input(const lateness& delay) {
    hold_up(in_, delay);
  }

private:
  struct direction {
    bool late = false;        // nothing passes yet
    bool next_passes = false; // as it was late
  };

  ssize_t receive_with_fault(std::span<char> into,
                             const fault::decision& decision);
  ssize_t transmit_with_fault(std::string_view data,
                              const fault::decision& decision);
  ssize_t receive_lost(std::span<char> into);
  ssize_t receive_twice(std::span<char> into);
  ssize_t transmit_twice(std::string_view data);
  ssize_t fail(direction& way, int error);
  void hold_up(direction& way, const lateness& delay);
  void rest(direction& way);

  stage_host& host_;
  const fault::point& in_point_;
  const fault::point& out_point_;
  direction in_;
  direction out_;
};

} // namespace coppice::net
