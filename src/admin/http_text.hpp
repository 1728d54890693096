// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/http_reader.hpp"
#include "admin/request.hpp"
#include "admin/response.hpp"

#include <string>
#include <string_view>

/// Between HTTP's text and the API's requests and responses.
namespace coppice::admin {

/// What the API looks at, without a body. The target is a path, with or without
/// a query, `*`, or an absolute one, whose authority counts as the Host.
/// A target of another form has an empty path.
request to_request(const http_head& head);

/// What `%XX` stands for; a sequence that is none stays as it is. In a query,
/// `+` is a space.
std::string decode_percent(std::string_view text, bool in_query);

/// What becomes of the connection after an answer.
enum class after_answer { close, keep, keep_1_0 };

/// The bytes of an answer. Those of HEAD have no body, but its length.
std::string to_bytes(const response& what, after_answer then, bool head_only);

/// The head of an answer whose body ends with the connection or, in HTTP/1.1,
/// comes in chunks. `closes`: the connection ends after it in any case.
std::string stream_head(bool chunked, bool closes);

/// One chunk; `text` is not empty.
std::string to_chunk(std::string_view text);

} // namespace coppice::admin
