// SPDX-License-Identifier: Apache-2.0
#include "port/packet.h"

#include <limits>

namespace vm::port {

namespace {

constexpr PacketLength kMore{PacketLength::More, 0};
constexpr PacketLength kInvalid{PacketLength::Invalid, 0};

std::uint32_t byte_at(std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

// `n` bytes from `at`, the most significant one first.
std::uint32_t big_endian(std::string_view s, std::size_t at, std::size_t n) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < n; i++) v = v << 8 | byte_at(s, at + i);
  return v;
}

PacketLength known(std::size_t bytes) { return {PacketLength::Known, bytes}; }

PacketLength with_header(std::size_t header, std::uint32_t contents, const PacketLimits& limits) {
  if (limits.packet_size != 0 && contents > limits.packet_size) return kInvalid;
  if (header + contents > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) return kInvalid;
  return known(header + contents);
}

PacketLength counted(std::string_view s, std::size_t header, std::uint32_t mask, const PacketLimits& limits) {
  if (s.size() < header) return kMore;
  return with_header(header, big_endian(s, 0, header) & mask, limits);
}

PacketLength line(std::string_view s, const PacketLimits& limits) {
  std::size_t end = s.find(limits.line_delimiter);
  bool complete = end != std::string_view::npos;
  std::size_t length = complete ? end + 1 : s.size();
  if (limits.packet_size != 0 && length > limits.packet_size) return kInvalid;
  bool cut = limits.line_length != 0 && (complete ? length > limits.line_length : length >= limits.line_length);
  if (cut) return known(limits.line_length);
  return complete ? known(length) : kMore;
}

// A tag of one or several bytes, then a length of one byte, or of as many as the first one says.
PacketLength asn1(std::string_view s, const PacketLimits& limits) {
  if (s.size() < 2) return kMore;
  std::size_t at = 1;
  std::size_t left = s.size() - 1;
  if ((byte_at(s, 0) & 0x1F) == 0x1F) {
    while (left != 0 && (byte_at(s, at) & 0x80) != 0) at++, left--;
    if (left < 2) return kMore;
    at++, left--;
  }
  std::uint32_t first = byte_at(s, at++);
  left--;
  if ((first & 0x80) == 0) return with_header(at, first, limits);
  std::size_t n = first & 0x7F;
  if (left < n) return kMore;
  if (n > 4) return kInvalid;
  return with_header(at + n, big_endian(s, at, n), limits);
}

PacketLength cdr(std::string_view s, const PacketLimits& limits) {
  constexpr std::size_t kHeader = 12, kFlags = 6, kSize = 8;
  if (s.size() < kHeader) return kMore;
  if (s.substr(0, 4) != "GIOP") return kInvalid;
  std::uint32_t size = big_endian(s, kSize, 4);
  if (byte_at(s, kFlags) & 1) size = __builtin_bswap32(size);
  return with_header(kHeader, size, limits);
}

constexpr std::size_t kFcgiPadding = 6;

PacketLength fcgi(std::string_view s, const PacketLimits& limits) {
  constexpr std::size_t kHeader = 8, kSize = 4;
  constexpr std::uint32_t kVersion = 1;
  if (s.size() < kHeader) return kMore;
  if (byte_at(s, 0) != kVersion) return kInvalid;
  return with_header(kHeader, big_endian(s, kSize, 2) + byte_at(s, kFcgiPadding), limits);
}

PacketLength tpkt(std::string_view s, const PacketLimits& limits) {
  constexpr std::size_t kHeader = 4;
  constexpr std::uint32_t kVersion = 3;
  if (s.size() < kHeader) return kMore;
  std::uint32_t whole = big_endian(s, 2, 2);
  if (byte_at(s, 0) != kVersion || whole < kHeader) return kInvalid;
  return with_header(kHeader, whole - kHeader, limits);
}

bool is_ssl2_hello(std::string_view s) { return (byte_at(s, 0) & 0x80) != 0 && byte_at(s, 2) == 1; }

PacketLength ssl_tls(std::string_view s, const PacketLimits& limits) {
  constexpr std::size_t kHeader = 5;
  if (s.size() < kHeader) return kMore;
  if (!is_ssl2_hello(s)) return with_header(kHeader, big_endian(s, 3, 2), limits);
  std::uint32_t size = big_endian(s, 0, 2) & 0x7FFF;
  return size < 3 ? kInvalid : with_header(kHeader, size - 3, limits);
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// A start line, or a header with the lines that continue it; whether one does is known only when the byte behind the line is there.
PacketLength http(std::string_view s, const PacketLimits& limits, HttpState state) {
  if (s == "\n" || s == "\r\n") return known(s.size());
  // line_length was the way to limit lines before packet_size counted for them.
  std::size_t max = limits.packet_size != 0 ? limits.packet_size : limits.line_length;
  for (std::size_t from = 0;;) {
    std::size_t end = s.find('\n', from);
    if (end == std::string_view::npos) return max != 0 && s.size() >= max ? kInvalid : kMore;
    std::size_t length = end + 1;
    if (state == HttpState::Headers && length < s.size() && is_blank(s[length]) && length > 2) {
      from = length;
      continue;
    }
    if (max != 0 && length > max) return kInvalid;
    return state == HttpState::Headers && length == s.size() ? kMore : known(length);
  }
}

// --- HTTP -------------------------------------------------------------------------------------------------------------
constexpr std::string_view kMethods[] = {"OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE"};

constexpr std::string_view kHeaders[] = {"Cache-Control",
                                         "Connection",
                                         "Date",
                                         "Pragma",
                                         "Transfer-Encoding",
                                         "Upgrade",
                                         "Via",
                                         "Accept",
                                         "Accept-Charset",
                                         "Accept-Encoding",
                                         "Accept-Language",
                                         "Authorization",
                                         "From",
                                         "Host",
                                         "If-Modified-Since",
                                         "If-Match",
                                         "If-None-Match",
                                         "If-Range",
                                         "If-Unmodified-Since",
                                         "Max-Forwards",
                                         "Proxy-Authorization",
                                         "Range",
                                         "Referer",
                                         "User-Agent",
                                         "Age",
                                         "Location",
                                         "Proxy-Authenticate",
                                         "Public",
                                         "Retry-After",
                                         "Server",
                                         "Vary",
                                         "Warning",
                                         "Www-Authenticate",
                                         "Allow",
                                         "Content-Base",
                                         "Content-Encoding",
                                         "Content-Language",
                                         "Content-Length",
                                         "Content-Location",
                                         "Content-Md5",
                                         "Content-Range",
                                         "Content-Type",
                                         "Etag",
                                         "Expires",
                                         "Last-Modified",
                                         "Accept-Ranges",
                                         "Set-Cookie",
                                         "Set-Cookie2",
                                         "X-Forwarded-For",
                                         "Cookie",
                                         "Keep-Alive",
                                         "Proxy-Connection"};

int index_of(std::span<const std::string_view> names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); i++)
    if (names[i] == name) return static_cast<int>(i);
  return -1;
}

// Bytes that a method or a header's name may consist of.
bool is_token(char c) {
  constexpr std::string_view kSpecial = "()<>@,;:\\\"/[]?={}";
  return c > 32 && kSpecial.find(c) == std::string_view::npos;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A place in a line that moves on.
class Cursor {
 public:
  explicit Cursor(std::string_view s) : s_(s) {}
  bool at_end() const { return s_.empty(); }
  char peek() const { return s_.front(); }
  std::string_view rest() const { return s_; }
  void skip(std::size_t n) { s_.remove_prefix(n); }
  template <typename Test>
  std::string_view take_while(Test&& test) {
    std::size_t n = 0;
    while (n < s_.size() && test(s_[n])) n++;
    std::string_view taken = s_.substr(0, n);
    s_.remove_prefix(n);
    return taken;
  }
  // False without a digit.
  bool number(int* out) {
    std::uint32_t v = 0;
    std::string_view digits = take_while(is_digit);
    for (char c : digits) v = v * 10 + static_cast<std::uint32_t>(c - '0');
    *out = static_cast<int>(v);
    return !digits.empty();
  }
  bool version(int* major, int* minor) {
    if (!number(major) || at_end() || peek() != '.') return false;
    skip(1);
    return number(minor);
  }

 private:
  std::string_view s_;
};

bool parse_status_line(std::string_view line, HttpMessage* m) {
  Cursor at(line);
  at.skip(5);  // "HTTP/"
  if (!at.version(&m->major, &m->minor) || at.take_while(is_blank).empty()) return false;
  at.number(&m->status);
  if (at.take_while(is_blank).empty() && !at.at_end()) return false;
  m->kind = HttpMessage::Kind::Response;
  m->text = at.rest();
  return true;
}

bool has_prefix_any_case(std::string_view s, std::string_view prefix) {
  if (s.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); i++) {
    char c = s[i] >= 'A' && s[i] <= 'Z' ? static_cast<char>(s[i] + 32) : s[i];
    if (c != prefix[i]) return false;
  }
  return true;
}

// Host, port and path of what follows "http://".
void parse_absolute_uri(std::string_view s, HttpUri* uri) {
  std::size_t slash = s.find('/');
  uri->second = slash == std::string_view::npos ? "/" : s.substr(slash);
  std::string_view host = s.substr(0, slash);
  std::size_t colon = host.find(':');
  uri->first = host.substr(0, colon);
  if (colon == std::string_view::npos) return;
  Cursor at(host.substr(colon + 1));
  int port = 0;
  if (at.number(&port) && at.at_end()) uri->port = port;
}

HttpUri parse_uri(std::string_view s) {
  HttpUri uri;
  uri.first = s;
  if (s == "*") {
    uri.kind = HttpUri::Kind::Star;
  } else if (s.size() <= 1 || s[0] == '/') {
    uri.kind = HttpUri::Kind::AbsPath;
  } else if (has_prefix_any_case(s, "http://")) {
    uri.kind = HttpUri::Kind::Http;
    parse_absolute_uri(s.substr(7), &uri);
  } else if (has_prefix_any_case(s, "https://")) {
    uri.kind = HttpUri::Kind::Https;
    parse_absolute_uri(s.substr(8), &uri);
  } else if (std::size_t colon = s.find(':'); colon != std::string_view::npos) {
    uri.kind = HttpUri::Kind::Scheme;
    uri.first = s.substr(0, colon);
    uri.second = s.substr(colon + 1);
  }
  return uri;
}

bool parse_request_line(std::string_view line, HttpMessage* m) {
  constexpr std::size_t kShortestVersion = 8;  // "HTTP/1.1"
  Cursor at(line);
  m->text = at.take_while(is_token);
  if (m->text.empty() || at.take_while(is_blank).empty()) return false;
  m->known = index_of(kMethods, m->text);
  std::string_view uri = at.take_while([](char c) { return !is_blank(c); });
  if (uri.empty()) return false;
  at.take_while(is_blank);
  if (at.at_end()) {
    m->major = 0, m->minor = 9;
  } else {
    if (at.rest().size() < kShortestVersion || at.rest().substr(0, 5) != "HTTP/") return false;
    at.skip(5);
    if (!at.version(&m->major, &m->minor)) return false;
  }
  m->kind = HttpMessage::Kind::Request;
  m->uri = parse_uri(uri);
  return true;
}

// A first letter and those after hyphens large, all others small.
std::string capitalized(std::string_view s) {
  std::string out(s);
  bool up = true;
  for (char& c : out) {
    if (up) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
      up = false;
    } else if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c + 32);
    } else if (c == '-') {
      up = true;
    }
  }
  return out;
}

bool parse_header(std::string_view line, HttpMessage* m) {
  constexpr std::size_t kLongestAdjusted = 50;
  Cursor at(line);
  m->text = at.take_while(is_token);
  if (at.at_end() || at.peek() != ':') return false;
  at.skip(1);
  if (m->text.size() <= kLongestAdjusted) {
    m->name = capitalized(m->text);
    m->known = index_of(kHeaders, m->name);
  } else {
    m->name = m->text;
  }
  at.take_while(is_blank);
  m->value = at.rest();
  m->kind = HttpMessage::Kind::Header;
  return true;
}

}  // namespace

PacketLength packet_length(PacketType type, std::string_view s, const PacketLimits& limits, HttpState* state) {
  switch (type) {
    case PacketType::Raw: return s.empty() ? kMore : known(s.size());
    case PacketType::One: return counted(s, 1, 0xFF, limits);
    case PacketType::Two: return counted(s, 2, 0xFFFF, limits);
    case PacketType::Four: return counted(s, 4, 0xFFFFFFFF, limits);
    case PacketType::SunRm: return counted(s, 4, 0x7FFFFFFF, limits);  // the first bit tells a record's last fragment
    case PacketType::Line: return line(s, limits);
    case PacketType::Asn1: return asn1(s, limits);
    case PacketType::Cdr: return cdr(s, limits);
    case PacketType::Fcgi: return fcgi(s, limits);
    case PacketType::Tpkt: return tpkt(s, limits);
    case PacketType::SslTls: return ssl_tls(s, limits);
    case PacketType::HttpHeader: *state = HttpState::Headers; [[fallthrough]];
    case PacketType::Http: return http(s, limits, *state);
  }
  return kInvalid;
}

std::string_view packet_body(PacketType type, std::string_view packet) {
  switch (type) {
    case PacketType::One: return packet.substr(1);
    case PacketType::Two: return packet.substr(2);
    case PacketType::Four: return packet.substr(4);
    case PacketType::Fcgi: return packet.substr(0, packet.size() - byte_at(packet, kFcgiPadding));
    default: return packet;
  }
}

HttpMessage parse_http(std::string_view packet, HttpState* state) {
  std::string_view line = packet;
  if (line.size() >= 2 && line[line.size() - 2] == '\r') line.remove_suffix(2);
  else if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  HttpMessage m;
  bool good;
  if (*state == HttpState::Start) {
    good = line.substr(0, 5) == "HTTP/" ? parse_status_line(line, &m) : parse_request_line(line, &m);
    if (good) *state = HttpState::Headers;
  } else if (line.empty()) {
    m.kind = HttpMessage::Kind::EndOfHeaders;
    *state = HttpState::Start;
    good = true;
  } else {
    good = parse_header(line, &m);
  }
  if (!good) {
    m.kind = HttpMessage::Kind::Error;
    m.text = packet;
  }
  return m;
}

std::span<const std::string_view> http_methods() { return kMethods; }
std::span<const std::string_view> http_headers() { return kHeaders; }

SslRecord parse_ssl(std::string_view packet) {
  constexpr unsigned kHandshake = 22;
  if (!is_ssl2_hello(packet)) return {byte_at(packet, 0), byte_at(packet, 1), byte_at(packet, 2), "", packet.substr(5)};
  std::string_view data = packet.substr(3);
  std::string prefix(1, '\1');
  for (int shift = 16; shift >= 0; shift -= 8) prefix.push_back(static_cast<char>(data.size() >> shift));
  return {kHandshake, byte_at(packet, 3), byte_at(packet, 4), prefix, data};
}

}  // namespace vm::port
