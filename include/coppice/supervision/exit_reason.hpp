// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <string>
#include <string_view>

namespace coppice::supervision {

/// Why a child ended, in OTP's terms.
///
/// `normal`, `shutdown` and `{shutdown, T}` are *clean*: a transient child that
/// ends so is not restarted. `killed` is what others see of a child that was
/// ended by a kill signal. Everything else is a crash and carries a text.
///
/// Source: OTP supervisor, restart types; OTP processes, exit signals.
class exit_reason {
public:
  enum class kind { normal, shutdown, killed, abnormal };

  /// Normal.
  exit_reason() = default;

  /// The child finished its work.
  static exit_reason normal();

  /// The child was asked to stop, or stopped in an orderly way. A non-empty
  /// `detail` makes it OTP's `{shutdown, detail}`.
  static exit_reason shutdown(std::string detail = {});

  /// The child was ended by a kill signal.
  static exit_reason killed();

  /// The child crashed; `text` says of what.
  static exit_reason abnormal(std::string text);

  /// Reads what `to_string` writes: `normal`, `shutdown`, `{shutdown,T}`,
  /// `killed`; any other text is abnormal.
  static exit_reason parse(std::string_view text);

  kind what() const noexcept {
    return kind_;
  }

  /// The detail of a shutdown or the text of a crash; else empty.
  const std::string& detail() const noexcept {
    return detail_;
  }

  /// Whether a transient child that ends so stays down.
  bool clean() const noexcept {
    return kind_ == kind::normal || kind_ == kind::shutdown;
  }

  /// Whether this is `shutdown` without a detail.
  bool plain_shutdown() const noexcept {
    return kind_ == kind::shutdown && detail_.empty();
  }

  friend bool operator==(const exit_reason&, const exit_reason&) = default;

private:
  exit_reason(kind what, std::string detail);

  kind kind_ = kind::normal;
  std::string detail_;
};

std::string to_string(const exit_reason& reason);

} // namespace coppice::supervision
