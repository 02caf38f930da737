// SPDX-License-Identifier: Apache-2.0
//
// Environments and the words that travel to and from native code.
//
// A NIF word is a term word, with two exceptions under the tag 011, which no term has. Small 0 is kZeroAlias, because native code takes the
// word 0 for "no term". Atoms have the tag 0x0B in place of 0x06: crypto's tables end where the lowest bit of an atom's word is 0.
// What comes in may be in either form. What goes out as exception is kExceptionWord: the word 0 together with the mark in the
// environment. Tuples are shown in place when all their words are the same for both sides, else as a copy (enif_get_tuple).
//
// Three kinds of environment: of a call (terms go to the process's heap), independent (enif_alloc_env: own fragments), of a callback
// (own fragments, gone when the callback returns). An environment is used by one thread at a time.
#pragma once

#include <erl_nif.h>

#include <optional>
#include <vector>

#include "heap/copy.h"
#include "nif/natives.h"

namespace vm::nif {

struct ScheduledCall;
struct Resource;

inline constexpr ERL_NIF_TERM kZeroAlias = 3;
inline constexpr ERL_NIF_TERM kExceptionWord = 0;

inline constexpr Word kAtomAlias = 0x0B ^ Term::kAtomTag;  // to be xored

inline bool has_alias(Term t) { return t.bits() == 0 || t.is_atom(); }
inline Term in(ERL_NIF_TERM w) {
  if ((w & 7) != 3) return Term::from_bits(w);
  return w == kZeroAlias ? Term::small(0) : Term::from_bits(w ^ kAtomAlias);
}
inline ERL_NIF_TERM out(Term t) {
  if (t.bits() == 0) return kZeroAlias;
  return t.is_atom() ? t.bits() ^ kAtomAlias : t.bits();
}

}  // namespace vm::nif

struct enif_environment_t {
  vm::proc::Runtime* runtime = nullptr;
  vm::proc::Process* process = nullptr;  // nullptr: not the environment of a call
  vm::term::HeapWriter* heap = nullptr;
  vm::nif::Library* library = nullptr;  // whose private data it shows
  bool exception = false;
  bool exiting = false;              // the caller asked whether it still lives after a kill
  vm::Term reason = vm::term::kNil;  // of the exception
  vm::nif::ScheduledCall* scheduled = nullptr;
  std::vector<void*> temporary;               // freed with the call or when the environment is cleared
  alignas(16) vm::Byte first_temporary[256];  // for the first small ones
  std::size_t first_used = 0;

  enif_environment_t() = default;
  enif_environment_t(const enif_environment_t&) = delete;
  enif_environment_t& operator=(const enif_environment_t&) = delete;
  ~enif_environment_t() { free_temporary(); }

  // Memory that lives as long as the terms of this environment may be looked at.
  void* allocate_temporary(std::size_t bytes);
  void free_temporary();
};

namespace vm::nif {

// Whether env is that of a call whose process has ended meanwhile: nothing is done in its name any more.
bool caller_ended(const ErlNifEnv* env);

// Environment with a heap of its own.
struct OwnEnv : enif_environment_t {
  std::optional<heap::FragmentWriter> writer;

  explicit OwnEnv(proc::Runtime* rt, Library* lib = nullptr) {
    runtime = rt;
    library = lib;
    restart();
  }
  // Drops all terms.
  void restart() {
    writer.emplace();
    heap = &*writer;
  }
};

// Marks an error with this reason.
inline ERL_NIF_TERM raise(ErlNifEnv* env, Term reason) {
  env->exception = true;
  env->reason = reason;
  return kExceptionWord;
}
inline ERL_NIF_TERM raise_badarg(ErlNifEnv* env) { return raise(env, atoms::badarg); }

}  // namespace vm::nif
