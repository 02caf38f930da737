// SPDX-License-Identifier: Apache-2.0
// Any text as a number in any base; what is a number is written and read back as the same number.
#include "fuzz/support/bif_machine.h"
#include "term/compare.h"

using namespace vm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::BifMachine& machine = fuzz::BifMachine::instance();
  fuzz::Input input(data, size);
  term::HeapWriter& heap = machine.heap();
  const Term base = Term::small(input.byte() % 40);
  const Term text = term::make_binary(heap, input.rest());
  std::vector<Term> characters;
  for (const Byte b : std::span(data, size)) characters.push_back(Term::small(b));
  const Term list = term::list_from(heap, characters);

  const Term integer = machine.call(&bif::erlang_binary_to_integer_2, text, base);
  if (integer.is_value()) {
    const Term written = machine.call(&bif::erlang_integer_to_binary_2, integer, base);
    VM_CHECK(written.is_value());
    const Term again = machine.call(&bif::erlang_binary_to_integer_2, written, base);
    VM_CHECK(again.is_value() && term::equal_exact(integer, again));
  }
  const Term real = machine.call(&bif::erlang_binary_to_float_1, text);
  if (real.is_value()) {
    const Term written = machine.call(&bif::erlang_float_to_binary_1, real);
    VM_CHECK(written.is_value());
    const Term again = machine.call(&bif::erlang_binary_to_float_1, written);
    VM_CHECK(again.is_value() && term::equal_exact(real, again));
  }
  const Term front = machine.call(&bif::string_list_to_integer_1, list);
  const Term real_front = machine.call(&bif::string_list_to_float_1, list);
  const Term from_list = machine.call(&bif::erlang_list_to_integer_2, list, base);
  machine.end_input({text, list, integer, real, front, real_front, from_list});
  return 0;
}
