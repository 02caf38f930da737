// SPDX-License-Identifier: Apache-2.0
//
// Binaries. ErlNifBinary::ref_bin is the reference-counted object that native code owns one reference of; nullptr where the bytes belong to a
// term or to the environment.
#include <cstdlib>
#include <cstring>

#include "base/assert.h"
#include "nif/env_internal.h"
#include "term/work_stack.h"

using namespace vm;
using nif::in;
using nif::out;
using term::BinaryData;

namespace {

BinaryData* owned(const ErlNifBinary* bin) { return static_cast<BinaryData*>(bin->ref_bin); }

void describe(ErlNifBinary* bin, BinaryData* data, const Byte* bytes, std::size_t size) {
  bin->size = size;
  bin->data = const_cast<unsigned char*>(bytes);
  bin->ref_bin = data;
  bin->__spare__[0] = bin->__spare__[1] = nullptr;
}

// Bytes of a binary term; a copy in the environment when it does not begin at a byte.
bool bytes_of(ErlNifEnv* env, Term t, std::span<const Byte>* bytes) {
  if (!t.is_binary()) return false;
  term::Bits bits = term::bits_of(t);
  std::size_t n = bits.size / 8;
  if (bits.byte_aligned()) {
    *bytes = {bits.bytes(), n};
    return true;
  }
  auto* copy = static_cast<Byte*>(env->allocate_temporary(n));
  unsigned shift = bits.offset & 7;
  const Byte* from = bits.bytes();
  for (std::size_t i = 0; i < n; i++) copy[i] = static_cast<Byte>(from[i] << shift | from[i + 1] >> (8 - shift));
  *bytes = {copy, n};
  return true;
}

// Visits the parts of an iolist in order. Calls byte(b) and binary(t); false when it is none or a callback says so.
template <typename OnByte, typename OnBinary>
bool walk_iolist(Term t, OnByte&& byte, OnBinary&& binary) {
  if (t.is_bitstring()) return binary(t);
  if (!t.is_list()) return false;
  term::WorkStack<Term, 32> rest;
  for (;;) {
    if (t.is_cons()) {
      Term head = t.head();
      Term tail = t.tail();
      if (head.is_small()) {
        if (head.small_value() < 0 || head.small_value() > 255) return false;
        byte(static_cast<Byte>(head.small_value()));
      } else if (head.is_bitstring()) {
        if (!binary(head)) return false;
      } else if (head.is_cons()) {
        rest.push(tail);
        t = head;
        continue;
      } else if (!head.is_nil()) {
        return false;
      }
      t = tail;
    } else {
      if (t.is_bitstring()) {
        if (!binary(t)) return false;
      } else if (!t.is_nil()) {
        return false;
      }
      if (rest.empty()) return true;
      t = rest.pop();
    }
  }
}

}  // namespace

namespace {

// Whether the system would give so much. Sizes may come from anywhere, and a binary that can't be made ends the program.
bool can_have(std::size_t size) {
  constexpr std::size_t kLarge = 256u << 20, kHeader = 256;
  if (size > PTRDIFF_MAX / 2) return false;
  if (size < kLarge) return true;
  void* volatile probe = std::malloc(size + kHeader);  // volatile: the compiler would not ask
  std::free(probe);
  return probe != nullptr;
}

}  // namespace

extern "C" {

int enif_inspect_binary(ErlNifEnv* env, ERL_NIF_TERM t, ErlNifBinary* bin) {
  std::span<const Byte> bytes;
  if (!bytes_of(env, in(t), &bytes)) return 0;
  describe(bin, nullptr, bytes.data(), bytes.size());
  return 1;
}

int enif_inspect_iolist_as_binary(ErlNifEnv* env, ERL_NIF_TERM w, ErlNifBinary* bin) {
  Term t = in(w);
  if (t.is_bitstring()) return enif_inspect_binary(env, w, bin);
  std::size_t size = 0;
  bool ok = walk_iolist(
      t, [&](Byte) { size++; },
      [&](Term b) {
        size += term::bits_of(b).size / 8;
        return b.is_binary();
      });
  if (!ok) return 0;
  auto* to = static_cast<Byte*>(env->allocate_temporary(size));
  describe(bin, nullptr, to, size);
  walk_iolist(
      t, [&](Byte b) { *to++ = b; },
      [&](Term b) {
        std::span<const Byte> bytes;
        bytes_of(env, b, &bytes);
        if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
        to += bytes.size();
        return true;
      });
  return 1;
}

int enif_alloc_binary(size_t size, ErlNifBinary* bin) {
  if (!can_have(size)) return 0;
  BinaryData* data = BinaryData::create(size);
  describe(bin, data, data->bytes, size);
  return 1;
}

int enif_realloc_binary(ErlNifBinary* bin, size_t size) {
  if (!can_have(size)) return 0;
  BinaryData* data = owned(bin);
  if (!data || data->refs.load(std::memory_order_acquire) != 1) {
    // Read-only: goes on with a copy.
    BinaryData* copy = BinaryData::create(size);
    std::memcpy(copy->bytes, bin->data, size < bin->size ? size : bin->size);
    if (data) data->release();
    describe(bin, copy, copy->bytes, size);
    return 1;
  }
  if (size > data->capacity) data = BinaryData::grow(data, size);
  else if (size < data->capacity / 2 && data->capacity > 1024) {
    BinaryData* copy = BinaryData::create(size);  // gives the rest back
    std::memcpy(copy->bytes, data->bytes, size);
    data->release();
    data = copy;
  }
  data->size = size;
  describe(bin, data, data->bytes, size);
  return 1;
}

void enif_release_binary(ErlNifBinary* bin) {
  if (BinaryData* data = owned(bin)) data->release();
  bin->ref_bin = nullptr;
}

ERL_NIF_TERM enif_make_binary(ErlNifEnv* env, ErlNifBinary* bin) {
  BinaryData* data = owned(bin);
  if (!data) return out(term::make_binary(*env->heap, {bin->data, bin->size}));
  bin->ref_bin = nullptr;  // the term owns it now and keeps `data` readable
  return out(term::make_refc_binary(*env->heap, data, bin->data, bin->size));
}

unsigned char* enif_make_new_binary(ErlNifEnv* env, size_t size, ERL_NIF_TERM* t) {
  Byte* bytes = nullptr;
  *t = out(term::make_binary(*env->heap, size, &bytes));
  return bytes;
}

ERL_NIF_TERM enif_make_sub_binary(ErlNifEnv* env, ERL_NIF_TERM t, size_t pos, size_t size) {
  return out(term::make_sub_bits(*env->heap, in(t), pos * 8, size * 8));
}

}  // extern "C"
