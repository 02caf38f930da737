// SPDX-License-Identifier: Apache-2.0
// Any text, deep, in pieces, broken, as characters and back. What converts to a list must convert back to the same list.
#include "fuzz/support/bif_machine.h"
#include "term/compare.h"

using namespace vm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Term> encodings = fuzz::BifMachine::atoms({"latin1", "unicode", "utf8", "utf16"});
  fuzz::BifMachine& machine = fuzz::BifMachine::instance();
  fuzz::Input input(data, size);
  fuzz::TermMaker make(input, machine.heap(), encodings);
  const unsigned shape = input.byte();
  const Term encoding = encodings[shape % 3];
  Term text;
  if ((shape & 0x80) != 0) {
    text = make.any(1);
  } else {  // binaries and characters only
    std::vector<Term> pieces;
    while (!input.empty()) {
      const unsigned kind = input.byte();
      pieces.push_back((kind & 1) != 0 ? make.binary() : Term::small(kind << 12 | input.byte() << 4));
    }
    text = term::list_from(machine.heap(), pieces);
  }
  const Term list = machine.call(&bif::unicode_characters_to_list_2, text, encoding);
  const Term binary = machine.call(&bif::unicode_characters_to_binary_2, text, encoding);
  if (list.is_value() && list.is_list() && binary.is_value() && binary.is_binary()) {
    const Term again = machine.call(&bif::unicode_characters_to_list_2, binary, encodings[2]);
    if (again.is_value()) VM_CHECK(term::equal_exact(list, again));
    (void)machine.call(&bif::unicode_bin_is_7bit_1, binary);
  }
  machine.end_input({text, list, binary});
  return 0;
}
