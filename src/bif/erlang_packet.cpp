// SPDX-License-Identifier: Apache-2.0
//
// erlang:decode_packet/3: terms around the packet formats of port/packet.h.
#include <limits>

#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "port/packet_terms.h"

namespace vm::bif {

namespace {

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
  const bool as_binaries = type_name == atoms::http_bin || type_name == atoms::httph_bin;
  auto part = [&](std::string_view s) {
    return term::make_sub_bits(h, input, static_cast<std::size_t>(s.data() - text.data()) * 8, s.size() * 8);
  };
  Term contents;
  if (type == PacketType::Http || type == PacketType::HttpHeader) {
    contents = port::PacketTerms(h, as_binaries, input, text).http(port::parse_http(packet, &state));
  } else if (type == PacketType::SslTls) {
    const port::SslRecord record = port::parse_ssl(packet);
    contents = port::PacketTerms::ssl(h, term::kNil, record, binary_of(h, record.prefix + std::string(record.data)));
  } else {
    contents = part(port::packet_body(type, packet));
  }
  Term rest = term::make_sub_bits(h, input, packet.size() * 8, bits - packet.size() * 8);
  return term::Tuple::make(h, atoms::ok, contents, rest);
}

}  // namespace vm::bif
