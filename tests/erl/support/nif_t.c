// SPDX-License-Identifier: Apache-2.0
//
// Native half of nif_t.erl: each function exercises one part of the interface and answers what it saw.
#include <erl_nif.h>
#include <string.h>
#include <unistd.h>

static ErlNifResourceType* type;
static int downs, destroyed;

static void dtor(ErlNifEnv* env, void* object) { destroyed++; }
static void down(ErlNifEnv* env, void* object, ErlNifPid* pid, ErlNifMonitor* monitor) { downs++; }
static void stop(ErlNifEnv* env, void* object, ErlNifEvent fd, int direct) { close(fd); }

static int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM info) {
  ErlNifResourceTypeInit init = {dtor, stop, down};
  type = enif_open_resource_type_x(env, "nif_t", &init, ERL_NIF_RT_CREATE, NULL);
  *private_data = (void*)42;
  return type ? 0 : 1;
}

// {Type, {Kind, Value}, PrintedForm}
static ERL_NIF_TERM describe(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  char text[300];
  long l;
  unsigned long ul;
  double d;
  ErlNifBinary bytes;
  ERL_NIF_TERM value;
  if (enif_get_long(env, argv[0], &l)) value = enif_make_tuple2(env, enif_make_atom(env, "long"), enif_make_long(env, l));
  else if (enif_get_ulong(env, argv[0], &ul)) value = enif_make_tuple2(env, enif_make_atom(env, "ulong"), enif_make_ulong(env, ul));
  else if (enif_get_double(env, argv[0], &d)) value = enif_make_tuple2(env, enif_make_atom(env, "double"), enif_make_double(env, d));
  else if (enif_inspect_iolist_as_binary(env, argv[0], &bytes))
    value = enif_make_tuple2(env, enif_make_atom(env, "bytes"), enif_make_binary(env, &bytes));
  else value = enif_make_tuple2(env, enif_make_atom(env, "other"), argv[0]);
  enif_snprintf(text, sizeof text, "%T|%-4s|%03d", argv[0], "ab", 7);
  return enif_make_tuple3(env, enif_make_int(env, enif_term_type(env, argv[0])), value, enif_make_string(env, text, ERL_NIF_LATIN1));
}

static ERL_NIF_TERM pairs(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  ErlNifMapIterator i;
  ERL_NIF_TERM key, value, list = enif_make_list(env, 0);
  if (!enif_map_iterator_create(env, argv[0], &i, ERL_NIF_MAP_ITERATOR_LAST)) return enif_make_badarg(env);
  while (enif_map_iterator_get_pair(env, &i, &key, &value)) {
    list = enif_make_list_cell(env, enif_make_tuple2(env, key, value), list);
    enif_map_iterator_prev(env, &i);
  }
  enif_map_iterator_destroy(env, &i);
  return list;
}

// {[Elements], IsTaggedOk}
static ERL_NIF_TERM elements(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  int n;
  const ERL_NIF_TERM* t;
  if (!enif_get_tuple(env, argv[0], &n, &t)) return enif_make_badarg(env);
  int ok = n > 0 && t[0] == enif_make_atom(env, "ok");
  return enif_make_tuple2(env, enif_make_list_from_array(env, t, n), enif_make_int(env, ok));
}

static ERL_NIF_TERM raise_it(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) { return enif_raise_exception(env, argv[0]); }

// {Resource, BinaryOfIt, ResultOfMonitor}
static ERL_NIF_TERM make(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  int* object = enif_alloc_resource(type, sizeof(int));
  ErlNifPid pid;
  ErlNifMonitor monitor;
  int result = -9;
  *object = 17;
  if (enif_get_local_pid(env, argv[0], &pid)) result = enif_monitor_process(env, object, &pid, &monitor);
  ERL_NIF_TERM t = enif_make_resource(env, object);
  ERL_NIF_TERM binary = enif_make_resource_binary(env, object, "static bytes", 12);
  enif_release_resource(object);
  return enif_make_tuple3(env, t, binary, enif_make_int(env, result));
}
static ERL_NIF_TERM get(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  void* object;
  return enif_get_resource(env, argv[0], type, &object) ? enif_make_int(env, *(int*)object) : enif_make_badarg(env);
}
static ERL_NIF_TERM counts(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  return enif_make_tuple3(env, enif_make_int(env, downs), enif_make_int(env, destroyed), enif_make_long(env, (long)enif_priv_data(env)));
}

static void* send_three(void* argument) {
  ErlNifEnv* env = enif_alloc_env();
  for (int i = 0; i < 3; i++) {
    enif_send(NULL, argument, env, enif_make_tuple2(env, enif_make_atom(env, "from_thread"), enif_make_int(env, i)));
    enif_clear_env(env);
  }
  enif_free_env(env);
  return NULL;
}
static ERL_NIF_TERM thread(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  ErlNifPid self;
  ErlNifTid id;
  enif_self(env, &self);
  enif_thread_create("nif_t", &id, send_three, &self, NULL);
  enif_thread_join(id, NULL);
  return enif_make_atom(env, "ok");
}

// Sum of 1..N, as long as it is small, one addition per call, on schedulers of all kinds in turn.
static ERL_NIF_TERM sum(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  int n, so_far;
  enif_get_int(env, argv[0], &n);
  enif_get_int(env, argv[1], &so_far);
  if (so_far > 1000000) return enif_make_badarg(env);
  if (n == 0) return enif_make_int(env, so_far);
  ERL_NIF_TERM next[] = {enif_make_int(env, n - 1), enif_make_int(env, so_far + n)};
  return enif_schedule_nif(env, "sum", n % 3, sum, 2, next);
}
static ERL_NIF_TERM thread_type(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) { return enif_make_int(env, enif_thread_type()); }

// {Resource, Ref, Result}: the read end of a pipe with a byte in it.
static ERL_NIF_TERM select_pipe(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  int ends[2];
  if (pipe(ends) < 0 || write(ends[1], "x", 1) < 0) return enif_make_badarg(env);
  close(ends[1]);
  int* object = enif_alloc_resource(type, sizeof(int));
  *object = ends[0];
  ERL_NIF_TERM t = enif_make_resource(env, object), ref = enif_make_ref(env);
  enif_release_resource(object);
  return enif_make_tuple3(env, t, ref, enif_make_int(env, enif_select(env, ends[0], ERL_NIF_SELECT_READ, object, NULL, ref)));
}
/* The end that is written to of a pipe nobody reads: an error from the start. */
static ERL_NIF_TERM select_error(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  int ends[2];
  if (pipe(ends) < 0) return enif_make_badarg(env);
  close(ends[0]);
  int* object = enif_alloc_resource(type, sizeof(int));
  *object = ends[1];
  ERL_NIF_TERM t = enif_make_resource(env, object), ref = enif_make_ref(env);
  enif_release_resource(object);
  return enif_make_tuple3(env, t, ref, enif_make_int(env, enif_select(env, ends[1], ERL_NIF_SELECT_ERROR, object, NULL, ref)));
}
static ERL_NIF_TERM keys(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  enum { kMany = 3000 };
  static ErlNifTSDKey all[kMany];
  int right = 1;
  for (long i = 0; i < kMany; i++) {
    if (enif_tsd_key_create("key", &all[i]) != 0) return enif_make_int(env, 0);
    enif_tsd_set(all[i], (void*)(i + 1));
  }
  for (long i = 0; i < kMany; i++) right = right && enif_tsd_get(all[i]) == (void*)(i + 1);
  for (int i = 0; i < kMany; i++) {
    enif_tsd_set(all[i], NULL);
    enif_tsd_key_destroy(all[i]);
  }
  return enif_make_int(env, right);
}
static ERL_NIF_TERM select_stop(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  void* object;
  if (!enif_get_resource(env, argv[0], type, &object)) return enif_make_badarg(env);
  return enif_make_int(env, enif_select(env, *(int*)object, ERL_NIF_SELECT_STOP, object, NULL, enif_make_atom(env, "undefined")));
}

// Waits until its process has ended, and sends {Alive, Found, {sent, Sent}} where the last two say whether a name was found and what came of a message, in
// the name of the process, before: both is 0 for one that has ended.
static ERL_NIF_TERM outlive(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  ErlNifPid to, self, found;
  if (!enif_get_local_pid(env, argv[0], &to)) return enif_make_badarg(env);
  enif_self(env, &self);
  enif_send(env, &to, NULL, enif_make_atom(env, "waiting"));
  while (enif_is_current_process_alive(env)) usleep(1000);
  int alive = enif_is_process_alive(env, &self);
  int name = enif_whereis_pid(env, enif_make_atom(env, "init"), &found);
  int sent = enif_send(env, &to, NULL, enif_make_atom(env, "ghost"));
  ErlNifEnv* own = enif_alloc_env();
  enif_send(NULL, &to, own, enif_make_tuple3(own, enif_make_int(own, alive), enif_make_int(own, name), enif_make_int(own, sent)));
  enif_free_env(own);
  return argv[0];
}

static ERL_NIF_TERM spend(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  int percent = 0;
  (void)argc;
  enif_get_int(env, argv[0], &percent);
  return enif_make_int(env, enif_consume_timeslice(env, percent));
}

// Sends from a dirty scheduler.
static ERL_NIF_TERM tell(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  ErlNifPid to;
  (void)argc;
  return enif_make_int(env, enif_get_local_pid(env, argv[0], &to) && enif_send(env, &to, NULL, argv[1]));
}

static ErlNifFunc functions[] = {
    {"describe", 1, describe}, {"pairs", 1, pairs}, {"elements", 1, elements}, {"raise_it", 1, raise_it}, {"make", 1, make},
    {"get", 1, get}, {"counts", 0, counts}, {"thread", 0, thread}, {"sum", 2, sum},
    {"on_normal", 0, thread_type}, {"on_cpu", 0, thread_type, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"on_io", 0, thread_type, ERL_NIF_DIRTY_JOB_IO_BOUND}, {"select_pipe", 0, select_pipe}, {"select_stop", 1, select_stop},
    {"select_error", 0, select_error}, {"keys", 0, keys}, {"outlive", 1, outlive, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"spend", 1, spend}, {"tell", 2, tell, ERL_NIF_DIRTY_JOB_IO_BOUND},
};
ERL_NIF_INIT(nif_t, functions, load, NULL, NULL, NULL)
