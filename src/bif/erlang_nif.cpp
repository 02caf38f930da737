// SPDX-License-Identifier: Apache-2.0
//
// Loading native libraries. What loading means is in nif/.
#include <string>

#include "bif/bif_decls.gen.h"
#include "load/loader.h"
#include "nif/natives.h"
#include "proc/hidden_row.h"
#include "term/work_stack.h"
#include "trace/patterns.h"

namespace vm::bif {

namespace {

// A path: a list of characters or a binary, in the encoding of file names.
bool path_text(BifContext& cx, Term t, std::string* to) {
  if (t.is_atom()) return false;
  // Names are converted as prim_file converts them.
  BifResult native = prim_file_internal_name2native_1(cx, t);
  if (!native.has_value()) return false;
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  term::binary_bytes(native.value(), &bytes, scratch);
  to->assign(bytes.begin(), bytes.end());
  to->pop_back();  // the closing 0
  return true;
}

Term text_list(BifContext& cx, std::string_view text) {
  term::ListBuilder list(cx.heap());
  for (char c : text) list.add(Term::small(static_cast<unsigned char>(c)));
  return list.finish();
}

}  // namespace

BifResult erlang_load_nif_2(GcContext& cx, Term path, Term info) {
  code::Function* caller = cx.runtime().engine->current_function(cx.process());
  if (!caller || !caller->instance || caller->bif) {  // itself, where it is applied
    Term text = text_list(cx, "load_nif/2 must be explicitly called from the NIF module. It cannot be called through apply/3.");
    return term::Tuple::make(cx.heap(), atoms::error, term::Tuple::make(cx.heap(), atoms::bad_lib, text));
  }
  std::string name;
  if (!path_text(cx, path, &name)) return cx.badarg();
  if (const Word holder = cx.runtime().code->held_by_test.load(); VM_UNLIKELY(holder != 0) && holder != cx.process().pid.bits())
    return cx.yield_to(proc::hidden_entry<&erlang_load_nif_2, 2>(cx.runtime(), "erlang", "load_nif"), path, info);
  const BifResult loaded = cx.runtime().natives->load(cx, *caller, name, info, &load::Loader::is_declared_native);
  if (loaded.has_value() && loaded.value() == atoms::ok) trace::natives_came(cx.runtime(), *caller->instance);
  return loaded;
}

}  // namespace vm::bif
