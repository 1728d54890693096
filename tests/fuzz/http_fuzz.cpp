// SPDX-License-Identifier: BSD-3-Clause

#include "admin/http_reader.hpp"
#include "admin/http_text.hpp"

#include "fuzz.hpp"

namespace coppice::fuzz {

namespace {

using admin::http_reader;
using stage = http_reader::stage;

constexpr admin::http_bounds bounds{256, 8, 64};

// What a reader made of a stream: its requests, and how it ended.
class story {
public:
  void feed(std::string_view bytes) {
    reader_.feed(bytes);
    for (;;) {
      switch (reader_.now()) {
      case stage::head:
        demand(reader_.buffered() <= bounds.head_bytes + bytes.size(),
               "a head is bounded");
        return;
      case stage::body:
        demand(reader_.buffered() <= bounds.head_bytes + bytes.size(),
               "what is not read of a body is bounded");
        return;
      case stage::failed:
        failed_ = true;
        demand(reader_.error().status >= 400 && reader_.error().status <= 505,
               "an error has a status");
        demand(reader_.buffered() == 0, "nothing is kept after an error");
        return;
      case stage::judging:
        judge();
        break;
      case stage::done: {
        auto body = reader_.take_body();
        demand(body.size() <= bounds.body_bytes, "a body is bounded");
        demand(reader_.head().chunked || body.size() == reader_.head().length,
               "a body has its length");
        told_ += "body " + body + "\n";
        reader_.next();
        break;
      }
      }
    }
  }

  const std::string& told() const {
    return told_;
  }

  bool failed() const {
    return failed_;
  }

private:
  void judge() {
    auto& head = reader_.head();
    demand(!head.method.empty() && !head.target.empty(),
           "a request has a method and a target");
    demand(head.fields.size() <= bounds.header_lines, "headers are bounded");
    demand(!head.chunked || (head.length == 0 && !head.version_1_0),
           "there is one way to read a body");
    told_ += head.method + " " + head.target + "\n";
    for (auto& [name, value] : head.fields) {
      demand(value.find_first_of("\r\n") == value.npos,
             "a header is on one line");
      told_ += name + "=" + value + "\n";
    }
    auto req = admin::to_request(head);
    demand(req.path.empty() || req.path.front() == '/' || req.path == "*",
           "a path is one");
    reader_.accept_body();
  }

  http_reader reader_{bounds};
  std::string told_;
  bool failed_ = false;
};

} // namespace

void try_input(std::string_view input) {
  auto bytes = cut(input);
  story whole;
  whole.feed(bytes.whole);
  story pieces;
  for (auto& each : bytes.pieces)
    pieces.feed(text_of(each));
  // A line of a chunk that is too long is seen only while it is not complete.
  demand(whole.told().starts_with(pieces.told())
           || pieces.told().starts_with(whole.told()),
         "requests are the same however they are cut");
  demand(whole.failed() || pieces.failed() || whole.told() == pieces.told(),
         "none is lost");
}

} // namespace coppice::fuzz
