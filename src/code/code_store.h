// SPDX-License-Identifier: Apache-2.0
//
// CodeStore: the tables of modules, exports, funs and built-ins of one Runtime.
//
// Lookups (export, module) are lock-free; changes take `lock`. A process that holds the code-loading permission in Erlang's sense
// is arranged by bif/ on top of this.
#pragma once

#include <memory>
#include <mutex>
#include <span>

#include "code/bif_table.h"
#include "code/module.h"

namespace vm::code {

class Backend;

class CodeStore {
 public:
  CodeStore();
  ~CodeStore();

  // The engine whose entries fresh exports and built-ins get. Set once, before code is loaded; cells made earlier get theirs then.
  void set_backend(Backend* backend);
  Backend* backend() const;

  // The export cell of m:f/a, made when missing (entry = Backend::undefined_entry).
  Export* export_for(Term module, Term function, Word arity);
  // Without making it; nullptr when nobody named it.
  Export* find_export(Term module, Term function, Word arity) const;
  Export* export_at(std::uint32_t index) const;
  std::uint32_t export_count() const;

  Module* find_module(Term name) const;
  Module* module_for(Term name);  // made when missing
  std::vector<Module*> modules() const;

  // Fun entry for a lambda of a module: found by (module, uniq, index) or made (function = nullptr, the rest of the fields zero but for the
  // key). The three-argument form without making: nullptr when nobody made it.
  FunEntry* fun_entry(Term module, const Byte uniq[16], std::uint32_t index);
  FunEntry* find_fun_entry(Term module, const Byte uniq[16], std::uint32_t index);

  // Registers a built-in. Called before the first code is loaded.
  void add_bif(Bif* bif);
  const Bif* find_bif(Term module, Term function, Word arity) const;

  // Catch table: handlers by index, so that a catch tag is an immediate. Append only.
  Word add_catch(CodePtr handler);
  CodePtr catch_handler(Word index) const;

  // Makes decoded code of a function findable by address.
  void publish_code(Function* f, CodePtr begin, CodePtr end);
  void retire_code(Function* f);

  std::recursive_mutex& lock() { return lock_; }
  // A test has the permission to change code (the bits of a pid): other processes that load native code wait for it.
  std::atomic<Word> held_by_test{0};

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::recursive_mutex lock_;
};

}  // namespace vm::code
