// SPDX-License-Identifier: Apache-2.0
// Any bytes as a regular expression with any options, matched on any bytes: compiled or refused, matched within its limits.
#include "fuzz/support/bif_machine.h"

using namespace vm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Term> flags = fuzz::BifMachine::atoms({"unicode", "anchored", "caseless", "dollar_endonly", "dotall", "extended",
                                                                  "firstline", "multiline", "no_auto_capture", "dupnames", "ungreedy",
                                                                  "bsr_anycrlf", "bsr_unicode", "no_start_optimize", "ucp", "never_utf"});
  static const std::vector<Term> matching =
      fuzz::BifMachine::atoms({"global", "notbol", "noteol", "notempty", "notempty_atstart", "report_errors"});
  static const std::vector<Term> names =
      fuzz::BifMachine::atoms({"capture", "all", "all_but_first", "all_names", "first", "none", "index", "list", "binary", "match_limit",
                               "match_limit_recursion", "offset", "newline", "any", "crlf"});
  fuzz::BifMachine& machine = fuzz::BifMachine::instance();
  fuzz::Input input(data, size);
  term::HeapWriter& heap = machine.heap();
  const unsigned set = input.byte() << 8 | input.byte(), run_set = input.byte();
  const Term source = term::make_binary(heap, input.bytes(input.byte()));
  std::vector<Term> compile_options, run_options;
  for (std::size_t i = 0; i < flags.size(); i++) {
    if ((set >> i & 1) != 0) compile_options.push_back(flags[i]);
  }
  for (std::size_t i = 0; i < matching.size(); i++) {
    if ((run_set >> i & 1) != 0) run_options.push_back(matching[i]);
  }
  run_options.push_back(term::Tuple::make(heap, names[9], Term::small(2000)));
  if ((run_set & 0x40) != 0)
    run_options.push_back(term::Tuple::make(heap, names[0], names[1 + input.byte() % 5], names[6 + input.byte() % 3]));
  if ((run_set & 0x80) != 0) run_options.push_back(term::Tuple::make(heap, names[11], Term::small(input.byte())));
  const Term subject = term::make_binary(heap, input.rest());
  const Term compiled = machine.call(&bif::re_compile_2, source, term::list_from(heap, compile_options));
  Term result = term::kNil;
  if (compiled.is_value() && compiled.is_tuple()) {
    const Term pattern = term::Tuple::from(compiled)[1];
    if (term::Tuple::from(compiled)[0] == atoms::ok) {
      result = machine.call(&bif::re_run_3, subject, pattern, term::list_from(heap, run_options));
      (void)machine.call(&bif::re_inspect_2, pattern, term::AtomTable::intern("namelist"));
    }
  }
  machine.end_input({compiled, result, subject});
  return 0;
}
