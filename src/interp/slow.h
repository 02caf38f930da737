// SPDX-License-Identifier: Apache-2.0
//
// Slow paths of the loop: everything that is not worth machine code inside it. The loop has stored its state in the process (SAVE) and reads it back
// afterwards. A function that can raise leaves the exception in the process and answers the non-value or false.
#pragma once

#include <span>

#include "code/breakpoint.h"
#include "interp/registers.h"
#include "proc/tracing.h"

namespace vm::interp {

// --- collecting (slow_gc.cpp). False: the process has ended (max_heap_size).
bool collect_garbage(Registers& r, std::size_t live, std::size_t need);
void make_room_for_registers(Process& p, std::size_t live);
// Puts `live` x registers aside while the process does not run.
inline void save_registers(Process& p, const Term* x, std::size_t live) {
  if (VM_UNLIKELY(live > p.saved_capacity)) make_room_for_registers(p, live);
  for (std::size_t i = 0; i < live; i++) p.saved_registers[i] = x[i];
  p.live = static_cast<std::uint32_t>(live);
}

// --- raising (slow_raise.cpp)
void set_error(Process& p, Term reason);
void set_error(Process& p, Term tag, Term value);  // {tag, value}
// An exception is pending in p: saves its trace, finds the handler, unwinds, loads x0..x2. nullptr: there was none and the process has ended.
// `first` as in ops::save_raw_trace; pc = the faulting instruction or nullptr.
CodePtr raise_pending(Registers& r, const code::Mfa* first, CodePtr pc);
// For a failed built-in: the arguments become those of the first entry.
void set_bif_arguments(Process& p, std::span<const Term> args);
// Whether failures of this built-in show it as first entry (erlang:error, exit and throw do not).
bool bif_is_shown(const code::Bif& b);
// What runs a built-in that is not traced: itself, or what lets others in while it lasts.
code::BifCall enter_of(const code::Bif& b);
// Of a built-in that may last (slow_dirty.cpp): whether it may run on the ordinary scheduler where its process is.
bool may_stay(const Process& p, const code::Bif& b);
bool is_apply(const code::Bif& b);
bool applies_apply(const code::Export& e);  // apply(erlang, apply, [M, F, As]) is apply(M, F, As): no entry of its own
bool is_unary_plus(const code::Bif& b);     // stock runs it as X + 0, an increment
void catch_end_value(Registers& r);         // x0 := value for x0..x2
bool instruction_raise(Registers& r, Term trace, Term value);
bool instruction_raw_raise(Registers& r);  // false: bad class, x0 := badarg
void end_normally(Process& p);

enum class Arith : std::uint8_t { Add, Subtract, Multiply, IntDiv, Rem, Band, Bor, Bxor, Bsl, Bsr, Bnot, Negate };

// --- calls (slow_call.cpp)
enum class Next : std::uint8_t {
  Call,       // go to r.target, r.target_arity registers are live
  Yield,      // same, after giving up the slice
  Raise,      // exception pending; built-ins appear in the trace
  RaiseCall,  // exception pending; as if raised by the call instruction (return address included)
  Retry,      // call the built-in again when woken
  Sleep,      // registers and pc are saved: stop and wait
  Restart,    // as Call, but the stack was dropped: the caller's frame and return address are gone
  Ended,
};
// `site`: the instruction of a tail call, else nullptr.
Next after_bif(Registers& r, const code::Bif& b, CodePtr site);
// Fun call with `arity` arguments in x; fun given. Answers Call or RaiseCall.
Next prepare_fun_call(Registers& r, Term fun, unsigned arity);
// Module and function given. Answers Call or Raise (then args and mfa of erlang:apply/3 are set in the exception).
// `site`: the instruction that applies when its frame is gone by then, else nullptr.
Next prepare_apply(Registers& r, Term m, Term f, unsigned arity, CodePtr site);
// Arithmetic with this small constant is an increment, which fails without an entry of its own in the trace.
bool is_increment(Arith op, Word a_cell, Word b_cell);
// Undefined export called with its arguments in x: error handler or undef. Answers Call or Raise.
Next prepare_undefined(Registers& r, Term m, Term f, unsigned arity);
extern const code::Mfa kApplyMfa;
extern const code::Mfa kSendMfa;
Term args_list(term::HeapWriter& h, const Term* x, std::size_t n);
// Sends x1 to x0. False: exception pending (badarg). Trap: *trap is set, target in r.
bool send_message(Registers& r, bool* trap);

// --- arithmetic (slow_arith.cpp): op is an index into kArithmetic.
Term arithmetic(Process& p, Arith op, Term a, Term b);
const code::Mfa& arithmetic_mfa(Arith op);
Term box_float(Process& p, double d);

// --- data (slow_data.cpp)
Term make_fun(Process& p, code::FunEntry* entry, const Word* cells, std::size_t n, const Term* x, const Word* y);
Term update_record(Process& p, Term src, std::size_t size, const Word* cells, std::size_t n, const Term* x, const Word* y);
// put_map_assoc / put_map_exact: cells = pairs of sources. Raises badmap, badkey.
Term put_map(Process& p, Term map, bool exact, const Word* cells, std::size_t n, const Term* x, const Word* y);
bool has_map_fields(Term map, const Word* cells, std::size_t n, const Term* x, const Word* y);
bool get_map_elements(Term map, const Word* cells, std::size_t n, Term* x, Word* y);
bool is_function_of(Term fun, Term arity);

// --- messages (slow_receive.cpp)
enum class Peek : std::uint8_t { Message, Empty, Ended };
// Moves the save pointer past messages that fit none of the shapes in these cells (operands of loop_rec). How many it passed one by one.
std::size_t skip_messages(Process& p, const Word* cells, std::size_t n, const Word* y);
Peek peek_message(Registers& r, Term* message);
// Whether taking the message means no more than taking it out of the inbox: its terms lie on the heap, no timer runs, nobody traces.
inline bool is_plainly_taken(const Process& p, const proc::Message& m) {
  constexpr std::uint32_t kNoted = Process::kUsingTimer | Process::kTimedOut | Process::kSaveCalls;
  return !m.fragments && !m.token.is_pointer() && !p.is_traced(proc::kTraceToken) && !(p.flags & kNoted);
}
void remove_message(Process& p);
void receive_timeout(Process& p);
enum class Timeout : std::uint8_t { FallThrough, Sleep, Raise };
Timeout wait_timeout(Process& p, Term time);

// --- tracing (slow_trace.cpp)
// Makes the function's entry a breakpoint.
void break_at(code::Breakpoint& b, CodePtr entry);
// The function that a breakpoint's callers reach in the end, or nullptr for a built-in.
code::Function* function_behind(const code::Breakpoint& b);
// Tells trace/ of the call and opens the frames it asks for. False: the process has ended.
bool call_traced(Registers& r, code::Breakpoint& b, bool* debug);
// Goes to the error handler's breakpoint/3 with the arguments of the call. Answers as prepare_undefined.
Next prepare_breakpoint(Registers& r, const code::Mfa& mfa);
// A frame of tracing returns x0. sp points behind the return address.
void frame_returns(Registers& r, CodePtr frame);
// Slots of such a frame.
std::size_t trace_frame_slots(const proc::Runtime& rt, CodePtr frame);
// The frames between the stack's top and `end` are about to be unwound by this exception; `handler`: where it is caught, or nullptr.
void unwind_traced(Process& p, const Word* end, Term cls, Term reason, CodePtr handler);
// The instruction that called a traced built-in; `otherwise` when nobody on the stack did.
CodePtr traced_caller(const Process& p, CodePtr otherwise);
// What Bif::enter is for a traced built-in.
Term recall_traced(proc::BifContext& cx, const Term* args);

// --- bit syntax (slow_bits.cpp, slow_build.cpp). Contexts are checked; `size` is an Erlang term.
enum class BitField : std::uint8_t { Integer, Float, Binary };
Term bs_start(Process& p, Term src, std::size_t slots);
Term bs_get(Process& p, BitField kind, Term ctx, Term size, std::size_t unit, unsigned flags);
enum class Unicode : std::uint8_t { Utf8, Utf16, Utf32 };
Term bs_get_unicode(Process& p, Unicode kind, Term ctx, unsigned flags);
bool bs_skip(Term ctx, Term size, std::size_t unit);
Term bs_rest(Process& p, Term ctx);
Term bs_context_to_binary(Process& p, Term ctx);
bool bs_save(Term ctx, std::size_t slot);
bool bs_restore(Term ctx, std::size_t slot);
// bs_match: decoded commands. True: matched.
bool bs_match(Registers& r, Term ctx, const Word* cells, std::size_t n, Word* y);
bool bs_add(Process& p, Term a, Term b, std::size_t unit, Term* out);
bool bs_bits_to_bytes(Process& p, Term bits, Term* out);

// Construction. pc points at the instruction. False or the non-value: exception pending; r.process ended when *ended.
Term create_bin(Registers& r, const Word* pc, bool* ended);
Term build_init(Registers& r, Term size, bool is_bits, std::size_t words, std::size_t live, bool* ended);
Term build_append(Registers& r, Term size, Term src, std::size_t unit, std::size_t extra, std::size_t live, bool* ended);
bool build_put(Registers& r, BitField kind, Term value, Term size, std::size_t unit, unsigned flags);
bool build_put_unicode(Registers& r, Unicode kind, Term value, unsigned flags);
bool build_put_bytes(Registers& r, const Byte* bytes, std::size_t n);
void init_writable(Registers& r);

// bs_create_bin in decoded code, then its segments of kSegmentCells words each.
enum CreateCell : std::size_t {
  kCreateFail = 1,
  kCreateAlloc,
  kCreateLive,
  kCreateDst,
  kCreateSegments,
  kCreateFixedBits,
  kCreateOpen,
  kCreateCells
};
// kCreateFixedBits: sum of the sizes known beforehand; kCreateOpen: number of segments whose size is not.
enum class Segment : std::uint8_t { Integer, Float, Binary, Append, PrivateAppend, Utf8, Utf16, Utf32, String };
enum SegmentCell : std::size_t { kSegType, kSegIndex, kSegUnit, kSegFlags, kSegValue, kSegSize, kSegBits, kSegmentCells };
inline constexpr Word kBitsOpen = ~Word{0};  // in kSegBits: must be asked for
// A bitstring beyond this is refused before any memory is asked for.
inline constexpr std::size_t kMaxBuildBits = std::size_t{1} << 45;
// Commands of bs_match in decoded code: kind, then its operands.
enum class MatchCommand : std::uint8_t { EnsureAtLeast, EnsureExactly, Integer, Binary, GetTail, Equal, Skip };

}  // namespace vm::interp
