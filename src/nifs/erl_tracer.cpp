// SPDX-License-Identifier: Apache-2.0
//
// erl_tracer: the tracer behind pids and ports. enabled/3 says what becomes of a trace event, trace/5 sends its message.
#include <erl_nif.h>

#include "nifs/entry.h"

namespace {

ERL_NIF_TERM trace_atom, trace_ts, seq_trace, trace_status, discard, remove_atom, ok;
ERL_NIF_TERM extra, match_spec_result, scheduler_id, timestamp, monotonic, strict_monotonic, cpu_timestamp;

// Tag, tracer, tracee: trace | discard | remove.
ERL_NIF_TERM enabled(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  ErlNifPid pid;
  ErlNifPort port;
  bool alive = enif_get_local_pid(env, argv[1], &pid)     ? enif_is_process_alive(env, &pid)
               : enif_get_local_port(env, argv[1], &port) ? enif_is_port_alive(env, &port)
                                                          : false;
  if (!alive) return argv[0] == trace_status ? remove_atom : discard;
  // What a tracer does itself is not traced.
  return enif_is_identical(argv[1], argv[2]) ? discard : trace_atom;
}

// The value of the `timestamp` option as the time that goes into the message; 0 when it is none.
ERL_NIF_TERM time_of(ErlNifEnv* env, ERL_NIF_TERM kind) {
  if (kind == timestamp) return enif_now_time(env);
  if (kind == cpu_timestamp) return enif_cpu_time(env);
  ERL_NIF_TERM now = enif_make_long(env, enif_monotonic_time(ERL_NIF_NSEC));
  if (kind == monotonic) return now;
  if (kind != strict_monotonic) return 0;
  return enif_make_tuple2(env, now, enif_make_unique_integer(env, ERL_NIF_UNIQUE_MONOTONIC));
}

// Tag, tracer, tracee (or label), message, options.
ERL_NIF_TERM trace(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  ErlNifPid pid;
  ErlNifPort port;
  bool to_pid = enif_get_local_pid(env, argv[1], &pid);
  if (!to_pid && !enif_get_local_port(env, argv[1], &port)) return ok;
  ERL_NIF_TERM parts[8];
  unsigned n = 0;
  auto option = [&](ERL_NIF_TERM key, ERL_NIF_TERM* value) { return enif_get_map_value(env, argv[4], key, value); };
  ERL_NIF_TERM value;
  bool has_extra = option(extra, &value);
  bool sequential = !has_extra && argv[0] == seq_trace;
  parts[n++] = sequential ? seq_trace : trace_atom;
  parts[n++] = argv[2];
  if (!sequential) parts[n++] = argv[0];
  parts[n++] = argv[3];
  if (has_extra) parts[n++] = value;
  if (option(match_spec_result, &value)) parts[n++] = value;
  if (option(scheduler_id, &value)) parts[n++] = value;
  if (option(timestamp, &value)) {
    ERL_NIF_TERM time = time_of(env, value);
    if (!time) return ok;
    parts[n++] = time;
    if (!sequential) parts[0] = trace_ts;
  }
  ERL_NIF_TERM message = enif_make_tuple_from_array(env, parts, n);
  // A tracer that died meanwhile is noticed by the next enabled/3.
  if (to_pid) {
    enif_send(env, &pid, nullptr, message);
    return ok;
  }
  ErlNifBinary bytes;
  if (!enif_term_to_binary(env, message, &bytes)) return ok;
  enif_port_command(env, &port, nullptr, enif_make_binary(env, &bytes));
  enif_release_binary(&bytes);
  return ok;
}

int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM) {
  const struct {
    ERL_NIF_TERM* atom;
    const char* name;
  } all[] = {{&trace_atom, "trace"},
             {&trace_ts, "trace_ts"},
             {&seq_trace, "seq_trace"},
             {&trace_status, "trace_status"},
             {&discard, "discard"},
             {&remove_atom, "remove"},
             {&ok, "ok"},
             {&extra, "extra"},
             {&match_spec_result, "match_spec_result"},
             {&scheduler_id, "scheduler_id"},
             {&timestamp, "timestamp"},
             {&monotonic, "monotonic"},
             {&strict_monotonic, "strict_monotonic"},
             {&cpu_timestamp, "cpu_timestamp"}};
  for (const auto& a : all) *a.atom = enif_make_atom(env, a.name);
  *private_data = nullptr;
  return 0;
}

ErlNifFunc functions[] = {
    {"enabled", 3, enabled, 0},
    {"trace", 5, trace, 0},
};

ErlNifEntry entry = vm::nifs::entry_of("erl_tracer", functions, load);

}  // namespace

extern "C" ErlNifEntry* erl_tracer_nif_init() { return &entry; }
