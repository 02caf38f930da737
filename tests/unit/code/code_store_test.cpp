// SPDX-License-Identifier: Apache-2.0
#include "code/code_store.h"

#include <gtest/gtest.h>

#include <thread>

#include "code/backend.h"
#include "term/atoms.h"

namespace vm {
namespace {

using term::AtomTable;

class StubBackend final : public code::Backend {
 public:
  code::CodePtr install(const code::FunctionBody&) override { return nullptr; }
  void discard(code::Function&) override {}
  code::CodePtr lazy_entry(code::Function& f) override { return f.stub; }
  code::CodePtr undefined_entry(code::Export& e) override { return e.stub; }
  code::CodePtr bif_entry(const code::Bif& bif) override { return bif.export_entry->stub + 2; }
};

TEST(CodeStore, ExportsAreCellsWithStableAddresses) {
  StubBackend backend;
  code::CodeStore store;
  const Term m = AtomTable::intern("m");
  code::Export* early = store.export_for(m, AtomTable::intern("early"), 3);
  EXPECT_EQ(early->entry.load(), nullptr);
  store.set_backend(&backend);
  EXPECT_EQ(early->entry.load(), early->stub);
  std::vector<code::Export*> cells;
  for (int i = 0; i < 5000; i++)
    cells.push_back(store.export_for(m, AtomTable::intern("f" + std::to_string(i % 2500)), static_cast<Word>(i / 2500)));
  for (int i = 0; i < 5000; i++) {
    EXPECT_EQ(store.find_export(m, AtomTable::intern("f" + std::to_string(i % 2500)), static_cast<Word>(i / 2500)),
              cells[static_cast<std::size_t>(i)]);
    EXPECT_EQ(store.export_at(cells[static_cast<std::size_t>(i)]->index), cells[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(store.export_count(), 5001u);
  EXPECT_EQ(store.find_export(m, AtomTable::intern("f1"), 7), nullptr);
  EXPECT_EQ(store.export_for(m, AtomTable::intern("early"), 3), early);
}

TEST(CodeStore, LookupsRunBesideInsertions) {
  StubBackend backend;
  code::CodeStore store;
  store.set_backend(&backend);
  const Term m = AtomTable::intern("concurrent");
  constexpr Word kFunctions = 4000;
  std::atomic<Word> ready{0};
  std::thread writer([&] {
    for (Word i = 0; i < kFunctions; i++) {
      store.export_for(m, m, i);
      ready.store(i + 1);
    }
  });
  while (ready.load() < kFunctions) {
    const Word n = ready.load();
    if (n > 0) {
      EXPECT_NE(store.find_export(m, m, n - 1), nullptr);
    }
  }
  writer.join();
}

TEST(CodeStore, BuiltInsAreFoundThroughTheirExports) {
  StubBackend backend;
  code::CodeStore store;
  store.set_backend(&backend);
  code::Bif bif{{atoms::erlang, atoms::error, 1}, code::BifKind::Pure, 0, nullptr};
  store.add_bif(&bif);
  EXPECT_EQ(store.find_bif(atoms::erlang, atoms::error, 1), &bif);
  EXPECT_EQ(store.find_bif(atoms::erlang, atoms::error, 2), nullptr);
  EXPECT_EQ(bif.export_entry->entry.load(), bif.export_entry->stub + 2);
}

TEST(CodeStore, FunEntriesAreKeyedByModuleChecksumAndIndex) {
  code::CodeStore store;
  const Byte one[16] = {1};
  const Byte two[16] = {2};
  code::FunEntry* f = store.fun_entry(atoms::erlang, one, 0);
  EXPECT_EQ(store.fun_entry(atoms::erlang, one, 0), f);
  EXPECT_NE(store.fun_entry(atoms::erlang, one, 1), f);
  EXPECT_NE(store.fun_entry(atoms::erlang, two, 0), f);
  EXPECT_EQ(store.find_fun_entry(atoms::error, one, 0), nullptr);
}

TEST(CodeStore, CatchHandlersKeepTheirIndex) {
  code::CodeStore store;
  code::CodeWord cells[2000]{};
  for (Word i = 0; i < 2000; i++) EXPECT_EQ(store.add_catch(cells + i), i);
  for (Word i = 0; i < 2000; i++) EXPECT_EQ(store.catch_handler(i), cells + i);
}

TEST(CodeRanges, FindsTheFunctionAroundAnAddress) {
  code::CodeStore store;
  std::vector<code::CodeWord> cells(100000);
  std::vector<code::Function> functions(3);
  const std::size_t bounds[][2] = {{10, 13}, {13, 40}, {100, 90000}};
  const auto at = [&](std::size_t i) { return cells.data() + i; };
  for (std::size_t i = 0; i < 3; i++) {
    functions[i].decoded_begin = at(bounds[i][0]);
    functions[i].decoded_end = at(bounds[i][1]);
    store.publish_code(&functions[i], functions[i].decoded_begin, functions[i].decoded_end);
  }
  for (std::size_t i = 0; i < cells.size(); i += i < 200 ? 1 : 97) {
    code::Function* expected = nullptr;
    for (std::size_t f = 0; f < 3; f++) {
      if (i >= bounds[f][0] && i < bounds[f][1]) expected = &functions[f];
    }
    EXPECT_EQ(code::find_function(at(i)), expected) << i;
  }
  store.retire_code(&functions[2]);
  EXPECT_EQ(code::find_function(at(50000)), nullptr);
  EXPECT_EQ(code::find_function(at(20)), &functions[1]);
  for (std::size_t i = 0; i < 2; i++) store.retire_code(&functions[i]);
}

}  // namespace
}  // namespace vm
