// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Loaded code: modules, their instances, functions, exports, fun entries.
//
// A Module is a name with at most two instances, current and old. A ModuleInstance owns everything one loaded .beam file brought: the raw Code
// chunk, its functions, literal area, line table. A Function is decoded from the Code chunk when it is first called; until then its
// `entry` points at a shared stub instruction (Backend::lazy_entry). An Export is the cell through which other modules call m:f/a: it
// exists for ever once anybody named it, loaded or not.
//
// Threading: `entry` fields are atomics, published with release and read with acquire or by data dependence. Everything else of
// an instance is immutable once published, except what says otherwise. Loading, purging and decoding take the code lock
// (CodeStore::lock). Instances are freed only after every scheduler passed a quiescent point (sync/epoch.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "heap/copy.h"
#include "term/fun_layout.h"
#include "term/term.h"

namespace vm::code {

using CodeWord = Word;            // one cell of decoded code
using CodePtr = const CodeWord*;  // address of an instruction

struct Bif;
struct Breakpoint;  // code/breakpoint.h
struct ModuleInstance;

struct Mfa {
  Term module;
  Term function;
  Word arity;
};

// One function of a module instance. Its address is its identity for as long as the instance lives.
struct Function {
  std::atomic<CodePtr> entry;  // where a call goes
  Mfa mfa;
  ModuleInstance* instance;
  std::uint32_t entry_label;  // label of the entry point in the Code chunk
  std::uint32_t code_begin;   // byte range of the function in the Code chunk, func_info included
  std::uint32_t code_end;
  std::uint32_t call_count = 0;     // approximate; for the optimising tier
  CodePtr decoded_begin = nullptr;  // decoded code owned by the backend; nullptr until first call
  CodePtr decoded_end = nullptr;
  const Bif* bif = nullptr;  // the function is a built-in or loaded native function
  std::atomic<Breakpoint*> breakpoint{nullptr};
  CodeWord stub[4]{};  // cells of this function's own entry stub, written by the backend
};

// Where a call to module:function/arity goes. entry is the code of the function, a call_bif stub for a built-in, or the stub that calls
// error_handler:undefined_function when nothing is loaded.
struct Export {
  std::atomic<CodePtr> entry;
  Mfa mfa;
  const Bif* bif = nullptr;                  // set once at start for built-ins
  std::atomic<Function*> function{nullptr};  // current implementation, when loaded from a file
  std::atomic<Breakpoint*> breakpoint{nullptr};
  std::uint32_t index;
  Word stub[6];  // code cells of this export's own stubs, owned by the backend
};

// A fun of a module as created by make_fun: survives reloading of the same code (same uniq and index), so that funs of the old
// instance still call it until it is purged.
struct FunEntry {
  std::atomic<Function*> function;  // nullptr: module not loaded (purged) → error_handler:undefined_lambda
  Term module;
  std::uint32_t index;     // in the FunT chunk
  std::uint32_t old_uniq;  // of FunT
  std::uint32_t old_index;
  Byte uniq[16];        // module MD5
  std::uint32_t arity;  // of the fun as called, without captured variables
  std::uint32_t num_free;
  std::uint32_t entry_slot;         // number in the FunTable
  Mfa target;                       // the lambda's function: name '-f/1-fun-0-', arity + num_free
  std::atomic<bool> hidden{false};  // function is nullptr only while its old code is examined for purging: try again
};

struct LineItem {
  std::uint32_t file;  // index into ModuleInstance::files; 0 = module's own
  std::uint32_t line;
};

struct ModuleInstance {
  Term name;
  struct Module* module = nullptr;
  std::vector<Byte> code;           // Code chunk's instructions
  std::vector<Function> functions;  // sorted by code_begin; fixed after loading
  std::vector<Term> atoms;
  std::vector<Export*> imports;
  std::vector<Term> literals;  // terms in literal_area (or immediates); lazily decoded ones are non_value until used
  std::vector<FunEntry*> lambdas;
  std::vector<std::uint32_t> label_offsets;  // byte offset of each label in code; index 0 unused
  std::vector<LineItem> lines;
  std::vector<Term> files;                     // file names as strings (char lists) or atoms; literals
  std::vector<Byte> strings;                   // StrT
  std::vector<std::pair<Term, Word>> exports;  // name, arity (for module_info)
  std::vector<std::pair<Function*, Export*>> export_table;
  Term attributes, compile_info;  // literals (already decoded terms); nil when absent
  heap::LiteralArea* literal_area = nullptr;
  heap::LiteralArea* info_area = nullptr;
  Byte md5[16]{};
  Function* on_load = nullptr;
  bool on_load_pending = false;
  bool hide_lines = false;         // a preloaded module: stock's have no line numbers
  void* native_library = nullptr;  // owned by nif/
  void* load_extra = nullptr;      // owned by load/: state of lazy decoding
  std::size_t code_bytes = 0;      // accounted for erlang:memory(code)
};

struct Module {
  Term name;
  ModuleInstance* current = nullptr;
  ModuleInstance* old = nullptr;
  ModuleInstance* on_load = nullptr;  // being loaded, waiting for its on_load function
};

// Finds the function that a code address belongs to (decoded code of either instance), or nullptr. Used for stack traces,
// current_function, check_process_code. Lock-free for readers.
Function* find_function(CodePtr pc);

// term/ orders, hashes and prints funs by these leading fields.
static_assert(offsetof(FunEntry, module) == offsetof(term::FunEntryFields, module) &&
              offsetof(FunEntry, index) == offsetof(term::FunEntryFields, index) &&
              offsetof(FunEntry, old_uniq) == offsetof(term::FunEntryFields, old_uniq) &&
              offsetof(FunEntry, uniq) == offsetof(term::FunEntryFields, uniq) &&
              offsetof(FunEntry, num_free) == offsetof(term::FunEntryFields, num_free));
static_assert(offsetof(Export, mfa) == offsetof(term::ExportFields, module) && sizeof(Mfa) == 24);

}  // namespace vm::code
