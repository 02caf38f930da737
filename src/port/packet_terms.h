// SPDX-License-Identifier: Apache-2.0
//
// Terms of parsed packets (packet.h), the same for erlang:decode_packet/3 and for sockets.
#pragma once

#include <span>
#include <string_view>

#include "port/packet.h"
#include "term/heap_writer.h"
#include "term/term.h"

namespace vm::port {

class PacketTerms {
 public:
  // Strings become lists, or binaries: parts of `input` (whose bytes the parsed packet points into), or copies when there is none.
  PacketTerms(term::HeapWriter& h, bool as_binaries) : h_(h), as_binaries_(as_binaries) {}
  PacketTerms(term::HeapWriter& h, bool as_binaries, Term input, std::string_view bytes)
      : h_(h), as_binaries_(as_binaries), input_(input), bytes_(bytes) {}

  Term http(const HttpMessage& m) const;
  // {ssl_tls, Where, Type, {Major, Minor}, Data}
  static Term ssl(term::HeapWriter& h, Term where, const SslRecord& r, Term data);

 private:
  Term string(std::string_view s) const;
  Term uri(const HttpUri& u) const;

  term::HeapWriter& h_;
  bool as_binaries_;
  Term input_ = term::kNil;
  std::string_view bytes_;
};

}  // namespace vm::port
