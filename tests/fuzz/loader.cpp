// SPDX-License-Identifier: Apache-2.0
//
// Container, loader and verifier: any bytes as a .beam file. What is accepted is lowered function by function.
#include "load/loader.h"
#include "code/code_store.h"
#include "term/views.h"

namespace {

using namespace vm;

class NoEngine final : public code::Backend {
 public:
  code::CodePtr install(const code::FunctionBody& body) override { return body.function->stub; }
  void discard(code::Function&) override {}
  code::CodePtr lazy_entry(code::Function& f) override { return f.stub; }
  code::CodePtr undefined_entry(code::Export& e) override { return e.stub; }
  code::CodePtr bif_entry(const code::Bif& bif) override { return bif.export_entry->stub; }
};

Term stand_in_export(void*, term::HeapWriter& h, Term module, Term function, Word) { return term::Tuple::make(h, module, function); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static NoEngine engine;
  static code::CodeStore store;
  static const etf::DecodeHooks hooks{nullptr, &stand_in_export, nullptr, nullptr, nullptr};
  static load::Loader loader((store.set_backend(&engine), store), &hooks);
  auto prepared = loader.prepare(term::kNil, {data, size});
  if (!prepared) return 0;
  load::Loader::for_each_function(*prepared.value(), [](code::Function& f) {
    code::FunctionBody body;
    load::Loader::lower(f, &body);
  });
  return 0;
}
