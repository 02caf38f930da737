// SPDX-License-Identifier: Apache-2.0
//
// Built-ins about the machine as a whole, other than system_info.
#include <cstdio>
#include <string>

#include "bif/bif_decls.gen.h"
#include "bif/long_work.h"
#include "bif/text_input.h"
#include "ops/maps.h"
#include "os/console.h"
#include "proc/runtime.h"
#include "term/compare.h"
#include "term/hash.h"
#include "term/print.h"

namespace vm::bif {

namespace {

constexpr SWord kNanosecondsPerSecond = 1000000000;

// Big integers up to and including 2^32 are valid ranges of phash and phash2.
bool hash_range(Term t, Word* range) { return term::to_uint64(t, range) && *range >= 1 && *range <= (Word{1} << 32); }

BifResult print(std::FILE* console, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), console);
  std::fflush(console);
  return atoms::true_;
}

}  // namespace

// --- output ----------------------------------------------------------------------------------------------------------------------

BifResult erlang_display_1(BifContext&, Term t) { return print(os::console_out(), term::to_text(t) + "\n"); }
// These two write to standard error, as stock does.
BifResult erlang_display_nl_0(BifContext&) { return print(os::console_error(), "\n"); }

BifResult erlang_display_string_1(BifContext& cx, Term list) {
  std::string text;
  if (unicode_text(list, std::size_t(-1), &text) != TextFault::None) return cx.badarg();
  return print(os::console_error(), text);
}

// --- ending ----------------------------------------------------------------------------------------------------------------------

namespace {

bool read_flush(Term options, bool* flush) {
  for (; options.is_cons(); options = options.tail()) {
    if (!options.head().is_tuple_of(2)) return false;
    term::Tuple option = term::Tuple::from(options.head());
    if (option[0] != atoms::flush || !option[1].is_boolean()) return false;
    *flush = option[1] == atoms::true_;
  }
  return options.is_nil();
}

}  // namespace

BifResult erlang_halt_2(BifContext& cx, Term status, Term options) {
  bool flush = true;
  if (!read_flush(options, &flush)) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  proc::Runtime& rt = cx.runtime();
  if (status.is_small() && status.small_value() >= 0) {
    rt.halt(rt, static_cast<int>(status.small_value() & 0xFF), flush, false, nullptr);
  } else if (status == atoms::abort) {
    rt.halt(rt, 134, false, true, nullptr);
  } else {
    std::string slogan;
    if (!status.is_list() || unicode_text(status, 1023, &slogan) == TextFault::Bad) return cx.badarg();
    rt.halt(rt, 1, false, true, slogan.c_str());
  }
  // The machine goes down behind us; this process has nothing more to say.
  cx.process().pending = proc::PendingKind::Wait;
  return Term::non_value();
}

// --- hashes ----------------------------------------------------------------------------------------------------------------------

namespace {
// Of a term only what is at hand: a long list, a long binary.
bool is_long_to_hash(Term t) {
  return t.is_bitstring() ? is_long(term::bits_of(t).size >> 3, kLongBytes) : t.is_cons() && is_long_list(t, kLongElements / 4);
}
}  // namespace

BifResult erlang_phash_2(BifContext& cx, Term t, Term range) {
  Word n;
  if (!hash_range(range, &n)) return cx.badarg();
  Word hash = term::phash(t);
  return term::make_unsigned(cx.heap(), 1 + (n == (Word{1} << 32) ? hash : hash % n));
}
BifResult erlang_phash2_1(BifContext& cx, Term t) {
  if (is_long_to_hash(t)) return on_dirty<erlang_phash2_1>(cx, t);
  return Term::small(term::phash2(t) & ((1u << 27) - 1));
}
BifResult erlang_phash2_2(BifContext& cx, Term t, Term range) {
  Word n;
  if (!hash_range(range, &n)) return cx.badarg();
  if (is_long_to_hash(t)) return on_dirty<erlang_phash2_2>(cx, t, range);
  Word hash = term::phash2(t);
  return Term::small(static_cast<SWord>(n == (Word{1} << 32) ? hash : hash % n));
}

// --- dynamic trace: this machine has no probes ----------------------------------------------------------------------------------------

BifResult erlang_dt_get_tag_0(BifContext&) { return atoms::undefined; }
BifResult erlang_dt_get_tag_data_0(BifContext&) { return atoms::undefined; }
BifResult erlang_dt_put_tag_1(BifContext&, Term) { return atoms::undefined; }
BifResult erlang_dt_spread_tag_1(BifContext& cx, Term whether) { return whether.is_boolean() ? BifResult(atoms::true_) : cx.badarg(); }
BifResult erlang_dt_restore_tag_1(BifContext& cx, Term tag) { return tag == atoms::true_ ? BifResult(atoms::true_) : cx.badarg(); }
BifResult erlang_dt_prepend_vm_tag_data_1(BifContext&, Term data) { return data; }
BifResult erlang_dt_append_vm_tag_data_1(BifContext&, Term data) { return data; }

// --- erts_internal -------------------------------------------------------------------------------------------------------------------

BifResult erts_internal_time_unit_0(BifContext&) { return Term::small(kNanosecondsPerSecond); }
BifResult erts_internal_perf_counter_unit_0(BifContext&) { return Term::small(kNanosecondsPerSecond); }
BifResult erts_internal_no_aux_work_threads_0(BifContext& cx) { return Term::small(cx.runtime().schedulers->scheduler_count() + 1); }

BifResult erts_internal_get_dflags_0(BifContext& cx) {
  // {erts_dflags, Default, Mandatory, Addable, Rejectable, StrictOrder}, as stock OTP 25 announces them.
  return term::Tuple::make(cx.heap(), atoms::erts_dflags, Term::small(55966662588), Term::small(17239956), Term::small(55966662588),
                           Term::small(8396866), Term::small(8192));
}

BifResult erts_internal_cmp_term_2(BifContext&, Term a, Term b) { return Term::small(term::compare_total(a, b)); }

BifResult erts_internal_term_type_1(BifContext&, Term t) {
  if (t.is_small()) {
    // Stock's immediates hold 60 bits.
    SWord v = t.small_value();
    return v >= -(SWord{1} << 59) && v < (SWord{1} << 59) ? atoms::fixnum : atoms::bignum;
  }
  if (t.is_atom()) return atoms::atom;
  if (t.is_nil()) return atoms::nil;
  if (t.is_cons()) return atoms::list;
  if (t.is_float()) return atoms::hfloat;
  if (t.is_local_pid()) return atoms::pid;
  if (t.is_local_port()) return atoms::port;
  switch (t.kind()) {
    case term::Kind::Tuple: return atoms::tuple;
    case term::Kind::BigInt: return atoms::bignum;
    case term::Kind::FlatMap: return atoms::flatmap;
    case term::Kind::HashMap: return atoms::hashmap;
    case term::Kind::Fun: return atoms::fun;
    case term::Kind::ExportFun: return atoms::export_;
    case term::Kind::HeapBinary: return atoms::heap_binary;
    case term::Kind::RefcBinary: return atoms::refc_binary;
    case term::Kind::SubBits: return atoms::sub_binary;
    case term::Kind::Ref:
    case term::Kind::MagicRef: return atoms::reference;
    case term::Kind::ExternalPid: return atoms::external_pid;
    case term::Kind::ExternalPort: return atoms::external_port;
    case term::Kind::ExternalRef: return atoms::external_reference;
    default: return atoms::undefined;
  }
}

BifResult error_logger_warning_map_0(BifContext& cx) { return term::AtomTable::intern(cx.runtime().settings.warning_map); }
BifResult io_printable_range_0(BifContext& cx) { return term::AtomTable::intern(cx.runtime().settings.printable_range); }

}  // namespace vm::bif
