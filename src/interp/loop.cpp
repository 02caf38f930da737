// SPDX-License-Identifier: Apache-2.0
//
// The interpreter loop. Handlers live in the themed op_*.inc files; this file holds the machine state and the words they are written in.
//
// Rules. 1. pc, sp, htop, reds and x are locals whose address is never taken, so that they stay in machine registers. 2. Before a call
// out of line that looks at the process: SAVE(); after it: LOAD(). 3. Operands are read again after anything that may collect. 4. A handler ends in NEXT, GO,
// DISPATCH or a goto. 5. An instruction that can collect does so before it changes a register or after its result is safe.
#include "interp/loop.h"

#include <atomic>
#include <bit>
#include <cmath>

#include "interp/instructions.h"
#include "interp/slow.h"
#include "ops/apply.h"
#include "ops/arith.h"
#include "ops/bits.h"
#include "ops/bits_fast.h"
#include "ops/maps.h"
#include "ops/raise.h"
#include "proc/direct_delivery.h"
#include "proc/saved_calls.h"
#include "proc/send.h"
#include "term/compare.h"
#include "term/map_layout.h"

namespace vm::interp {

using proc::Engine;
using Stop = Engine::Stop;

namespace {

constexpr std::size_t kMaxGuardArgs = 256;

inline bool less(Term a, Term b) {
  if (VM_LIKELY(((a.bits() | b.bits()) & 7) == 0)) return static_cast<SWord>(a.bits()) < static_cast<SWord>(b.bits());
  return term::compare(a, b) < 0;
}

// The entry of a near call: 0 in the cell until the function is decoded. Threads may write the cell at the same time: all write the same.
inline CodePtr near_entry(CodePtr cell, CodePtr function) {
  std::atomic_ref<CodeWord> target(*const_cast<CodeWord*>(cell));
  auto to = reinterpret_cast<CodePtr>(target.load(std::memory_order_acquire));
  if (VM_LIKELY(to != nullptr)) return to;
  const auto* f = reinterpret_cast<const code::Function*>(*function);
  to = f->entry.load(std::memory_order_acquire);
  if (to != f->stub) target.store(reinterpret_cast<CodeWord>(to), std::memory_order_release);
  return to;
}

// A cell that says where a call of a fun went the last time.
inline CodePtr note_of(CodePtr cell) {
  return reinterpret_cast<CodePtr>(std::atomic_ref<CodeWord>(*const_cast<CodeWord*>(cell)).load(std::memory_order_relaxed));
}
inline void set_note(CodePtr cell, CodePtr to) {
  std::atomic_ref<CodeWord>(*const_cast<CodeWord*>(cell)).store(reinterpret_cast<CodeWord>(to), std::memory_order_relaxed);
}

// Where a flat map has a key that is told by its word: 1 for its first key, 0 for nowhere. The upper half of the cell `note` says where that was the
// last time, for maps of one shape follow one another.
inline Word place_in_map(Term map, Word key, CodePtr note) {
  const Word* keys = Term::from_bits(map.boxed_ptr()[term::FlatMapWords::kKeys]).boxed_ptr();
  Word n = term::HeaderWord(*keys).words();
  std::atomic_ref<CodeWord> noted(*const_cast<CodeWord*>(note));
  Word cell = noted.load(std::memory_order_relaxed), at = cell >> 32;
  if (VM_LIKELY(at <= n && keys[at] == key)) return at;  // no key is the header at 0
  for (Word i = 1; i <= n; i++) {
    if (keys[i] != key) continue;
    noted.store(i << 32 | static_cast<std::uint32_t>(cell), std::memory_order_relaxed);
    return i;
  }
  return 0;
}

// What callers of a built-in run now; others may change it meanwhile.
inline code::BifCall enter_now(const code::Bif& b) { return std::atomic_ref<code::BifCall>(b.enter).load(std::memory_order_acquire); }

// Cells that are a built-in's entry: what it goes on as returns to its caller.
inline bool is_entry_of_bif(CodeWord cell) {
  return cell == cell_of(code::Op::call_bif_export) || cell == cell_of(Fused::call_bif_untraced) || cell == cell_of(Fused::native_form);
}

void set_function_clause(Registers& r, CodePtr pc) {
  // [label][module][function][arity]
  set_error(*r.process, atoms::function_clause);
  set_bif_arguments(*r.process, {r.x, pc[3] < kXRegisters ? pc[3] : 0});
}

}  // namespace

// --- the handlers' vocabulary ------------------------------------------------------------------------------------------------
#define OP(name) op_##name
// The first cell of a function changes under us when a breakpoint is set or cleared: either word is a good one. Only the thread sanitizer has to be told;
// as an atomic load it would not be part of the jump. (On x86-64 every load acquires.)
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define OPCODE() __atomic_load_n(pc, __ATOMIC_ACQUIRE)
#endif
#endif
#ifndef OPCODE
#define OPCODE() (*pc)
#endif
#define DISPATCH() goto* reinterpret_cast<const void*>(OPCODE())
#define NEXT(n) \
  do {          \
    pc += (n);  \
    DISPATCH(); \
  } while (0)
#define GO(to)                          \
  do {                                  \
    pc = reinterpret_cast<CodePtr>(to); \
    DISPATCH();                         \
  } while (0)
#define SRC(i) read_source(pc[i], x, sp)
#define DST(i) (*destination(pc[i], x, sp))
#define XR(i) (*const_cast<Word*>(at_register(x, pc[i])))
#define YR(i) (*const_cast<Word*>(at_register(sp, pc[i])))
#define CR(i) (pc[i])
#define SAVE() (p->heap.top_ = htop, p->heap.limit_ = sp, p->reductions_left = reds)
#define LOAD() (htop = p->heap.top_, sp = p->heap.limit_, reds = p->reductions_left)
#define SIGNED(t) static_cast<SWord>((t).bits())
#define BOTH_SMALL(a, b) ((((a).bits() | (b).bits()) & 7) == 0)
#define TUPLE_HAS(t, i) ((t).is_boxed() && (t).is_tuple() && (i) < term::header_of(t).words())
// Makes a collection with x0..x(live-1) as roots, `need` words free afterwards.
#define COLLECT(live, need)                                       \
  do {                                                            \
    SAVE();                                                       \
    if (!collect_garbage(*r, (live), (need))) return Stop::Ended; \
    LOAD();                                                       \
  } while (0)
#define TEST_HEAP(need, live)                                                           \
  do {                                                                                  \
    if (VM_UNLIKELY(static_cast<std::size_t>(sp - htop) < (need))) COLLECT(live, need); \
  } while (0)
#define COLLECT_IF_WANTED(live)                                    \
  do {                                                             \
    if (VM_UNLIKELY(p->heap.wants_collection())) COLLECT(live, 0); \
  } while (0)
// The same at an instruction that has a fresh `value`, not yet in a register.
#define COLLECT_KEEPING(value, live)                                       \
  do {                                                                     \
    if (VM_UNLIKELY(p->heap.wants_collection()) && (live) < kXRegisters) { \
      x[live] = (value);                                                   \
      COLLECT((live) + 1, 0);                                              \
      (value) = x[live];                                                   \
    }                                                                      \
  } while (0)
// Words whose room was tested; code that did not test gets a fragment.
#define NEW_WORDS(n) (VM_LIKELY(static_cast<std::size_t>(sp - htop) >= (n)) ? (htop += (n), htop - (n)) : untested_words(p, htop, sp, (n)))
#define OPEN_FRAME(n)                                           \
  do {                                                          \
    Word slots = (n);                                           \
    sp -= slots;                                                \
    for (Word i = 0; i < slots; i++) sp[i] = term::kNil.bits(); \
  } while (0)
#define PUSH_RETURN(to)                 \
  do {                                  \
    sp -= 2;                            \
    sp[0] = heap::kFrameMarker;         \
    sp[1] = reinterpret_cast<Word>(to); \
  } while (0)
#define SLOW_CALL(entry, arity, back)               \
  do {                                              \
    call_target = (entry);                          \
    call_arity = static_cast<std::uint32_t>(arity); \
    return_to = (back);                             \
    goto slow_call;                                 \
  } while (0)
#define CALL_BIF_BY(b, function)  \
  SAVE();                         \
  p->pc = pc;                     \
  p->current_mfa = &(b)->mfa;     \
  Term value = (function)(cx, x); \
  p->current_mfa = nullptr;       \
  LOAD();                         \
  --reds
#define CALL_BIF(b) CALL_BIF_BY(b, enter_now(*(b)))
#define BIF_NO_VALUE(b, back, slots, at) \
  do {                                   \
    failed_bif = (b);                    \
    return_to = (back);                  \
    drop = (slots);                      \
    raise_at = (at);                     \
    goto bif_no_value;                   \
  } while (0)
#define RAISE_FIRST(mfa) \
  do {                   \
    first = (mfa);       \
    raise_at = pc;       \
    goto raise_first;    \
  } while (0)
#define RAISE_PAIR(tag)                \
  do {                                 \
    SAVE();                            \
    set_error(*p, atoms::tag, SRC(1)); \
    LOAD();                            \
    goto raise;                        \
  } while (0)
#define BRANCH_CLEAR(label)               \
  do {                                    \
    p->pending = proc::PendingKind::None; \
    GO(label);                            \
  } while (0)
#define FAIL_OR_RAISE(i)            \
  do {                              \
    if (pc[i]) BRANCH_CLEAR(pc[i]); \
    goto raise;                     \
  } while (0)
#define BRANCH_UNLESS(condition, n) \
  do {                              \
    if (!(condition)) GO(pc[1]);    \
    NEXT(n);                        \
  } while (0)
#define SLOW_ARITH(op, a, b, n) \
  do {                          \
    arith_op = Arith::op;       \
    arith_a = (a);              \
    arith_b = (b);              \
    cells = (n);                \
    goto slow_arith;            \
  } while (0)
#define FLOAT_RESULT(dst, expression)                             \
  do {                                                            \
    double result = (expression);                                 \
    if (VM_UNLIKELY(!std::isfinite(result))) goto bad_arith_fail; \
    r->f[pc[dst]] = result;                                       \
    NEXT((dst) + 1);                                              \
  } while (0)
#define CONTEXT(i) \
  SRC(i);          \
  if (VM_UNLIKELY(!c.is_kind(term::Kind::MatchContext))) goto bad_operand
#define BS_GET(kind)                                                                         \
  do {                                                                                       \
    Term c = CONTEXT(2);                                                                     \
    SAVE();                                                                                  \
    Term value = bs_get(*p, BitField::kind, c, SRC(4), pc[5], static_cast<unsigned>(pc[6])); \
    LOAD();                                                                                  \
    if (!value.is_value()) GO(pc[1]);                                                        \
    COLLECT_KEEPING(value, pc[3]);                                                           \
    DST(7) = value.bits();                                                                   \
    NEXT(8);                                                                                 \
  } while (0)
#define BS_GET_UNICODE(kind, flags, dst)                                             \
  do {                                                                               \
    Term c = CONTEXT(2);                                                             \
    SAVE();                                                                          \
    Term value = bs_get_unicode(*p, Unicode::kind, c, static_cast<unsigned>(flags)); \
    LOAD();                                                                          \
    if (!value.is_value()) GO(pc[1]);                                                \
    DST(dst) = value.bits();                                                         \
    NEXT((dst) + 1);                                                                 \
  } while (0)
#define BS_SKIP_UNICODE(kind, flags, n)                                              \
  do {                                                                               \
    Term c = CONTEXT(2);                                                             \
    SAVE();                                                                          \
    Term value = bs_get_unicode(*p, Unicode::kind, c, static_cast<unsigned>(flags)); \
    LOAD();                                                                          \
    if (!value.is_value()) GO(pc[1]);                                                \
    NEXT(n);                                                                         \
  } while (0)
#define BS_PUT(kind)                                                                              \
  do {                                                                                            \
    SAVE();                                                                                       \
    bool ok = build_put(*r, BitField::kind, SRC(5), SRC(2), pc[3], static_cast<unsigned>(pc[4])); \
    LOAD();                                                                                       \
    if (VM_UNLIKELY(!ok)) FAIL_OR_RAISE(1);                                                       \
    NEXT(6);                                                                                      \
  } while (0)
#define BS_PUT_UNICODE(kind)                                                              \
  do {                                                                                    \
    SAVE();                                                                               \
    bool ok = build_put_unicode(*r, Unicode::kind, SRC(3), static_cast<unsigned>(pc[2])); \
    LOAD();                                                                               \
    if (VM_UNLIKELY(!ok)) FAIL_OR_RAISE(1);                                               \
    NEXT(4);                                                                              \
  } while (0)

namespace {

[[gnu::noinline]] Word* untested_words(Process* p, Word* htop, Word* sp, std::size_t n) {
  p->heap.top_ = htop;
  p->heap.limit_ = sp;
  return p->heap.alloc(n);
}

}  // namespace

Stop run_loop(Registers* r, const void* const** labels) {  // NOLINT(readability-function-size): the one loop, its handlers are in op_*.inc
  static const void* const table[] = {
#define VM_OP(name) &&op_##name,
#include "code/internal_ops.gen.inc"
#undef VM_OP
#define VM_FUSED(name) &&op_##name,
#include "interp/fused.def"
#undef VM_FUSED
  };
  if (VM_UNLIKELY(!r)) {
    *labels = table;
    return Stop::Ended;
  }
  Process* const p = r->process;
  proc::GcContext cx(*p);
  Term* const x = r->x;
  CodePtr pc = p->pc;
  Word* sp;
  Word* htop;
  SWord reds;
  // What a handler passes to a shared tail.
  CodePtr call_target, return_to, raise_at;
  std::uint32_t call_arity;
  const code::Bif* failed_bif;
  const code::Mfa* first;
  const code::Mfa* traced_mfa;
  Word drop;
  Term fun_value, arith_a, arith_b;
  unsigned fun_arity;
  Arith arith_op;
  Word cells;
  LOAD();
  DISPATCH();

#include "interp/op_arith.inc"
#include "interp/op_bits.inc"
#include "interp/op_bits_forms.inc"
#include "interp/op_control.inc"
#include "interp/op_data.inc"
#include "interp/op_exceptions.inc"
#include "interp/op_forms.inc"
#include "interp/op_joints.inc"
#include "interp/op_receive.inc"
#include "interp/op_tests.inc"
#include "interp/op_trace.inc"

slow_arith : {
  // cells: size of the instruction; cells 1..3 are fail, live, dst.
  SAVE();
  Term value = arithmetic(*p, arith_op, arith_a, arith_b);
  LOAD();
  if (VM_UNLIKELY(!value.is_value())) {
    if (pc[1]) BRANCH_CLEAR(pc[1]);
    if (is_increment(arith_op, pc[4], pc[5])) goto raise;
    const code::Mfa& operator_mfa = arithmetic_mfa(arith_op);
    Term args[2] = {arith_a, arith_b};
    set_bif_arguments(*p, {args, operator_mfa.arity});
    LOAD();
    RAISE_FIRST(&operator_mfa);
  }
  COLLECT_KEEPING(value, pc[2]);
  DST(3) = value.bits();
  NEXT(cells);
}
}

const void* const* instruction_labels() {
  static const void* const* const labels = [] {
    const void* const* table = nullptr;
    run_loop(nullptr, &table);
    return table;
  }();
  return labels;
}

}  // namespace vm::interp
