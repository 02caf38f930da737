// SPDX-License-Identifier: Apache-2.0
#include "nifs/static_modules.h"

extern "C" {
enif_entry_t* prim_file_nif_init();
enif_entry_t* prim_buffer_nif_init();
enif_entry_t* prim_net_nif_init();
enif_entry_t* prim_socket_nif_init();
enif_entry_t* erl_tracer_nif_init();
enif_entry_t* zlib_nif_init();
}

namespace vm::nifs {

std::span<const nif::StaticNif> static_modules() {
  static const nif::StaticNif all[] = {
      {"prim_file", prim_file_nif_init}, {"prim_buffer", prim_buffer_nif_init}, {"prim_socket", prim_socket_nif_init},
      {"prim_net", prim_net_nif_init},   {"erl_tracer", erl_tracer_nif_init},   {"zlib", zlib_nif_init},
  };
  return all;
}

}  // namespace vm::nifs
