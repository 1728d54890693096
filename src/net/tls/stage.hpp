// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/tls.hpp"
#include "net/stage.hpp"
#include "net/tls/context.hpp"

#include <openssl/bio.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace coppice::net {

/// Encrypts the bytes of one connection. Begins with the handshake; one that
/// fails has the connection refused.
///
/// The peer's input ends with its close_notify. One that ends the connection
/// without has it ended with `{shutdown, tls_truncated}`, since somebody else
/// may have cut it off.
class tls_stage final : public stage {
public:
  tls_stage(stage& below, stage_host& host, tls_context_ptr context);

  ~tls_stage() override;

  /// What was agreed on, once it is `ready`.
  const tls_info& info();

  /// The version that was agreed on, or `handshake`.
  std::string_view version() const noexcept;

  /// Whether an earlier session goes on, once it is `ready`.
  bool resumed() const noexcept;

  ssize_t receive(std::span<char> into) override;
  ssize_t transmit(std::string_view data) override;

  bool ready() const noexcept override {
    return shaken_ && below().ready();
  }

  int advance() override;
  bool has_input() const noexcept override;
  bool take_input_end() override;

  bool takes_output() const noexcept override {
    return shaken_ && held_.empty() && below().takes_output();
  }

  std::size_t held_bytes() const noexcept override {
    return held_.size() + below().held_bytes();
  }

  bool output_blocked() const noexcept override {
    return !held_.empty() || below().output_blocked();
  }

  std::uint32_t interest(std::uint32_t wanted) const noexcept override;
  void schedule() override;

  void ignore_input() noexcept override {
    ignores_input_ = true;
    below().ignore_input();
  }

  progress finish() override;

private:
  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* into, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static long bio_control(BIO* bio, int what, long number, void* pointer);

  template <class F>
  int call(F fn);

  ssize_t shake_hands();
  ssize_t failed(int result);
  void refuse(bool left);
  int send(std::string_view data);
  int send_held();

  stage_host& host_;
  tls_context_ptr context_;
  tls_context::session session_;
  std::unique_ptr<const tls_info> info_; // null: nobody has asked
  std::string held_; // encrypted; the stage below takes no more
  // What a stage below threw: it must not pass through OpenSSL.
  std::exception_ptr thrown_;
  int io_error_ = 0;   // of the stage below
  bool ended_ = false; // the input of the stage below
  bool shaken_ = false;
  bool dry_ = false;  // what has been read is no whole record
  bool over_ = false; // it was refused, or broken
  bool said_goodbye_ = false;
  bool ignores_input_ = false;
};

} // namespace coppice::net
