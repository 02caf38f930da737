// SPDX-License-Identifier: Apache-2.0
//
// What the decoder of the external term format needs of code, maps and processes.
#pragma once

#include "etf/decode.h"
#include "proc/runtime.h"

namespace vm::bif {

class TermFormatHooks {
 public:
  // existing_code_only: exports and fun entries that nobody named yet are refused (binary_to_term's `safe`).
  explicit TermFormatHooks(proc::Runtime& runtime, bool existing_code_only = false);
  TermFormatHooks(const TermFormatHooks&) = delete;
  TermFormatHooks& operator=(const TermFormatHooks&) = delete;
  const etf::DecodeHooks* hooks() const { return &hooks_; }

 private:
  static Term export_fun(void* context, term::HeapWriter& h, Term module, Term function, Word arity);
  static Term local_fun(void* context, term::HeapWriter& h, const etf::FunParts& parts);
  // A table's reference finds its table again; other references are plain.
  static Term local_ref(void* context, term::HeapWriter& h, std::span<const std::uint32_t> numbers);
  static Term large_map(void* context, term::HeapWriter& h, std::span<const Term> pairs);

  proc::Runtime& runtime_;
  bool existing_code_only_;
  etf::DecodeHooks hooks_;
};

}  // namespace vm::bif
