// SPDX-License-Identifier: Apache-2.0
//
// A library that writes down its end: load_info is a file name, and unload creates that file. For nif_t:test_unload.
#include <erl_nif.h>
#include <stdio.h>
#include <stdlib.h>

static int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM info) {
  char* name = malloc(1024);
  *private_data = name;
  return enif_get_string(env, info, name, 1024, ERL_NIF_LATIN1) > 0 ? 0 : 1;
}

static void unload(ErlNifEnv* env, void* private_data) {
  FILE* f = fopen(private_data, "a");
  if (f) {
    fputs("unloaded\n", f);
    fclose(f);
  }
  free(private_data);
}

static ERL_NIF_TERM value(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) { return enif_make_int(env, 7); }

static ErlNifFunc functions[] = {{"value", 0, value}};
ERL_NIF_INIT(nif_unloaded, functions, load, NULL, NULL, unload)
