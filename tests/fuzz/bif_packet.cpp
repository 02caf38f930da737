// SPDX-License-Identifier: Apache-2.0
// Any bytes as packets of every type, whole and in two pieces, with limits.
#include "fuzz/support/bif_machine.h"

using namespace vm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Term> types =
      fuzz::BifMachine::atoms({"raw", "asn1", "cdr", "sunrm", "fcgi", "tpkt", "line", "http", "httph", "http_bin", "httph_bin", "ssl_tls"});
  static const std::vector<Term> options = fuzz::BifMachine::atoms({"packet_size", "line_length", "line_delimiter"});
  fuzz::BifMachine& machine = fuzz::BifMachine::instance();
  fuzz::Input input(data, size);
  term::HeapWriter& heap = machine.heap();
  const unsigned which = input.byte() % (types.size() + 4);
  const Term type = which < types.size() ? types[which]
                                         : Term::small(static_cast<SWord>((which - types.size()) * 2 - (which > types.size() + 1 ? 2 : 0)));
  std::vector<Term> list;
  const unsigned given = input.byte();
  for (std::size_t i = 0; i < options.size(); i++) {
    if ((given >> i & 1) != 0) list.push_back(term::Tuple::make(heap, options[i], Term::small(input.byte() << (i == 0 ? 4 : 0))));
  }
  Term rest = term::make_binary(heap, input.rest());
  if ((given & 8) != 0)
    rest = term::make_sub_bits(heap, rest, 0, term::bits_of(rest).size - std::min<std::size_t>(term::bits_of(rest).size, given >> 4));
  Term result = term::kNil;
  // A stream of packets: what follows the first is decoded, too.
  for (int i = 0; i < 20; i++) {
    result = machine.call(&bif::erlang_decode_packet_3, type, rest, term::list_from(heap, list));
    if (!result.is_value() || !result.is_tuple() || term::Tuple::from(result).size() != 3) break;
    const Term next = term::Tuple::from(result)[2];
    if (!next.is_binary() || term::bits_of(next).size >= term::bits_of(rest).size) break;
    rest = next;
  }
  machine.end_input({result, rest});
  return 0;
}
