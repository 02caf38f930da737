// SPDX-License-Identifier: Apache-2.0
//
// I/O vectors and queues of them.
//
// An element is a range of bytes and the reference-counted object that keeps it (ref_bins). Bytes that lie on a process's heap have no such
// object: an environment keeps them for the time of a call, and who needs them longer (a queue, a vector without environment) copies
// them.
#include <cstring>
#include <vector>

#include "nif/env_internal.h"

using namespace vm;
using nif::in;
using nif::out;
using term::BinaryData;

// The visible part is contiguous: elements[first ..] are what is in the queue.
struct erts_io_queue {
  std::vector<SysIOVec> elements;
  std::vector<BinaryData*> owners;  // one reference each
  std::size_t first = 0;
  std::size_t bytes = 0;

  void push(BinaryData* owner, char* data, std::size_t n) {
    if (n == 0) {
      owner->release();
      return;
    }
    elements.push_back({data, n});
    owners.push_back(owner);
    bytes += n;
  }
  void compact() {
    if (first * 2 < elements.size() && first < 64) return;
    elements.erase(elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(first));
    owners.erase(owners.begin(), owners.begin() + static_cast<std::ptrdiff_t>(first));
    first = 0;
  }
};

namespace {

constexpr int kHeapAllocated = 1;   // iov, ref_bins belong to the vector
constexpr int kOwnsReferences = 2;  // made without environment: one reference per element
constexpr int kSelfAllocated = 4;   // the ErlNifIOVec itself

// Object that keeps the bytes of an aligned binary, or nullptr.
BinaryData* keeper_of(Term t) {
  const Word* p = t.boxed_ptr();
  if (term::HeaderWord(*p).kind() == term::Kind::SubBits) p = Term::from_bits(p[term::SubBitsWords::kOriginal]).boxed_ptr();
  if (term::HeaderWord(*p).kind() != term::Kind::RefcBinary) return nullptr;
  return reinterpret_cast<BinaryData*>(p[term::RefcBinaryWords::kData]);
}

// Describes one binary of the list. With an environment, bytes are borrowed; without, a reference or a copy is taken.
bool describe_element(ErlNifEnv* env, Term t, SysIOVec* iov, void** ref) {
  if (!t.is_binary()) return false;
  term::Bits bits = term::bits_of(t);
  std::size_t n = bits.size / 8;
  BinaryData* keeper = bits.byte_aligned() ? keeper_of(t) : nullptr;
  if (keeper || (env && bits.byte_aligned())) {
    if (!env) keeper->add_ref();
    *iov = {reinterpret_cast<char*>(const_cast<Byte*>(bits.bytes())), n};
    *ref = keeper;
    return true;
  }
  Byte* to = nullptr;
  if (env) {
    to = static_cast<Byte*>(env->allocate_temporary(n));
    *ref = nullptr;
  } else {
    BinaryData* copy = BinaryData::create(n);
    to = copy->bytes;
    *ref = copy;
  }
  unsigned shift = bits.offset & 7;
  const Byte* from = bits.base + (bits.offset >> 3);
  for (std::size_t i = 0; i < n; i++) to[i] = shift ? static_cast<Byte>(from[i] << shift | from[i + 1] >> (8 - shift)) : from[i];
  *iov = {reinterpret_cast<char*>(to), n};
  return true;
}

}  // namespace

extern "C" {

ErlNifIOQueue* enif_ioq_create(ErlNifIOQueueOpts opts) { return opts == ERL_NIF_IOQ_NORMAL ? new erts_io_queue : nullptr; }

void enif_ioq_destroy(ErlNifIOQueue* q) {
  for (std::size_t i = q->first; i < q->owners.size(); i++) q->owners[i]->release();
  delete q;
}

size_t enif_ioq_size(ErlNifIOQueue* q) { return q->bytes; }

int enif_ioq_enq_binary(ErlNifIOQueue* q, ErlNifBinary* bin, size_t skip) {
  if (skip > bin->size) return 0;
  auto* data = static_cast<BinaryData*>(bin->ref_bin);
  if (!data) {
    data = BinaryData::create(bin->size);
    std::memcpy(data->bytes, bin->data, bin->size);
    q->push(data, reinterpret_cast<char*>(data->bytes) + skip, bin->size - skip);
    return 1;
  }
  bin->ref_bin = nullptr;  // the queue owns it now
  q->push(data, reinterpret_cast<char*>(bin->data) + skip, bin->size - skip);
  return 1;
}

int enif_ioq_enqv(ErlNifIOQueue* q, ErlNifIOVec* vec, size_t skip) {
  if (skip > vec->size) return 0;
  for (int i = 0; i < vec->iovcnt; i++) {
    std::size_t n = vec->iov[i].iov_len;
    if (skip >= n) {
      skip -= n;
      continue;
    }
    const char* from = vec->iov[i].iov_base + skip;
    n -= skip;
    skip = 0;
    auto* keeper = static_cast<BinaryData*>(vec->ref_bins[i]);
    if (keeper) {
      keeper->add_ref();
      q->push(keeper, const_cast<char*>(from), n);
    } else {
      BinaryData* copy = BinaryData::create(n);
      std::memcpy(copy->bytes, from, n);
      q->push(copy, reinterpret_cast<char*>(copy->bytes), n);
    }
  }
  return 1;
}

int enif_ioq_deq(ErlNifIOQueue* q, size_t count, size_t* size) {
  if (count > q->bytes) return 0;
  q->bytes -= count;
  while (count > 0) {
    SysIOVec& head = q->elements[q->first];
    if (count < head.iov_len) {
      head.iov_base += count;
      head.iov_len -= count;
      break;
    }
    count -= head.iov_len;
    q->owners[q->first++]->release();
  }
  q->compact();
  if (size) *size = q->bytes;
  return 1;
}

SysIOVec* enif_ioq_peek(ErlNifIOQueue* q, int* count) {
  *count = static_cast<int>(q->elements.size() - q->first);
  return *count ? q->elements.data() + q->first : nullptr;
}

int enif_ioq_peek_head(ErlNifEnv* env, ErlNifIOQueue* q, size_t* size, ERL_NIF_TERM* head) {
  if (q->bytes == 0) return 0;
  const SysIOVec& v = q->elements[q->first];
  const auto* bytes = reinterpret_cast<const Byte*>(v.iov_base);
  if (size) *size = v.iov_len;
  if (v.iov_len <= term::kHeapBinaryLimit) {
    *head = out(term::make_binary(*env->heap, {bytes, v.iov_len}));
    return 1;
  }
  q->owners[q->first]->add_ref();
  *head = out(term::make_refc_binary(*env->heap, q->owners[q->first], bytes, v.iov_len));
  return 1;
}

int enif_inspect_iovec(ErlNifEnv* env, size_t max_length, ERL_NIF_TERM list, ERL_NIF_TERM* tail, ErlNifIOVec** result) {
  std::size_t n = 0;
  Term rest = in(list);
  for (; rest.is_cons() && n < max_length; rest = rest.tail()) {
    if (!rest.head().is_binary()) return 0;
    n++;
  }
  if (!rest.is_list()) return 0;
  ErlNifIOVec* vec = *result;
  int flags = env ? 0 : kOwnsReferences;
  if (!vec || !env) {
    vec = static_cast<ErlNifIOVec*>(env ? env->allocate_temporary(sizeof(ErlNifIOVec)) : std::malloc(sizeof(ErlNifIOVec)));
    VM_CHECK(vec != nullptr);
    if (!env) flags |= kSelfAllocated;
  }
  vec->iov = vec->small_iov;
  vec->ref_bins = vec->small_ref_bin;
  if (n > ERL_NIF_IOVEC_SIZE) {
    std::size_t bytes = n * (sizeof(SysIOVec) + sizeof(void*));
    void* block = env ? env->allocate_temporary(bytes) : std::malloc(bytes);
    VM_CHECK(block != nullptr);
    vec->iov = static_cast<SysIOVec*>(block);
    vec->ref_bins = reinterpret_cast<void**>(vec->iov + n);
    if (!env) flags |= kHeapAllocated;
  }
  vec->flags = flags;
  vec->iovcnt = static_cast<int>(n);
  vec->size = 0;
  Term at = in(list);
  for (std::size_t i = 0; i < n; i++, at = at.tail()) {
    describe_element(env, at.head(), &vec->iov[i], &vec->ref_bins[i]);
    vec->size += vec->iov[i].iov_len;
  }
  *tail = out(rest);
  *result = vec;
  return 1;
}

void enif_free_iovec(ErlNifIOVec* vec) {
  if (vec->flags & kOwnsReferences) {
    for (int i = 0; i < vec->iovcnt; i++) static_cast<BinaryData*>(vec->ref_bins[i])->release();
  }
  if (vec->flags & kHeapAllocated) std::free(vec->iov);
  if (vec->flags & kSelfAllocated) std::free(vec);
}

}  // extern "C"
