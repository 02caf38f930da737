// SPDX-License-Identifier: Apache-2.0
//
// Reference-counted bytes outside every heap. What a NIF or driver sees as an ErlDrvBinary is the part from `size` on:
// {long size; char bytes[]}; the hidden header lies before it. Any thread may hold a reference; bytes are immutable once the
// binary is shared, except for the tail beyond the size of a writable binary, which its single appender may fill.
#pragma once

#include <atomic>

#include "term/term.h"

namespace vm::term {

struct BinaryData {
  std::atomic<std::intptr_t> refs;
  std::uint32_t flags;  // kWritable and friends
  std::uint32_t reserved;
  void (*destructor)(BinaryData*);  // nullptr: plain bytes
  std::size_t capacity;             // bytes allocated from `bytes` on
  // --- visible to native code as ErlDrvBinary
  std::size_t size;
  Byte bytes[];

  static constexpr std::uint32_t kWritable = 1;  // made by bs_append/bs_init_writable: the tail may grow in place

  // One reference held by the caller. capacity >= size; bytes are uninitialised.
  static BinaryData* create(std::size_t size, std::size_t capacity = 0);
  // Only while exactly one reference exists. May move.
  static BinaryData* grow(BinaryData* data, std::size_t capacity);
  void add_ref() { refs.fetch_add(1, std::memory_order_relaxed); }
  void release();  // frees at zero

  // Off-heap bytes of the whole VM, for erlang:memory(binary).
  static std::size_t total_bytes();
};

// Payload of a magic reference (ETS table ids, compiled patterns, atomics, NIF resources): a refcounted object with a destructor, found by
// its reference. `type` is the address of a static tag that tells one kind of magic from another.
struct MagicData {
  std::atomic<std::intptr_t> refs{0};
  const void* type;
  void (*destroy)(MagicData*);
  std::uint32_t numbers[3]{};  // of the reference; set when the first term is made (see MagicRef::make)

  MagicData(const void* t, void (*d)(MagicData*)) : type(t), destroy(d) {}
  void add_ref() { refs.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(this);
  }
};

}  // namespace vm::term
