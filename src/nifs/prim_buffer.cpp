// SPDX-License-Identifier: Apache-2.0
//
// prim_buffer: a byte queue for read-ahead and write-behind. Small writes are collected in one block (the tail) before they become an element of
// the queue; everything else is passed on without copying. One process uses a buffer at a time (try_lock/unlock are for those that
// share one).
#include <erl_nif.h>

#include <atomic>
#include <cstring>
#include <new>

#include "nifs/entry.h"

namespace {

constexpr std::size_t kTailSize = 2048;
constexpr std::size_t kVectorLength = 64;
// A search through this many bytes takes a whole time slice.
constexpr std::size_t kSearchPerSlice = 16u << 20;

struct Buffer {
  ErlNifIOQueue* queue;
  ErlNifBinary tail;
  std::size_t tail_used = 0;
  bool has_tail = false;
  std::atomic<int> locked{0};

  // Makes the tail an element of the queue. False: out of memory.
  bool flush_tail() {
    if (!has_tail) return true;
    if (!enif_realloc_binary(&tail, tail_used) || !enif_ioq_enq_binary(queue, &tail, 0)) return false;
    has_tail = false;
    tail_used = 0;
    return true;
  }
  // Copies a small write to the tail. False: it is too large, or out of memory.
  bool collect(const ErlNifIOVec& vec) {
    if (tail_used + vec.size >= kTailSize) {
      if (vec.size >= kTailSize / 2 || !flush_tail()) return false;
    }
    if (!has_tail) {
      if (!enif_alloc_binary(kTailSize, &tail)) return false;
      has_tail = true;
    }
    for (int i = 0; i < vec.iovcnt; i++) {
      if (vec.iov[i].iov_len > 0) std::memcpy(tail.data + tail_used, vec.iov[i].iov_base, vec.iov[i].iov_len);
      tail_used += vec.iov[i].iov_len;
    }
    return true;
  }
};

ErlNifResourceType* buffer_type;
ERL_NIF_TERM ok, acquired, busy, not_found, out_of_memory, lock_order_violation;

void destroy(ErlNifEnv*, void* object) {
  auto* b = static_cast<Buffer*>(object);
  if (b->has_tail) enif_release_binary(&b->tail);
  enif_ioq_destroy(b->queue);
  b->~Buffer();
}

Buffer* buffer_of(ErlNifEnv* env, ERL_NIF_TERM t) {
  void* b = nullptr;
  return enif_get_resource(env, t, buffer_type, &b) ? static_cast<Buffer*>(b) : nullptr;
}

ERL_NIF_TERM make(ErlNifEnv* env, int, const ERL_NIF_TERM[]) {
  void* memory = enif_alloc_resource(buffer_type, sizeof(Buffer));
  auto* b = new (memory) Buffer;
  b->queue = enif_ioq_create(ERL_NIF_IOQ_NORMAL);
  ERL_NIF_TERM t = enif_make_resource(env, b);
  enif_release_resource(b);
  return t;
}

ERL_NIF_TERM size(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  if (!b) return enif_make_badarg(env);
  return enif_make_ulong(env, enif_ioq_size(b->queue) + b->tail_used);
}

ERL_NIF_TERM peek_head(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  if (!b) return enif_make_badarg(env);
  if (!b->flush_tail()) return enif_raise_exception(env, out_of_memory);
  ERL_NIF_TERM head;
  return enif_ioq_peek_head(env, b->queue, nullptr, &head) ? head : enif_make_badarg(env);
}

ERL_NIF_TERM copying_read(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  unsigned long wanted;
  if (!b || !enif_get_ulong(env, argv[1], &wanted)) return enif_make_badarg(env);
  if (!b->flush_tail()) return enif_raise_exception(env, out_of_memory);
  if (enif_ioq_size(b->queue) < wanted) return enif_make_badarg(env);
  ERL_NIF_TERM t;
  unsigned char* to = enif_make_new_binary(env, wanted, &t);
  int count;
  const SysIOVec* part = enif_ioq_peek(b->queue, &count);
  for (std::size_t left = wanted; left > 0; part++) {
    std::size_t n = part->iov_len < left ? part->iov_len : left;
    std::memcpy(to, part->iov_base, n);
    to += n;
    left -= n;
  }
  enif_ioq_deq(b->queue, wanted, nullptr);
  return t;
}

// args: buffer, list of binaries; a long list is taken in several steps.
ERL_NIF_TERM write(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  ErlNifIOVec vec, *data = &vec;
  ERL_NIF_TERM rest;
  if (!b || !enif_inspect_iovec(env, kVectorLength, argv[1], &rest, &data)) return enif_make_badarg(env);
  if (!b->collect(*data) && (!b->flush_tail() || !enif_ioq_enqv(b->queue, data, 0))) return enif_raise_exception(env, out_of_memory);
  if (enif_is_empty_list(env, rest)) return ok;
  const ERL_NIF_TERM again[] = {argv[0], rest};
  return enif_schedule_nif(env, "write", 0, write, argc, again);
}

ERL_NIF_TERM skip(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  unsigned long bytes;
  if (!b || !enif_get_ulong(env, argv[1], &bytes)) return enif_make_badarg(env);
  if (!b->flush_tail()) return enif_raise_exception(env, out_of_memory);
  return enif_ioq_deq(b->queue, bytes, nullptr) ? ok : enif_make_badarg(env);
}

// {ok, Offset} of the first such byte, or not_found.
ERL_NIF_TERM find_byte_index(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  int byte;
  if (!b || !enif_get_int(env, argv[1], &byte)) return enif_make_badarg(env);
  if (!b->flush_tail()) return enif_raise_exception(env, out_of_memory);
  if (byte < 0 || byte > 255) return enif_make_badarg(env);
  std::size_t bytes = enif_ioq_size(b->queue);
  if (bytes > kSearchPerSlice / 100 && enif_thread_type() == ERL_NIF_THR_NORMAL_SCHEDULER) {
    if (bytes >= kSearchPerSlice) return enif_schedule_nif(env, "find", ERL_NIF_DIRTY_JOB_CPU_BOUND, find_byte_index, argc, argv);
    enif_consume_timeslice(env, static_cast<int>(bytes * 100 / kSearchPerSlice));
  }
  int count;
  const SysIOVec* part = enif_ioq_peek(b->queue, &count);
  std::size_t before = 0;
  for (int i = 0; i < count; before += part[i++].iov_len) {
    const void* found = std::memchr(part[i].iov_base, byte, part[i].iov_len);
    if (!found) continue;
    std::size_t offset = before + static_cast<std::size_t>(static_cast<const char*>(found) - part[i].iov_base);
    return enif_make_tuple2(env, ok, enif_make_ulong(env, offset));
  }
  return not_found;
}

ERL_NIF_TERM try_lock(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  if (!b) return enif_make_badarg(env);
  return b->locked.exchange(1, std::memory_order_acquire) == 0 ? acquired : busy;
}

ERL_NIF_TERM unlock(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Buffer* b = buffer_of(env, argv[0]);
  if (!b) return enif_make_badarg(env);
  return b->locked.exchange(0, std::memory_order_release) == 1 ? ok : enif_raise_exception(env, lock_order_violation);
}

int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM) {
  ok = enif_make_atom(env, "ok");
  acquired = enif_make_atom(env, "acquired");
  busy = enif_make_atom(env, "busy");
  not_found = enif_make_atom(env, "not_found");
  out_of_memory = enif_make_atom(env, "out_of_memory");
  lock_order_violation = enif_make_atom(env, "lock_order_violation");
  buffer_type = enif_open_resource_type(env, nullptr, "gc_buffer", destroy, ERL_NIF_RT_CREATE, nullptr);
  *private_data = nullptr;
  return buffer_type ? 0 : -1;
}

ErlNifFunc functions[] = {
    {"new", 0, make, 0},
    {"size", 1, size, 0},
    {"peek_head", 1, peek_head, 0},
    {"copying_read", 2, copying_read, 0},
    {"write", 2, write, 0},
    {"skip", 2, skip, 0},
    {"find_byte_index", 2, find_byte_index, 0},
    {"try_lock", 1, try_lock, 0},
    {"unlock", 1, unlock, 0},
};

ErlNifEntry entry = vm::nifs::entry_of("prim_buffer", functions, load);

}  // namespace

extern "C" ErlNifEntry* prim_buffer_nif_init() { return &entry; }
