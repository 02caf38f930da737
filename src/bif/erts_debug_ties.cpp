// SPDX-License-Identifier: Apache-2.0
//
// erts_debug: links and monitors between nodes, as their processes and as the connections have them. Nothing moves meanwhile.
#include "bif/erts_debug_state.h"
#include "dist/nodes.h"
#include "dist/ties.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/runtime.h"

namespace vm::bif {

using term::Tuple;

namespace {

Term name(std::string_view text) { return term::AtomTable::intern(text); }

class TieRows {
 public:
  // Of a connection: what its processes have over it, each from the other end. Otherwise what one process has, over all connections.
  TieRows(term::HeapWriter& h, term::ListBuilder& list, const dist::Peer* of) : h_(h), list_(list), of_(of) {}

  void links(proc::Process& p) {
    each_tie(p, [&](const dist::Peer&, dist::Tie& tie) {
      for (auto& [pid, link] : tie.links) {
        const Term state = name(link.unlink_id == 0 ? "linked" : "unlinking");
        const Term id = term::make_unsigned(h_, reinterpret_cast<Word>(&link));
        list_.add(Tuple::make(h_, name("erl_link"), name("dist_process"), of_ ? p.pid : pid.make(h_), state, id));
      }
    });
  }

  void monitors(proc::Process& p) {
    each_tie(p, [&](const dist::Peer& peer, dist::Tie& tie) {
      for (const std::uint64_t key : tie.monitors) {
        const proc::MonitorEntry* e = p.links->monitors.find(key);
        if (!e || e->kind != proc::MonitorKind::Remote) continue;
        const Term object = Tuple::from(e->tag.term)[1];
        const Term other = object.is_tuple() ? peer.name : heap::copy(object, h_);
        row("dist_process", true, proc::monitor_reference(p, key, e->alias, h_), of_ ? p.pid : other,
            object.is_tuple() ? Tuple::from(object)[0] : term::kNil);
      }
      for (auto& [ref, watcher] : tie.watchers) {
        const Tuple t = Tuple::from(watcher.kept.term);
        row("dist_process", false, heap::copy(t[1], h_), of_ ? p.pid : heap::copy(t[0], h_), t[2].is_atom() ? t[2] : term::kNil);
      }
      const auto count = static_cast<SWord>(tie.node_monitors);
      if (count != 0) row("node", true, term::kNil, of_ ? p.pid : peer.name, of_ ? term::kNil : Term::small(count));
    });
  }

 private:
  template <typename F>
  void each_tie(proc::Process& p, F&& f) {
    if (p.exiting() || !p.links || !p.links->remote) return;
    for (auto& [where, tie] : p.links->remote->all)
      if (!of_ || (where.first == of_ && of_->is_current(where.second))) f(*where.first, tie);
  }
  // begins: at the process that was asked about.
  void row(const char* type, bool begins, Term ref, Term other, Term extra) {
    const bool origin = begins == (of_ == nullptr);
    list_.add(Tuple::make(h_, name("erl_monitor"), name(type), name(origin ? "origin" : "target"), ref, other, extra));
  }

  term::HeapWriter& h_;
  term::ListBuilder& list_;
  const dist::Peer* of_;
};

}  // namespace

void add_remote_links(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list) { TieRows(h, list, nullptr).links(p); }
void add_remote_monitors(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list) { TieRows(h, list, nullptr).monitors(p); }

Term connection_list(proc::BifContext& cx, Term node, ConnectionRows what) {
  proc::Runtime& rt = cx.runtime();
  if (node == rt.node_name) return term::kNil;
  const dist::Peer* peer = rt.nodes->find(node);
  if (!peer) return atoms::undefined;
  term::ListBuilder list(cx.heap());
  rt.schedulers->stop_the_world([&] {
    TieRows rows(cx.heap(), list, peer);
    rt.processes->for_each([&](proc::Process& p) {
      if (what == ConnectionRows::Links) rows.links(p);
      else rows.monitors(p);
    });
  });
  return list.finish();
}

}  // namespace vm::bif
