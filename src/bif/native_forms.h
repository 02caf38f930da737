// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Native forms: functions of OTP's own libraries that this machine also knows by heart.
//
// The compiled code of such a function begins with an instruction that tries its native form first (FunctionBody::native_form). The form looks at the
// arguments; when it knows them it answers what the function would answer. In all other cases it declines: it answers the non-value with nothing
// pending, and the function's own code runs, with its own errors and stack traces. A form never raises.
//
// Whose code it stands for is told by the MD5 of the module, so another version of the library, a patched or a cover-compiled one runs as it is written.
// While somebody traces or counts calls in the module its forms decline too: all calls inside are seen. A form that finds out on a dirty
// scheduler that it should have declined calls the function anew and leaves word that it wants the code (declined_late).
//
// Threading: the tables are fixed at start. See docs/decisions/0015-native-forms.md.
#pragma once

#include "code/code_store.h"
#include "proc/bif_context.h"
#include "proc/process_cold.h"
#include "proc/runtime.h"

namespace vm::bif {

// The form of a function of the module instance it belongs to, or nullptr.
const code::Bif* native_form_of(const code::Function& function);

// Goes on in the code of module:function, on an ordinary scheduler.
template <typename... T>
BifResult declined_late(BifContext& cx, Term module, Term function, T... args) {
  cx.process().cold_part().declines_form = true;
  return cx.trap(cx.runtime().code->export_for(module, function, sizeof...(T)), args...);
}

}  // namespace vm::bif
