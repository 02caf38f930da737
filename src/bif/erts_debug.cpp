// SPDX-License-Identifier: Apache-2.0
//
// erts_debug: how terms lie in memory, and what tests ask of the emulator. The internal state is for programs that said so first.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <thread>

#include "bif/bif_decls.gen.h"
#include "bif/erts_debug_state.h"
#include "bif/persistent_term.h"
#include "bif/text_input.h"
#include "code/internal_ops.gen.h"
#include "ets/table.h"
#include "heap/copy.h"
#include "nif/natives.h"
#include "ops/maps.h"
#include "os/console.h"
#include "os/poller.h"
#include "port/port.h"
#include "proc/hidden_row.h"
#include "proc/log.h"
#include "proc/process_table.h"
#include "proc/runtime.h"
#include "sched/seeded.h"
#include "term/hash.h"
#include "term/map_layout.h"
#include "term/print.h"

namespace vm::bif {

namespace {

std::atomic<bool> internal_state_available{false};

constexpr std::uint64_t kLoopLimit = 40000;  // of loops that other implementations interrupt; here a fixed answer

// How the bytes of a binary are kept: {refc_binary, Size, {binary, Allocated}, Flags}.
Term binary_info(BifContext& cx, Term t) {
  constexpr SWord kAppendable = 3;
  while (t.is_kind(term::Kind::SubBits)) t = Term::from_bits(t.boxed_ptr()[term::SubBitsWords::kOriginal]);
  if (!t.is_kind(term::Kind::RefcBinary)) return atoms::heap_binary;
  const auto* data = reinterpret_cast<const term::BinaryData*>(t.boxed_ptr()[term::RefcBinaryWords::kData]);
  const bool appendable = (data->flags & term::BinaryData::kWritable) != 0;
  const Word size = appendable ? data->size : t.boxed_ptr()[term::RefcBinaryWords::kSize];
  const Term allocated =
      term::Tuple::make(cx.heap(), atoms::binary, term::make_unsigned(cx.heap(), appendable ? data->capacity : data->size));
  return term::Tuple::make(cx.heap(), atoms::refc_binary, term::make_unsigned(cx.heap(), size), allocated,
                           Term::small(appendable ? kAppendable : 0));
}

// How the trie of a large map is filled: leaves by depth, inner nodes by the number of their children.
struct TrieFigures {
  static constexpr unsigned kSteps = 16;
  Word leaves[kSteps]{}, nodes[kSteps]{};
  Word leaf_count = 0, node_count = 0, full_roots = 0;
  unsigned depth = 0;

  void visit(Term t, unsigned level) {
    if (t.is_cons()) {
      depth = std::max(depth, level);
      leaves[std::min(level, kSteps - 1)]++;
      leaf_count++;
      return;
    }
    const term::TrieNode node = term::trie_node(t);
    const unsigned n = node.count();
    if (level == 0 && n == kSteps) {
      full_roots++;
    } else {
      nodes[n - 1]++;
      node_count++;
    }
    for (unsigned i = 0; i < n; i++) visit(node.child(i), level + 1);
  }
};

BifResult state_by_tuple(BifContext& cx, term::Tuple key) {
  // {check_time_config, Correction, WarpMode}: whether the machine can run so. It can run in any way.
  if (key.size() == 3 && key[0].is_atom() && term::AtomTable::text(key[0]) == "check_time_config" && key[1].is_boolean())
    return atoms::true_;
  if (key.size() != 2) return cx.badarg();
  if (key[0] == atoms::binary_info && key[1].is_bitstring()) return binary_info(cx, key[1]);
  if (key[0] == atoms::internal_hash) return term::make_unsigned(cx.heap(), term::internal_hash(key[1]));
  Term state = process_state_by_tuple(cx, key[0], key[1]);
  return state.is_value() ? BifResult(state) : cx.badarg();
}

// [Name, ...]: atoms whose tables' names are kept in one chain.
BifResult colliding_names(BifContext& cx, Term name, SWord n) {
  constexpr std::uint32_t kChains = ets::Tables::kNameChains;
  std::uint32_t index = name.atom_index();
  for (std::size_t i = 0; term::AtomTable::count() <= index + static_cast<std::size_t>(n) * kChains; i++)
    if (!term::AtomTable::intern("colliding_name_" + std::to_string(i)).is_value()) return cx.system_limit();
  Term list = term::kNil;
  for (SWord i = n - 1; i >= 0; i--) list = cx.heap().cons(Term::atom(index + static_cast<std::uint32_t>(i) * kChains), list);
  return list;
}

// Switches of the tests of tables; the non-value: none of them.
BifResult set_table_state(BifContext& cx, Term key, Term value) {
  std::string_view what = term::AtomTable::text(key);
  // Searches go on in slices anyway, and trees split where they are full.
  if (what == "ets_force_trap") return term::AtomTable::intern("notsup");
  if (what == "ets_force_split" && value.is_tuple_of(2) && term::Tuple::from(value)[1] == atoms::true_)
    if (ets::Table* t = cx.runtime().ets->find(term::Tuple::from(value)[0])) t->split_by_test.store(true);
  if (what == "ets_force_split" || what == "ets_debug_random_split_join") return atoms::ok;
  if (what == "colliding_names" && value.is_tuple_of(2)) {
    term::Tuple t = term::Tuple::from(value);
    if (t[0].is_atom() && t[1].is_small() && t[1].small_value() > 0 && t[1].small_value() < 100)
      return colliding_names(cx, t[0], t[1].small_value());
  }
  // A copy outside the main heap.
  if (what == "mbuf") return heap::copy(value, cx.heap());
  return Term::non_value();
}

BifResult set_available(BifContext& cx, Term on) {
  bool was = internal_state_available.exchange(on == atoms::true_);
  if (on == atoms::true_ && !was) {
    const Term args[] = {cx.process().pid};
    proc::log_to_logger(cx.runtime(), &cx.process(), atoms::warning,
                        "Process ~p enabled access to the emulator internal state.~n"
                        "NOTE: This is an erts internal test feature and should *only* be used by OTP test-suites.~n",
                        args);
  }
  return was ? atoms::true_ : atoms::false_;
}

}  // namespace

BifResult erts_debug_flat_size_1(BifContext& cx, Term t) { return term::make_unsigned(cx.heap(), heap::stock_full_size(t)); }

BifResult erts_debug_size_shared_1(BifContext& cx, Term t) { return term::make_unsigned(cx.heap(), heap::stock_shared_size(t)); }

BifResult erts_debug_copy_shared_2(BifContext& cx, Term t, Term copy_literals) {
  if (!copy_literals.is_boolean()) return cx.badarg();
  return copy_literals == atoms::true_ ? heap::copy_with_literals(t, cx.heap()) : heap::copy(t, cx.heap());
}

BifResult erts_debug_same_2(BifContext&, Term a, Term b) { return a == b ? atoms::true_ : atoms::false_; }

BifResult erts_debug_display_1(BifContext& cx, Term t) {
  std::string text = term::to_text(t) + "\n";
  std::fwrite(text.data(), 1, text.size(), os::console_error());
  return list_of_bytes(cx.heap(), text);
}

BifResult erts_debug_get_internal_state_1(BifContext& cx, Term key) {
  if (!internal_state_available.load()) return cx.error(atoms::undef);
  if (key.is_tuple()) return state_by_tuple(cx, term::Tuple::from(key));
  if (key == atoms::available_internal_state) return atoms::true_;
  if (key == atoms::reds_left) return Term::small(cx.process().reductions_left);
  if (key == atoms::force_heap_frags) return atoms::false_;
  // {Faulty descriptors, descriptors of drivers and natives, selected by drivers, by natives}.
  if (key == atoms::check_io_debug) {
    const auto number = [](std::size_t n) { return Term::small(static_cast<SWord>(n)); };
    const std::size_t natives = nif::selected_descriptors(), drivers = cx.runtime().ports->poller().figures().watched;
    return term::Tuple::make(cx.heap(), number(0), number(drivers), number(drivers), number(natives));
  }
  if (key.is_atom() && term::AtomTable::text(key) == "persistent_term") {
    const Term pair[] = {term::AtomTable::intern("table"), term::make_unsigned(cx.heap(), persistent_term_slots())};
    return ops::map_from_pairs(cx.heap(), pair);
  }
  if (key.is_atom() && term::AtomTable::text(key) == "flxctr_memory_usage") return term::AtomTable::intern("notsup");
  Term state = process_state_of(cx, key);
  return state.is_value() ? BifResult(state) : cx.badarg();
}

BifResult erts_debug_set_internal_state_2(YieldContext& cx, Term key, Term value) {
  if (key == atoms::available_internal_state && value.is_boolean()) return set_available(cx, value);
  if (!internal_state_available.load()) return cx.error(atoms::undef);
  if (key == atoms::reds_left && value.is_small() && value.small_value() > 0) {
    cx.process().reductions_left = value.small_value();
    return atoms::true_;
  }
  // Seeded mode: other choices from here on.
  if (key.is_atom() && term::AtomTable::text(key) == "girder_seed" && value.is_small() && value.small_value() > 0) {
    if (!sched::seeded()) return atoms::false_;
    sched::seed_choices(static_cast<std::uint64_t>(value.small_value()));
    return atoms::true_;
  }
  if (key == atoms::sleep && value.is_small() && value.small_value() >= 0) {  // the whole scheduler sleeps
    std::this_thread::sleep_for(std::chrono::milliseconds(value.small_value()));
    return atoms::true_;
  }
  // Where the numbers of receive markers go on; here they never leave the small integers.
  if (key == atoms::process_uniq_counter && value.is_integer()) return atoms::true_;
  // As on stock nobody gives it back for a process that ends.
  if (key.is_atom() && value.is_boolean() && term::AtomTable::text(key) == "code_write_permission") {
    Word nobody = 0;
    if (value == atoms::true_ && !cx.runtime().code->held_by_test.compare_exchange_strong(nobody, cx.process().pid.bits()))
      return cx.yield_to(proc::hidden_entry<&erts_debug_set_internal_state_2, 2>(cx.runtime(), "erts_debug", "set_internal_state"), key,
                         value);
    if (value == atoms::false_) cx.runtime().code->held_by_test.store(0);
    return atoms::true_;
  }
  if (key == atoms::wait) {
    // Nothing is put off that such a wait could be for: memory goes back at once, timers end when they are cancelled.
    bool known = value == atoms::deallocations || value == atoms::timer_cancellations || value == atoms::aux_work ||
                 (value.is_atom() && term::AtomTable::text(value) == "thread_progress");
    return known ? BifResult(atoms::ok) : cx.badarg();
  }
  for (Term limit : {atoms::re_loop_limit, atoms::unicode_loop_limit})
    if (key == limit && (value == atoms::default_ || value.is_small())) return term::make_unsigned(cx.heap(), kLoopLimit);
  if (key == atoms::binary_loop_limit && (value == atoms::default_ || value.is_small())) return Term::small(0);
  if (!key.is_atom()) return cx.badarg();
  const Term done = set_process_state(cx, key, value);
  if (done.is_value() || cx.process().pending != proc::PendingKind::None) return done;
  BifResult table_state = set_table_state(cx, key, value);
  return table_state.has_value() || cx.process().pending != proc::PendingKind::None ? table_state : cx.badarg();
}

BifResult erts_debug_map_info_1(BifContext& cx, Term map) {
  if (!map.is_map()) return cx.error_tuple(atoms::badmap, map);
  if (!map.is_kind(term::Kind::HashMap)) return cx.badarg();
  TrieFigures figures;
  figures.visit(map, 0);
  term::HeapWriter& h = cx.heap();
  auto tuple_of = [&](const Word* counts) {
    term::Tuple t = term::Tuple::alloc(h, TrieFigures::kSteps);
    for (unsigned i = 0; i < TrieFigures::kSteps; i++) t.set(i, Term::small(static_cast<SWord>(counts[i])));
    return t.term();
  };
  auto number = [](Word n) { return Term::small(static_cast<SWord>(n)); };
  const Term rows[] = {term::Tuple::make(h, atoms::depth, number(figures.depth)),
                       term::Tuple::make(h, atoms::arrays, number(figures.full_roots), term::kNil),
                       term::Tuple::make(h, atoms::bitmaps, number(figures.node_count), tuple_of(figures.nodes)),
                       term::Tuple::make(h, atoms::leafs, number(figures.leaf_count), tuple_of(figures.leaves))};
  return term::list_from(h, rows);
}

BifResult erts_debug_lcnt_collect_0(BifContext&) { return atoms::error; }
BifResult erts_debug_lcnt_clear_0(BifContext&) { return atoms::error; }
// Locks are not counted, and there is no such thing as the code of an instruction.
BifResult erts_debug_lcnt_control_1(BifContext& cx, Term) { return cx.badarg(); }
BifResult erts_debug_lcnt_control_2(BifContext& cx, Term, Term) { return cx.badarg(); }
BifResult erts_debug_disassemble_1(BifContext&, Term) { return atoms::false_; }
BifResult erts_debug_interpreter_size_0(BifContext&) { return Term::small(0); }

// Names with the kinds of their operands, as "move_SD".
BifResult erts_debug_instructions_0(BifContext& cx) {
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  for (const code::OpInfo& op : std::span(code::kOps).first(code::kOpCount)) {
    std::string text = op.name;
    if (op.operand_count > 0) text += '_';
    std::copy_if(op.operand_kinds, op.operand_kinds + std::strlen(op.operand_kinds), std::back_inserter(text),
                 [](char c) { return c != ' '; });
    list.add(list_of_bytes(h, text));
  }
  return list.finish();
}

}  // namespace vm::bif
