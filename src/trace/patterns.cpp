// SPDX-License-Identifier: Apache-2.0
#include "trace/patterns.h"

#include <functional>

#include "code/backend.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::trace {

using code::Breakpoint;
using Guard = std::lock_guard<std::recursive_mutex>;

bool FunctionPattern::parse(Term t, FunctionPattern* out) {
  if (!t.is_tuple_of(3)) return false;
  const term::Tuple p = term::Tuple::from(t);
  *out = {p[0], p[1], p[2]};
  if (!p[0].is_atom() || !p[1].is_atom() || (p[2] != atoms::underscore && !p[2].is_small())) return false;
  if (p[0] == atoms::underscore) return p[1] == atoms::underscore && p[2] == atoms::underscore;
  return p[1] != atoms::underscore || p[2] == atoms::underscore;
}

bool FunctionPattern::matches(const code::Mfa& m) const {
  return (module == atoms::underscore || module == m.module) && (function == atoms::underscore || function == m.function) &&
         (arity == atoms::underscore || arity.small_value() == static_cast<SWord>(m.arity));
}

namespace {

// Replaces what a breakpoint does; arms and disarms it.
void put(Runtime& rt, Breakpoint& b, BreakData&& data) {
  BreakData* fresh = data.empty() ? nullptr : new BreakData(std::move(data));
  if (!fresh && !b.data.load(std::memory_order_relaxed)) return;
  BreakData* old = b.data.exchange(fresh, std::memory_order_acq_rel);
  if (fresh) rt.backend->arm(b);
  else rt.backend->disarm(b);
  if (old) sync::Epoch::defer(old, [](void* d) { delete static_cast<BreakData*>(d); });
}

BreakData data_of(const Breakpoint& b) {
  const BreakData* d = b.data.load(std::memory_order_relaxed);
  return d ? *d : BreakData{};
}

Breakpoint* make(const code::Mfa& mfa) {
  auto* b = new Breakpoint;
  b->mfa = mfa;
  return b;
}

Breakpoint& breakpoint_of(code::Function& f) {
  if (Breakpoint* b = f.breakpoint.load(std::memory_order_acquire)) {
    if (!b->armed) b->bif = f.bif;  // native code may have come since
    return *b;
  }
  Breakpoint* b = make(f.mfa);
  b->function = &f;
  b->bif = f.bif;
  f.breakpoint.store(b, std::memory_order_release);
  return *b;
}

// Of calls from other modules; a built-in has only this one.
Breakpoint& breakpoint_of(State& state, code::Export& e) {
  if (Breakpoint* b = e.breakpoint.load(std::memory_order_acquire)) return *b;
  Breakpoint* b = make(e.mfa);
  b->exported = &e;
  if (e.bif && !e.function.load(std::memory_order_acquire)) b->bif = e.bif;
  else if (e.bif) b->bif = e.bif;
  e.breakpoint.store(b, std::memory_order_release);
  state.exports.push_back(b);
  return *b;
}

bool is_callable(const code::Export& e) { return e.bif || e.function.load(std::memory_order_acquire); }

// Functions of current code, without those that are built-ins of the emulator.
void each_function(Runtime& rt, const FunctionPattern& which, const std::function<void(code::Function&)>& f) {
  const auto look = [&](const code::Module* m) {
    if (!m || !m->current) return;
    for (code::Function& function : m->current->functions)
      if (which.matches(function.mfa)) f(function);
  };
  if (which.module != atoms::underscore) {
    look(rt.code->find_module(which.module));
    return;
  }
  for (const code::Module* m : rt.code->modules()) look(m);
}

void each_export(Runtime& rt, const FunctionPattern& which, const std::function<void(code::Export&)>& f) {
  for (std::uint32_t i = 0; i < rt.code->export_count(); i++) {
    code::Export* e = rt.code->export_at(i);
    if (which.matches(e->mfa) && is_callable(*e)) f(*e);
  }
}

code::Export* built_in_export(Runtime& rt, const code::Function& f) {
  code::Export* e = rt.code->find_export(f.mfa.module, f.mfa.function, f.mfa.arity);
  return e && e->bif ? e : nullptr;
}

void apply_breakpoint(BreakData& d, Change change, const PatternFlags& flags, const Spec& spec, const std::shared_ptr<MetaTracer>& meta) {
  const bool on = change != Change::Clear;
  if (flags.local && (change == Change::Set || !on)) {
    d.local = on;
    d.spec = on ? spec : Spec{};
  }
  if (flags.meta && (change == Change::Set || !on)) {
    d.meta = on ? meta : nullptr;
    d.meta_spec = on ? spec : Spec{};
  }
  if (flags.count) {
    if (!on) d.count = nullptr;
    else if (change != Change::Pause) d.count = std::make_shared<std::atomic<std::uint64_t>>(0);
    d.counting = on && change != Change::Pause;
  }
  if (flags.time) {
    if (!on) d.times = nullptr;
    else if (change != Change::Pause) d.times = std::make_shared<CallTimes>();
    d.timing = on && change != Change::Pause;
  }
}

void clear_global(BreakData& d) {
  if (!d.global) return;
  d.global = false;
  if (!d.local) d.spec = nullptr;
}

}  // namespace

SWord change_pattern(Runtime& rt, const FunctionPattern& which, Change change, const PatternFlags& flags, const Spec& spec,
                     const TracerRef& meta_tracer) {
  const Guard hold(rt.code->lock());
  State& state = State::of(rt);
  SWord functions = 0, exports = 0;
  const bool on = change != Change::Clear, breakpoints = flags.breakpoint();
  each_export(rt, which, [&](code::Export& e) {
    exports++;
    const bool wanted = on && !breakpoints;
    if (!on && breakpoints) return;
    if (!wanted && !e.breakpoint.load(std::memory_order_acquire)) return;
    Breakpoint& b = breakpoint_of(state, e);
    BreakData d = data_of(b);
    clear_global(d);
    if (wanted) {
      if (b.bif) d = BreakData{};  // a breakpoint in a built-in's place goes, too
      d.global = true;
      d.spec = spec;
    }
    put(rt, b, std::move(d));
  });
  each_function(rt, which, [&](code::Function& f) {
    functions++;
    code::Export* built_in = built_in_export(rt, f);
    if (on && !breakpoints) {
      if (!built_in && f.breakpoint.load(std::memory_order_acquire)) put(rt, breakpoint_of(f), {});
      return;
    }
    if (!breakpoints) return;
    if (!on && !(built_in ? built_in->breakpoint : f.breakpoint).load(std::memory_order_acquire)) return;
    Breakpoint& b = built_in ? breakpoint_of(state, *built_in) : breakpoint_of(f);
    BreakData d = data_of(b);
    const auto meta = flags.meta && on ? std::make_shared<MetaTracer>(meta_tracer) : nullptr;
    apply_breakpoint(d, change, flags, spec, meta);
    put(rt, b, std::move(d));
  });
  return breakpoints ? functions : exports;
}

SWord change_debug(Runtime& rt, const FunctionPattern& which, bool on) {
  const Guard hold(rt.code->lock());
  SWord n = 0;
  each_function(rt, which, [&](code::Function& f) {
    n++;
    if (built_in_export(rt, f) || (!on && !f.breakpoint.load(std::memory_order_acquire))) return;
    Breakpoint& b = breakpoint_of(f);
    BreakData d = data_of(b);
    d.debug = on;
    put(rt, b, std::move(d));
  });
  return n;
}

void change_load_pattern(State& state, Change change, const PatternFlags& flags, const Spec& spec, const TracerRef& meta_tracer) {
  const Guard hold(state.runtime().code->lock());
  LoadPattern& p = state.load_pattern;
  const bool on = change != Change::Clear, counts = change == Change::Set;
  const bool was_breakpoint = p.local || p.meta || p.count || p.time;
  if (flags.local || !flags.breakpoint()) p.spec = spec;
  if (flags.meta) {
    p.meta_spec = spec;
    p.meta_tracer = on ? std::make_shared<MetaTracer>(meta_tracer) : nullptr;
  } else if (!flags.breakpoint()) {
    p.meta_spec = nullptr;
    p.meta_tracer = nullptr;
  }
  if (!flags.breakpoint()) {
    if (!on && was_breakpoint) return;
    p.global = p.on = on;
    p.local = p.meta = p.count = p.time = false;
    return;
  }
  if (!on && !was_breakpoint) return;
  if (on) {
    p.global = false;
    p.local |= flags.local;
    p.meta |= flags.meta;
    p.count |= flags.count && counts;
    p.time |= flags.time && counts;
  } else {
    p.local &= !flags.local;
    p.meta &= !flags.meta;
    p.count &= !flags.count;
    p.time &= !flags.time;
  }
  p.on = p.local || p.meta || p.count || p.time;
}

void module_leaves(Runtime& rt, code::ModuleInstance& instance) {
  for (code::Function& f : instance.functions)
    if (Breakpoint* b = f.breakpoint.load(std::memory_order_acquire)) put(rt, *b, {});
  for (auto& [function, exported] : instance.export_table)
    if (Breakpoint* b = exported->breakpoint.load(std::memory_order_acquire); b && !b->bif) put(rt, *b, {});
}

void module_comes(Runtime& rt, code::ModuleInstance& instance) {
  State& state = State::of(rt);
  const LoadPattern& p = state.load_pattern;
  if (!p.on) return;
  if (p.global) {
    for (auto& [function, exported] : instance.export_table) {
      Breakpoint& b = breakpoint_of(state, *exported);
      BreakData d = data_of(b);
      d.global = true;
      d.spec = p.spec;
      put(rt, b, std::move(d));
    }
    return;
  }
  for (code::Function& f : instance.functions) {
    if (built_in_export(rt, f)) continue;
    Breakpoint& b = breakpoint_of(f);
    BreakData d;
    PatternFlags flags;
    flags.local = p.local, flags.count = p.count, flags.time = p.time;
    apply_breakpoint(d, Change::Set, flags, p.spec, nullptr);
    if (p.meta) {
      d.meta = p.meta_tracer;
      d.meta_spec = p.meta_spec;
    }
    put(rt, b, std::move(d));
  }
}

void natives_came(Runtime& rt, code::ModuleInstance& instance) {
  const Guard hold(rt.code->lock());
  const auto again = [&](Breakpoint& b, const code::Bif* bif) {
    BreakData d = data_of(b);
    put(rt, b, {});
    if (bif) b.bif = bif;
    put(rt, b, std::move(d));
  };
  for (code::Function& f : instance.functions)
    if (Breakpoint* b = f.breakpoint.load(std::memory_order_acquire); b && b->armed && f.bif && !b->bif) again(*b, f.bif);
  for (auto& [function, exported] : instance.export_table)
    if (Breakpoint* b = exported->breakpoint.load(std::memory_order_acquire); b && b->armed && function->bif) again(*b, nullptr);
}

// --- asking -------------------------------------------------------------------------------------------------------------

namespace {

Term source_of(const Spec& spec, term::HeapWriter& h) { return spec ? heap::copy(spec->source(), h) : term::kNil; }

Term times_term(const CallTimes& times, term::HeapWriter& h) {
  constexpr std::int64_t kNsPerUs = 1000, kUsPerSecond = 1'000'000;
  Term list = term::kNil;
  for (const auto& [pid, e] : times.entries()) {
    const std::int64_t us = e.ns / kNsPerUs;
    list = h.cons(
        term::Tuple::make(h, pid, Term::small(static_cast<SWord>(e.calls)), Term::small(us / kUsPerSecond), Term::small(us % kUsPerSecond)),
        list);
  }
  return list;
}

struct Answers {
  Term traced = atoms::false_, match_spec = atoms::false_, meta = atoms::false_, meta_match_spec = atoms::false_;
  Term count = atoms::false_, time = atoms::false_;
};

// {Key, Value}; the non-value for an unknown key. no_meta: what stands for no meta tracer when it alone is asked for.
Term answer(term::HeapWriter& h, Term key, const Answers& a, Term no_meta, bool with_time) {
  const std::pair<Term, Term> all[] = {{atoms::traced, a.traced},  {atoms::match_spec, a.match_spec},
                                       {atoms::meta, a.meta},      {atoms::meta_match_spec, a.meta_match_spec},
                                       {atoms::call_time, a.time}, {atoms::call_count, a.count}};
  if (key == atoms::all) {
    term::ListBuilder list(h);
    for (const auto& [name, value] : all)
      if (with_time || name != atoms::call_time) list.add(term::Tuple::make(h, name, value));
    return term::Tuple::make(h, key, list.finish());
  }
  for (const auto& [name, value] : all)
    if (name == key) return term::Tuple::make(h, key, name == atoms::meta && value == atoms::false_ ? no_meta : value);
  return Term::non_value();
}

Answers answers_of(const BreakData& d, term::HeapWriter& h) {
  Answers a;
  if (d.global || d.local) {
    a.traced = d.global ? atoms::global : atoms::local;
    a.match_spec = source_of(d.spec, h);
  }
  if (d.meta) {
    const Tracer* t = d.meta->tracer.load(std::memory_order_acquire);
    if (t) a.meta = tracer_term(h, t);
    a.meta_match_spec = source_of(d.meta_spec, h);
  }
  if (d.count) a.count = term::make_unsigned(h, d.count->load(std::memory_order_relaxed));
  if (d.times) a.time = times_term(*d.times, h);
  return a;
}

}  // namespace

Term function_info(proc::GuardContext& cx, const FunctionPattern& which, Term key) {
  Runtime& rt = cx.runtime();
  const Guard hold(rt.code->lock());
  term::HeapWriter& h = cx.heap();
  const Word arity = static_cast<Word>(which.arity.small_value());
  const code::Export* e = rt.code->find_export(which.module, which.function, arity);
  const BreakData* d = nullptr;
  if (const Breakpoint* b = e ? e->breakpoint.load(std::memory_order_acquire) : nullptr) d = b->data.load(std::memory_order_acquire);
  bool exists = false;
  each_function(rt, which, [&](code::Function& f) {
    exists = true;
    const Breakpoint* b = f.breakpoint.load(std::memory_order_acquire);
    if (!d && b) d = b->data.load(std::memory_order_acquire);
  });
  if (!exists && !(e && e->bif)) return term::Tuple::make(h, key, atoms::undefined);
  if (!d || d->empty()) return term::Tuple::make(h, key, atoms::false_);
  return answer(h, key, answers_of(*d, h), term::kNil, true);
}

Term load_pattern_info(proc::GuardContext& cx, Term key) {
  Runtime& rt = cx.runtime();
  const Guard hold(rt.code->lock());
  const LoadPattern& p = State::of(rt).load_pattern;
  term::HeapWriter& h = cx.heap();
  if (!p.on) return term::Tuple::make(h, key, atoms::false_);
  Answers a;
  if (p.global || p.local) {
    a.traced = p.global ? atoms::global : atoms::local;
    a.match_spec = source_of(p.spec, h);
  }
  if (p.meta) {
    if (p.meta_tracer) a.meta = tracer_term(h, p.meta_tracer->tracer.load(std::memory_order_acquire));
    a.meta_match_spec = source_of(p.meta_spec, h);
  }
  if (p.count) a.count = atoms::true_;
  if (p.time) a.time = atoms::true_;
  return answer(h, key, a, atoms::false_, false);
}

}  // namespace vm::trace
