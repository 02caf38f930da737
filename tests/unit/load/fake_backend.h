// SPDX-License-Identifier: Apache-2.0
//
// A Backend that makes no code: it checks what it is handed and gives every function an address of its own.
#pragma once

#include <memory>
#include <vector>

#include "code/backend.h"

namespace vm::test {

class FakeBackend final : public code::Backend {
 public:
  code::CodePtr install(const code::FunctionBody& body) override {
    installed++;
    instructions += body.instructions.size();
    if (body.instructions.back().op == code::Op::bad_code && body.instructions[0].op == code::Op::func_info) bad++;
    auto cells = std::make_unique<code::CodeWord[]>(16);
    body.function->decoded_begin = cells.get();
    body.function->decoded_end = cells.get() + 16;
    memory_.push_back(std::move(cells));
    return body.function->decoded_begin;
  }
  void discard(code::Function& f) override {
    f.decoded_begin = nullptr;
    discarded++;
  }
  code::CodePtr lazy_entry(code::Function& f) override { return f.stub; }
  code::CodePtr undefined_entry(code::Export& e) override { return e.stub; }
  code::CodePtr bif_entry(const code::Bif& bif) override { return bif.export_entry->stub + 1; }

  std::size_t installed = 0, instructions = 0, bad = 0, discarded = 0;

 private:
  std::vector<std::unique_ptr<code::CodeWord[]>> memory_;
};

}  // namespace vm::test
