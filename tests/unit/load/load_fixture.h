// SPDX-License-Identifier: Apache-2.0
//
// A code store with the fake engine and a loader; literals that need higher rooms become plain terms.
#pragma once

#include "code/code_store.h"
#include "fake_backend.h"
#include "load/loader.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::test {

inline Term stand_in_export(void*, term::HeapWriter& h, Term module, Term function, Word arity) {
  return term::Tuple::make(h, module, function, Term::small(static_cast<SWord>(arity)));
}
inline Term stand_in_map(void*, term::HeapWriter& h, std::span<const Term> pairs) { return term::list_from(h, pairs); }

struct LoadFixture {
  FakeBackend backend;
  code::CodeStore store;
  etf::DecodeHooks hooks;
  load::Loader loader;
  LoadFixture() : hooks{nullptr, &stand_in_export, nullptr, &stand_in_map, nullptr}, loader((store.set_backend(&backend), store), &hooks) {}
  ~LoadFixture() { loader.discard_all(); }
};

}  // namespace vm::test
