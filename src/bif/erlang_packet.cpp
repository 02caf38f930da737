// SPDX-License-Identifier: Apache-2.0
//
// erlang:decode_packet/3: terms around the packet formats of port/packet.h.
#include <limits>

#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "port/packet.h"

namespace vm::bif {

namespace {

using port::HttpMessage;
using port::HttpUri;
using port::PacketType;

bool packet_type(Term t, PacketType* out) {
  struct Row {
    Term name;
    PacketType type;
  };
  static constexpr Row kRows[] = {
      {Term::small(0), PacketType::Raw},    {atoms::raw, PacketType::Raw},          {Term::small(1), PacketType::One},
      {Term::small(2), PacketType::Two},    {Term::small(4), PacketType::Four},     {atoms::asn1, PacketType::Asn1},
      {atoms::sunrm, PacketType::SunRm},    {atoms::cdr, PacketType::Cdr},          {atoms::fcgi, PacketType::Fcgi},
      {atoms::line, PacketType::Line},      {atoms::tpkt, PacketType::Tpkt},        {atoms::http, PacketType::Http},
      {atoms::http_bin, PacketType::Http},  {atoms::httph, PacketType::HttpHeader}, {atoms::httph_bin, PacketType::HttpHeader},
      {atoms::ssl_tls, PacketType::SslTls},
  };
  for (const Row& row : kRows) {
    if (row.name != t) continue;
    *out = row.type;
    return true;
  }
  return false;
}

bool parse_options(Term list, PacketType type, port::PacketLimits* out) {
  for (; list.is_cons(); list = list.tail()) {
    Term t = list.head();
    if (!t.is_tuple_of(2)) return false;
    Term name = term::Tuple::from(t)[0];
    Word value;
    if (!term::to_uint64(term::Tuple::from(t)[1], &value) || value > std::numeric_limits<std::uint32_t>::max()) return false;
    if (name == atoms::packet_size) out->packet_size = static_cast<std::uint32_t>(value);
    else if (name == atoms::line_length) out->line_length = static_cast<std::uint32_t>(value);
    else if (name == atoms::line_delimiter && type == PacketType::Line && value < 256) out->line_delimiter = static_cast<char>(value);
    else return false;
  }
  return list.is_nil();
}

// Makes terms of parts of the input.
class Parts {
 public:
  Parts(term::HeapWriter& h, Term input, std::string_view bytes, bool as_binaries)
      : h_(h), input_(input), bytes_(bytes), as_binaries_(as_binaries) {}

  Term binary(std::string_view part) const {
    return term::make_sub_bits(h_, input_, static_cast<std::size_t>(part.data() - bytes_.data()) * 8, part.size() * 8);
  }
  Term string(std::string_view s) const { return as_binaries_ ? binary_of(h_, s) : list_of_bytes(h_, s); }

  Term http(const HttpMessage& m) const {
    switch (m.kind) {
      case HttpMessage::Kind::Request: {
        Term method = m.known < 0 ? string(m.text) : atom_of(port::http_methods(), m.known);
        return tuple(atoms::http_request, method, uri(m.uri), tuple(number(m.major), number(m.minor)));
      }
      case HttpMessage::Kind::Response:
        return tuple(atoms::http_response, tuple(number(m.major), number(m.minor)), number(m.status), string(m.text));
      case HttpMessage::Kind::Header: {
        Term name = m.known < 0 ? string(m.name) : atom_of(port::http_headers(), m.known);
        return tuple(atoms::http_header, number(m.known + 1), name, string(m.text), string(m.value));
      }
      case HttpMessage::Kind::EndOfHeaders: return atoms::http_eoh;
      case HttpMessage::Kind::Error: return tuple(atoms::http_error, string(m.text));
    }
    return atoms::http_eoh;
  }

  Term ssl(const port::SslRecord& r) const {
    Term data = binary_of(h_, r.prefix + std::string(r.data));
    return tuple(atoms::ssl_tls, term::kNil, number(static_cast<int>(r.type)),
                 tuple(number(static_cast<int>(r.major)), number(static_cast<int>(r.minor))), data);
  }

 private:
  static Term number(int n) { return Term::small(n); }
  static Term atom_of(std::span<const std::string_view> names, int i) {
    return term::AtomTable::intern(names[static_cast<std::size_t>(i)]);
  }
  template <typename... T>
  Term tuple(T... elements) const {
    return term::Tuple::make(h_, elements...);
  }

  Term uri(const HttpUri& u) const {
    switch (u.kind) {
      case HttpUri::Kind::Star: return atoms::star_;
      case HttpUri::Kind::AbsPath: return tuple(atoms::abs_path, string(u.first));
      case HttpUri::Kind::Scheme: return tuple(atoms::scheme, string(u.first), string(u.second));
      case HttpUri::Kind::String: return string(u.first);
      case HttpUri::Kind::Http:
      case HttpUri::Kind::Https: break;
    }
    Term scheme = u.kind == HttpUri::Kind::Http ? atoms::http : atoms::https;
    Term port = u.port == 0 ? atoms::undefined : number(u.port);
    return tuple(atoms::absoluteURI, scheme, string(u.first), port, string(u.second));
  }

  term::HeapWriter& h_;
  Term input_;
  std::string_view bytes_;
  bool as_binaries_;
};

}  // namespace

BifResult erlang_decode_packet_3(BifContext& cx, Term type_name, Term input, Term options) {
  PacketType type;
  if (!packet_type(type_name, &type)) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  port::PacketLimits limits;
  if (!input.is_bitstring() || !parse_options(options, type, &limits)) return cx.badarg();
  term::HeapWriter& h = cx.heap();
  // Bits behind the last whole byte stay with the rest.
  std::size_t bits = term::bits_of(input).size;
  Term whole = (bits & 7) == 0 ? input : term::make_sub_bits(h, input, 0, bits & ~std::size_t{7});
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!term::binary_bytes(whole, &bytes, scratch)) return cx.badarg();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  port::HttpState state = port::HttpState::Start;
  port::PacketLength length = port::packet_length(type, text, limits, &state);
  if (length.kind == port::PacketLength::Invalid) return term::Tuple::make(h, atoms::error, atoms::invalid);
  if (length.kind == port::PacketLength::More || length.bytes == 0) return term::Tuple::make(h, atoms::more, atoms::undefined);
  if (length.bytes > text.size()) return term::Tuple::make(h, atoms::more, Term::small(static_cast<SWord>(length.bytes)));
  std::string_view packet = text.substr(0, length.bytes);
  Parts parts(h, input, text, type_name == atoms::http_bin || type_name == atoms::httph_bin);
  Term contents;
  if (type == PacketType::Http || type == PacketType::HttpHeader) contents = parts.http(port::parse_http(packet, &state));
  else if (type == PacketType::SslTls) contents = parts.ssl(port::parse_ssl(packet));
  else contents = parts.binary(port::packet_body(type, packet));
  Term rest = term::make_sub_bits(h, input, packet.size() * 8, bits - packet.size() * 8);
  return term::Tuple::make(h, atoms::ok, contents, rest);
}

}  // namespace vm::bif
