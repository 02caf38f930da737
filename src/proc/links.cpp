// SPDX-License-Identifier: Apache-2.0
//
// The link protocol. Both sides keep an entry. unlink keeps its entry, marked with an id, until the other side acknowledges that id; meanwhile exit
// signals and link signals of the other side are void, for they were sent before it heard of our unlink. link on a marked entry makes it
// active again, and the late acknowledgement finds no id to match.
#include "proc/links.h"

#include "proc/direct_delivery.h"
#include "proc/exported_aliases.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/registry.h"
#include "proc/runtime.h"
#include "proc/time_offset.h"
#include "proc/tracing.h"
#include "term/atoms.h"

namespace vm::proc {

Links::~Links() {
  for (MonitorEntry& m : monitors) heap::release(m.tag);
}

Links& links_of(Process& p) {
  if (!p.links) p.links = new Links;
  return *p.links;
}

bool deliver_to(Runtime& rt, Term pid, Signal* s) {
  Process* to = rt.processes->lookup(pid);
  if (to && to->deliver(s)) return true;
  Signal::destroy(s);
  return false;
}

// As deliver_to, for a signal of kind Monitor or Demonitor.
static bool deliver_tie(Process& from, Term pid, Signal* s) {
  Process* to = from.runtime->processes->lookup(pid);
  if (to && (handle_directly(from, *to, s) || to->deliver(s))) return true;
  Signal::destroy(s);
  return false;
}

void set_reason(Signal& s, Term reason) {
  const heap::OwnedTerm copy = heap::copy_to_fragment(reason);
  s.term = copy.term;
  s.fragments = copy.fragments;
}

void append_message(Process& p, Term message, heap::HeapFragment* fragments, Term from, Term token) {
  Signal* m = Signal::create(SignalKind::Message);
  m->term = message;
  m->fragments = fragments;
  m->from = from;
  m->token = token;
  if (VM_UNLIKELY(p.is_traced(kTraceReceive))) p.runtime->trace->received(p, from, message);
  p.mailbox.append(m);
}

// A signal to ourselves from `target`, as if it had ended for this reason. Comes through our own queue: never acted on inside the built-in.
static void self_signal(Process& self, SignalKind kind, Term from, std::uint64_t id, Term reason) {
  Signal* s = Signal::create(kind);
  s->from = from;
  s->id = id;
  s->term = reason;  // an atom
  if (!self.deliver(s)) Signal::destroy(s);
}

bool link(Process& self, Term target) {
  if (VM_UNLIKELY(self.is_traced(kTraceProcs | kTraceSetOnLink | kTraceSetOnFirstLink))) self.runtime->trace->linked(self, target);
  if (target == self.pid) return true;
  Links& l = links_of(self);
  if (LinkEntry* e = l.links.find(target.bits())) {
    if (e->unlink_id == 0) return true;
    e->unlink_id = 0;
  } else {
    l.links.insert({target.bits(), target, 0});
  }
  Signal* s = Signal::create(SignalKind::Link);
  s->from = self.pid;
  if (target.is_local_port() && self.runtime->hooks.port_signal) {
    if (self.runtime->hooks.port_signal(*self.runtime, target, s)) return true;
    l.links.remove(target.bits());
    return false;
  }
  if (target.is_local_pid() && deliver_to(*self.runtime, target, s)) return true;
  if (!target.is_local_pid()) Signal::destroy(s);
  l.links.remove(target.bits());
  return false;
}

void unlink(Process& self, Term target) {
  if (VM_UNLIKELY(self.is_traced(kTraceProcs))) self.runtime->trace->process_event(self, atoms::unlink, target, Term::non_value());
  if (!self.links) return;
  LinkEntry* e = self.links->links.find(target.bits());
  if (!e || e->unlink_id != 0) return;
  const std::uint64_t id = self.links->next_unlink_id++;
  e->unlink_id = id;
  Signal* s = Signal::create(SignalKind::Unlink);
  s->from = self.pid;
  s->id = id;
  if (target.is_local_port()) {
    // Ports answer at once: no acknowledgement to wait for.
    self.links->links.remove(target.bits());
    if (self.runtime->hooks.port_signal) self.runtime->hooks.port_signal(*self.runtime, target, s);
    else Signal::destroy(s);
    return;
  }
  if (!deliver_to(*self.runtime, target, s)) self.links->links.remove(target.bits());
}

bool is_linked(Process& self, Term target) {
  if (!self.links) return false;
  LinkEntry* e = self.links->links.find(target.bits());
  return e && e->unlink_id == 0;
}

// --------------------------------------------------------------------------------------------------------- monitors and aliases

Term monitor(Process& self, MonitorKind kind, Term target, Term name, const MonitorOptions& options) {
  const std::uint64_t key = next_ref_key();
  const bool with_alias = options.alias != AliasMode::None;
  const Term ref = with_alias ? make_key_pid_ref(self.heap, key, self.pid) : make_key_ref(self.heap, key);
  if (kind == MonitorKind::Process && target == self.pid) {
    // Monitoring oneself never fires; an alias stays usable.
    if (with_alias) links_of(self).aliases.insert({key, options.alias});
    return ref;
  }
  MonitorEntry e{key, kind, options.alias, target, name, {}};
  e.tag.term = Term::non_value();
  if (options.tag.is_value()) e.tag = heap::copy_to_keep(options.tag);
  Links& l = links_of(self);
  l.monitors.insert(e);
  if (with_alias) l.aliases.insert({key, options.alias});
  if (kind == MonitorKind::TimeOffset) {
    watch_time_offset(self, key, options.tag.is_value() ? options.tag : Term(atoms::CHANGE), with_alias);
    return ref;
  }
  Signal* s = Signal::create(SignalKind::Monitor);
  s->from = self.pid;
  s->id = key;
  if (target.is_local_port() && self.runtime->hooks.port_signal) {
    self.runtime->hooks.port_signal(*self.runtime, target, s);
    return ref;
  }
  bool sent = false;
  if (target.is_local_pid()) sent = deliver_tie(self, target, s);
  else Signal::destroy(s);
  if (!sent) self_signal(self, SignalKind::MonitorDown, target, key, atoms::noproc);
  return ref;
}

void add_remote_monitor(Process& self, std::uint64_t key, Term object, Term tag, AliasMode alias) {
  heap::FragmentWriter w(16);
  MonitorEntry e{key, MonitorKind::Remote, alias, term::kNil, term::kNil, {}};
  const Term kept_tag = tag.is_value() ? heap::copy_with_literals(tag, w) : atoms::DOWN;
  e.tag.term = term::Tuple::make(w, kept_tag, heap::copy_with_literals(object, w));
  e.tag.fragments = w.take();
  Links& l = links_of(self);
  l.monitors.insert(e);
  if (alias != AliasMode::None && !l.aliases.find(key)) l.aliases.insert({key, alias});
}

Term monitor_reference(Process& self, std::uint64_t key, AliasMode alias, term::HeapWriter& h) {
  return alias != AliasMode::None ? make_key_pid_ref(h, key, self.pid) : make_key_ref(h, key);
}

Term monitor_nobody(Process& self, MonitorKind kind, Term target, Term reason, const MonitorOptions& options) {
  const std::uint64_t key = next_ref_key();
  const bool with_alias = options.alias != AliasMode::None;
  const Term ref = with_alias ? make_key_pid_ref(self.heap, key, self.pid) : make_key_ref(self.heap, key);
  heap::FragmentWriter w(16);
  const Term tag = options.tag.is_value() ? heap::copy(options.tag, w) : atoms::DOWN;
  const Term copied_ref = heap::copy(ref, w);
  const Term type = kind == MonitorKind::Port ? atoms::port : atoms::process;
  const Term object = heap::copy(target, w);
  Signal* s = Signal::create(SignalKind::Message);
  s->term = term::Tuple::make(w, tag, copied_ref, type, object, reason);
  s->fragments = w.take();
  if (with_alias && options.alias == AliasMode::ExplicitUnalias) links_of(self).aliases.insert({key, options.alias});
  if (!self.deliver(s)) Signal::destroy(s);
  return ref;
}

bool parse_monitor_options(Term list, MonitorOptions* out) {
  for (; list.is_cons(); list = list.tail()) {
    if (!list.head().is_tuple_of(2)) return false;
    const term::Tuple t = term::Tuple::from(list.head());
    if (t[0] == atoms::tag) {
      out->tag = t[1];
    } else if (t[0] == atoms::alias) {
      if (t[1] == atoms::explicit_unalias) out->alias = AliasMode::ExplicitUnalias;
      else if (t[1] == atoms::demonitor) out->alias = AliasMode::Demonitor;
      else if (t[1] == atoms::reply_demonitor) out->alias = AliasMode::ReplyDemonitor;
      else return false;
    } else {
      return false;
    }
  }
  return list.is_nil();
}

void exit_signal_to_self(Process& self, Term from, Term reason) {
  if (self.trap_exit()) {
    heap::FragmentWriter w(16);
    const Term origin = heap::copy(from, w);
    Signal* s = Signal::create(SignalKind::Message);
    s->from = term::kNil;
    s->term = term::Tuple::make(w, atoms::EXIT, origin, reason);
    s->fragments = w.take();
    if (!self.deliver(s)) Signal::destroy(s);
    return;
  }
  self_signal(self, SignalKind::Exit, from.is_local_pid() ? from : term::kNil, 0, reason);
}

bool remove_alias(Process& self, std::uint64_t key) {
  if (!self.links->aliases.remove(key)) return false;
  forget_exported_alias(key);
  return true;
}

// A 'DOWN' or 'CHANGE' for this reference in the inbox: {Tag, Ref, Type, Object, Reason or Offset}.
static void flush_down(Process& self, std::uint64_t key) {
  for (Message* m = self.mailbox.first(); m; m = m->next) {
    if (!m->term.is_tuple_of(5)) continue;
    const term::Tuple t = term::Tuple::from(m->term);
    if (!t[1].is_ref() || ref_key(t[1]) != key) continue;
    self.mailbox.remove(m);
    Signal::destroy(m);
    return;
  }
}

bool demonitor(Process& self, Term ref, bool flush) {
  const std::uint64_t key = ref_key(ref);
  MonitorEntry e{};
  const bool found = key != 0 && self.links && self.links->monitors.remove(key, &e);
  if (found) {
    if (e.kind == MonitorKind::Remote) self.runtime->hooks.remote_demonitor(self, key, term::Tuple::from(e.tag.term)[1]);
    heap::release(e.tag);
    if (e.alias == AliasMode::Demonitor || e.alias == AliasMode::ReplyDemonitor) remove_alias(self, key);
    if (e.kind == MonitorKind::TimeOffset) {
      unwatch_time_offset(key);
    } else if (e.target.is_local_pid() || e.target.is_local_port()) {
      Signal* s = Signal::create(SignalKind::Demonitor);
      s->from = self.pid;
      s->id = key;
      if (!e.target.is_local_port()) deliver_tie(self, e.target, s);
      else if (self.runtime->hooks.port_signal) self.runtime->hooks.port_signal(*self.runtime, e.target, s);
      else Signal::destroy(s);
    }
  }
  // A change of the time offset does not end its monitor: both may be there.
  if (flush && key != 0 && (!found || e.kind == MonitorKind::TimeOffset)) flush_down(self, key);
  return found;
}

Term alias(Process& self, AliasMode mode) {
  const std::uint64_t key = next_ref_key();
  links_of(self).aliases.insert({key, mode});
  return make_key_pid_ref(self.heap, key, self.pid);
}

bool unalias(Process& self, Term ref) {
  const std::uint64_t key = ref_key(ref);
  if (key == 0 || !self.links) return false;
  if (MonitorEntry* m = self.links->monitors.find(key)) m->alias = AliasMode::None;
  return remove_alias(self, key);
}

bool has_alias(Process& p, std::uint64_t key) { return p.links && p.links->aliases.find(key); }

// ---------------------------------------------------------------------------------------------------------- lists for process_info

Term links_list(Process& p, term::HeapWriter& h) {
  term::ListBuilder list(h);
  if (p.links)
    for (LinkEntry& e : p.links->links)
      if (e.unlink_id == 0) list.add(e.other);
  if (p.links && p.links->remote) p.runtime->hooks.remote_links(p, h, list);
  return list.finish();
}

Term monitors_list(Process& p, term::HeapWriter& h) {
  term::ListBuilder list(h);
  if (!p.links) return term::kNil;
  for (MonitorEntry& e : p.links->monitors) {
    if (e.kind == MonitorKind::Node) continue;
    if (e.kind == MonitorKind::TimeOffset) {
      list.add(term::Tuple::make(h, atoms::time_offset, atoms::clock_service));
      continue;
    }
    if (e.kind == MonitorKind::Remote) {
      list.add(term::Tuple::make(h, atoms::process, heap::copy(term::Tuple::from(e.tag.term)[1], h)));
      continue;
    }
    const Term type = e.kind == MonitorKind::Port ? atoms::port : atoms::process;
    const Term object = e.name.is_nil() ? e.target : term::Tuple::make(h, e.name, p.runtime->node_name);
    list.add(term::Tuple::make(h, type, object));
  }
  return list.finish();
}

namespace {
WatcherLister other_watchers = nullptr;
}

void list_watchers_with(WatcherLister lister) { other_watchers = lister; }

Term monitored_by_list(Process& p, term::HeapWriter& h) {
  term::ListBuilder list(h);
  if (p.links)
    for (WatcherEntry& e : p.links->watchers) list.add(e.from);
  if (p.links && p.links->remote) p.runtime->hooks.remote_watchers(p, h, list);
  if (other_watchers && p.has_native_monitors.load(std::memory_order_seq_cst)) other_watchers(p, h, list);
  return list.finish();
}

}  // namespace vm::proc
