// SPDX-License-Identifier: Apache-2.0
//
// Arrays of 64-bit atomics, and counters that are spread over schedulers so that adding on different ones never shares a cache line.
#include <atomic>
#include <cstdlib>
#include <new>

#include "bif/bif_decls.gen.h"
#include "ops/maps.h"
#include "proc/runtime.h"
#include "proc/send.h"

namespace vm::bif {

namespace {

const char kAtomicsType = 0;
const char kCountersType = 0;

constexpr std::size_t kLine = 64;
constexpr std::size_t kPerLine = kLine / sizeof(std::int64_t);
constexpr Word kMaxSize = Word{1} << 40;

struct Cells : term::MagicData {
  std::size_t size;  // as asked for
  bool is_signed;
  std::size_t lanes;   // 1, or one a scheduler and one for everybody else
  std::size_t stride;  // cells from one lane to the next: whole cache lines
  std::atomic<std::int64_t>* cells;

  Cells(const void* kind, std::size_t n, bool sign, std::size_t lane_count)
      : MagicData(kind, &Cells::drop), size(n), is_signed(sign), lanes(lane_count) {
    stride = lanes == 1 ? n : (n + kPerLine - 1) / kPerLine * kPerLine;
    std::size_t bytes = (stride * lanes * sizeof(std::int64_t) + kLine - 1) / kLine * kLine;
    cells = static_cast<std::atomic<std::int64_t>*>(std::aligned_alloc(kLine, bytes));
    if (cells)
      for (std::size_t i = 0; i < stride * lanes; i++) new (&cells[i]) std::atomic<std::int64_t>(0);
  }
  static void drop(term::MagicData* m) {
    auto* c = static_cast<Cells*>(m);
    std::free(c->cells);
    delete c;
  }
  std::size_t memory() const { return stride * lanes * sizeof(std::int64_t) + 40; }
  std::atomic<std::int64_t>& lane_cell(std::size_t i) {
    sched::Scheduler* s = sched::Scheduler::current();
    std::size_t lane = s ? s->id() % lanes : 0;
    return cells[lane * stride + i];
  }
};

// A number beyond any memory; stock looks for it before anything else.
bool too_many(Term size) {
  Word n;
  return size.is_kind(term::Kind::BigInt) && !term::BigInt::from(size).negative() && !term::to_uint64(size, &n);
}

BifResult make_cells(BifContext& cx, const void* type, Term size, bool is_signed, std::size_t lanes) {
  Word n;
  if (!term::to_uint64(size, &n)) return too_many(size) ? cx.system_limit() : cx.badarg();
  if (n == 0) return cx.badarg();
  if (n > kMaxSize / lanes) return cx.system_limit();
  auto* cells = new Cells(type, n, is_signed, lanes);
  if (!cells->cells) {
    Cells::drop(cells);
    return cx.system_limit();
  }
  proc::next_ref_numbers(cells->numbers);
  return term::make_magic_ref(cx.heap(), cells);
}

// One cell named by reference and 1-based index.
struct Place {
  Cells* array = nullptr;
  std::size_t index = 0;
  bool find(Term ref, Term position, const void* type) {
    array = static_cast<Cells*>(term::magic_of(ref, type));
    if (!array || !position.is_small()) return false;
    if (position.small_value() < 1 || position.small_value() > static_cast<SWord>(array->size)) return false;
    index = static_cast<std::size_t>(position.small_value() - 1);
    return true;
  }
  std::atomic<std::int64_t>& cell() const { return array->cells[index]; }
};

// A value to store: must lie in the array's range.
bool stored_value(const Cells& a, Term t, std::int64_t* out) {
  if (a.is_signed) return term::to_int64(t, out);
  Word w;
  if (!term::to_uint64(t, &w)) return false;
  *out = static_cast<std::int64_t>(w);
  return true;
}

// An increment may come from either range: arithmetic wraps.
bool increment(Term t, std::int64_t* out) {
  if (term::to_int64(t, out)) return true;
  Word w;
  if (!term::to_uint64(t, &w)) return false;
  *out = static_cast<std::int64_t>(w);
  return true;
}

Term value_term(BifContext& cx, const Cells& a, std::int64_t v) {
  return a.is_signed ? term::make_integer(cx.heap(), v) : term::make_unsigned(cx.heap(), static_cast<Word>(v));
}

}  // namespace

BifResult erts_internal_atomics_new_2(BifContext& cx, Term size, Term options) {
  if (!options.is_small()) return too_many(size) ? cx.system_limit() : cx.badarg();
  return make_cells(cx, &kAtomicsType, size, options.small_value() & 1, 1);
}

BifResult atomics_put_3(BifContext& cx, Term ref, Term position, Term value) {
  Place p;
  std::int64_t v;
  if (!p.find(ref, position, &kAtomicsType) || !stored_value(*p.array, value, &v)) return cx.badarg();
  p.cell().store(v);
  return atoms::ok;
}

BifResult atomics_get_2(BifContext& cx, Term ref, Term position) {
  Place p;
  if (!p.find(ref, position, &kAtomicsType)) return cx.badarg();
  return value_term(cx, *p.array, p.cell().load());
}

BifResult atomics_add_3(BifContext& cx, Term ref, Term position, Term value) {
  Place p;
  std::int64_t v;
  if (!p.find(ref, position, &kAtomicsType) || !increment(value, &v)) return cx.badarg();
  p.cell().fetch_add(v);
  return atoms::ok;
}

BifResult atomics_add_get_3(BifContext& cx, Term ref, Term position, Term value) {
  Place p;
  std::int64_t v;
  if (!p.find(ref, position, &kAtomicsType) || !increment(value, &v)) return cx.badarg();
  auto sum = static_cast<Word>(p.cell().fetch_add(v)) + static_cast<Word>(v);
  return value_term(cx, *p.array, static_cast<std::int64_t>(sum));
}

BifResult atomics_exchange_3(BifContext& cx, Term ref, Term position, Term value) {
  Place p;
  std::int64_t v;
  if (!p.find(ref, position, &kAtomicsType) || !stored_value(*p.array, value, &v)) return cx.badarg();
  return value_term(cx, *p.array, p.cell().exchange(v));
}

BifResult atomics_compare_exchange_4(BifContext& cx, Term ref, Term position, Term expected, Term value) {
  Place p;
  std::int64_t old, v;
  if (!p.find(ref, position, &kAtomicsType) || !stored_value(*p.array, expected, &old) || !stored_value(*p.array, value, &v))
    return cx.badarg();
  if (p.cell().compare_exchange_strong(old, v)) return atoms::ok;
  return value_term(cx, *p.array, old);
}

BifResult atomics_info_1(BifContext& cx, Term ref) {
  auto* a = static_cast<Cells*>(term::magic_of(ref, &kAtomicsType));
  if (!a) return cx.badarg();
  term::HeapWriter& h = cx.heap();
  Term max = a->is_signed ? term::make_integer(h, INT64_MAX) : term::make_unsigned(h, UINT64_MAX);
  Term min = a->is_signed ? term::make_integer(h, INT64_MIN) : Term::small(0);
  Term pairs[] = {atoms::size,   term::make_unsigned(h, a->size),    atoms::max, max, atoms::min, min,
                  atoms::memory, term::make_unsigned(h, a->memory())};
  return ops::map_from_pairs(h, pairs);
}

// --- counters --------------------------------------------------------------------------------------------------------------------

BifResult erts_internal_counters_new_1(BifContext& cx, Term size) {
  return make_cells(cx, &kCountersType, size, true, cx.runtime().schedulers->scheduler_count() + 1);
}

BifResult erts_internal_counters_get_2(BifContext& cx, Term ref, Term position) {
  Place p;
  if (!p.find(ref, position, &kCountersType)) return cx.badarg();
  Word sum = 0;
  for (std::size_t lane = 0; lane < p.array->lanes; lane++)
    sum += static_cast<Word>(p.array->cells[lane * p.array->stride + p.index].load(std::memory_order_relaxed));
  return term::make_integer(cx.heap(), static_cast<std::int64_t>(sum));
}

BifResult erts_internal_counters_add_3(BifContext& cx, Term ref, Term position, Term value) {
  Place p;
  std::int64_t v;
  if (!p.find(ref, position, &kCountersType) || !increment(value, &v)) return cx.badarg();
  p.array->lane_cell(p.index).fetch_add(v, std::memory_order_relaxed);
  return atoms::ok;
}

BifResult erts_internal_counters_put_3(BifContext& cx, Term ref, Term position, Term value) {
  Place p;
  std::int64_t v;
  if (!p.find(ref, position, &kCountersType) || !term::to_int64(value, &v)) return cx.badarg();
  for (std::size_t lane = 0; lane < p.array->lanes; lane++)
    p.array->cells[lane * p.array->stride + p.index].store(lane ? 0 : v, std::memory_order_relaxed);
  return atoms::ok;
}

BifResult erts_internal_counters_info_1(BifContext& cx, Term ref) {
  auto* a = static_cast<Cells*>(term::magic_of(ref, &kCountersType));
  if (!a) return cx.badarg();
  term::HeapWriter& h = cx.heap();
  Term pairs[] = {atoms::size, term::make_unsigned(h, a->size), atoms::memory, term::make_unsigned(h, a->memory())};
  return ops::map_from_pairs(h, pairs);
}

}  // namespace vm::bif
