// SPDX-License-Identifier: Apache-2.0
//
// What a module of natives linked into the emulator shows the loader: the same table that a shared object gives.
#pragma once

#include <erl_nif.h>

namespace vm::nifs {

// The entry of `name` with its functions; `load` runs when the module is loaded and may refuse with a number that is not 0.
template <int N>
constexpr ErlNifEntry entry_of(const char* name, ErlNifFunc (&functions)[N],
                               int (*load)(ErlNifEnv*, void** private_data, ERL_NIF_TERM argument)) {
  return {ERL_NIF_MAJOR_VERSION,
          ERL_NIF_MINOR_VERSION,
          name,
          N,
          functions,
          load,
          nullptr,  // reload: gone since OTP 20
          nullptr,  // upgrade
          nullptr,  // unload
          ERL_NIF_VM_VARIANT,
          1,
          sizeof(ErlNifResourceTypeInit),
          ERL_NIF_MIN_ERTS_VERSION};
}

}  // namespace vm::nifs
