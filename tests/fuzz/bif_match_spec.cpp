// SPDX-License-Identifier: Apache-2.0
// Any term as a match specification, for tables and for traces, on any terms: compiled or refused, run without a fault.
#include "fuzz/support/bif_machine.h"

using namespace vm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Term> words = fuzz::BifMachine::atoms({"$1",
                                                                  "$2",
                                                                  "$3",
                                                                  "_",
                                                                  "$_",
                                                                  "$$",
                                                                  "$12345678901",
                                                                  "is_integer",
                                                                  "is_list",
                                                                  "is_map_key",
                                                                  "map_get",
                                                                  "+",
                                                                  "-",
                                                                  "*",
                                                                  "div",
                                                                  "rem",
                                                                  "bsl",
                                                                  "bsr",
                                                                  "<",
                                                                  "=:=",
                                                                  "==",
                                                                  "/=",
                                                                  "and",
                                                                  "or",
                                                                  "not",
                                                                  "andalso",
                                                                  "orelse",
                                                                  "const",
                                                                  "element",
                                                                  "size",
                                                                  "bit_size",
                                                                  "hd",
                                                                  "tl",
                                                                  "self",
                                                                  "length",
                                                                  "node",
                                                                  "is_record",
                                                                  "true",
                                                                  "false",
                                                                  "abs",
                                                                  "round",
                                                                  "message",
                                                                  "return_trace",
                                                                  "exception_trace",
                                                                  "caller",
                                                                  "process_dump",
                                                                  "get_tcw",
                                                                  "set_tcw",
                                                                  "silent",
                                                                  "enable_trace",
                                                                  "trace",
                                                                  "display",
                                                                  "get_seq_token",
                                                                  "float",
                                                                  "binary_part",
                                                                  "tuple_size",
                                                                  "max"});
  fuzz::BifMachine& machine = fuzz::BifMachine::instance();
  fuzz::Input input(data, size);
  fuzz::TermMaker make(input, machine.heap(), words);
  // Half of the specifications have the right outer shape, so that the compiler sees inside.
  Term spec;
  const unsigned shape = input.byte();
  if ((shape & 1) != 0) {
    const Term head = make.any(2), guards = make.list(2, term::kNil), body = make.list(2, term::kNil);
    spec = term::list_from(machine.heap(), std::vector<Term>{term::Tuple::make(machine.heap(), head, guards, body)});
  } else {
    spec = make.any();
  }
  const Term object = make.any(1);
  const Term tested = machine.call(&bif::erlang_match_spec_test_3, object, spec, (shape & 2) != 0 ? atoms::table : atoms::trace);
  machine.end_input({spec, object, tested});
  return 0;
}
