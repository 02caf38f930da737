// SPDX-License-Identifier: Apache-2.0
//
// Where packets end in a stream of bytes, and what is in an HTTP line. erlang:decode_packet/3 and sockets in packet modes use it.
//
// Pure functions on bytes; any thread. Lengths are limited to what fits a signed 32-bit integer, as programs expect of these formats.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/word.h"

namespace vm::port {

enum class PacketType { Raw, One, Two, Four, Asn1, SunRm, Cdr, Fcgi, Line, Tpkt, Http, HttpHeader, SslTls };

struct PacketLimits {
  std::uint32_t packet_size = 0;  // bytes; 0: no limit
  std::uint32_t line_length = 0;  // longer lines are cut; 0: never
  char line_delimiter = '\n';
};

// Whether the next HTTP line begins a message or belongs to its headers.
enum class HttpState { Start, Headers };

struct PacketLength {
  enum Kind { Known, More, Invalid } kind;
  std::size_t bytes = 0;  // of the whole packet with its header, if Known; there may be fewer in the input
};

// The length of the first packet of `input`. *state counts for PacketType::Http and is set to Headers by HttpHeader.
PacketLength packet_length(PacketType type, std::string_view input, const PacketLimits& limits, HttpState* state);
// What of a whole packet is its contents: without the length in front of it or padding behind it.
std::string_view packet_body(PacketType type, std::string_view packet);

struct HttpUri {
  enum class Kind { Star, AbsPath, Http, Https, Scheme, String } kind = Kind::String;
  std::string_view first;   // path, host, scheme, or all of it
  std::string_view second;  // path after the host, or what follows the scheme
  int port = 0;             // 0: none
};

struct HttpMessage {
  enum class Kind { Request, Response, Header, EndOfHeaders, Error } kind = Kind::Error;
  int major = 0, minor = 0, status = 0;
  int known = -1;          // index of the method or header in the lists below
  std::string_view text;   // method, phrase, header's name as it was written, or the whole line in error
  std::string name;        // header's name in capitals and small letters, unless it is long
  std::string_view value;  // of a header
  HttpUri uri;
};

// One line (for headers with its continuation lines) of a message, including the line's end.
HttpMessage parse_http(std::string_view packet, HttpState* state);

std::span<const std::string_view> http_methods();
std::span<const std::string_view> http_headers();

// A record of SSL or TLS; the first message of SSL version 2 is shown as one of version 3, whose handshake header is then `prefix`.
struct SslRecord {
  unsigned type, major, minor;
  std::string prefix;
  std::string_view data;
};
SslRecord parse_ssl(std::string_view packet);

}  // namespace vm::port
