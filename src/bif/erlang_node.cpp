// SPDX-License-Identifier: Apache-2.0
//
// Built-ins about other nodes and the connections to them.
#include "bif/erlang_node.h"

#include "bif/bif_decls.gen.h"
#include "bif/persistent_term.h"
#include "bif/term_format.h"
#include "dist/nodes.h"
#include "dist/send.h"
#include "dist/ties.h"
#include "etf/decode.h"
#include "ops/maps.h"
#include "port/port.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "term/nodes.h"

namespace vm::bif {

using dist::Nodes;
using dist::Peer;
using proc::Process;
using term::Tuple;

namespace {

Nodes& nodes_of(const BifContext& cx) { return *cx.runtime().nodes; }

// --- lists of nodes ---------------------------------------------------------------------------------------------------------------

struct NodeKinds {
  bool visible = false, hidden = false, others = false, self = false;
};

bool add_kind(Term kind, NodeKinds* kinds) {
  if (kind == atoms::visible) kinds->visible = true;
  else if (kind == atoms::hidden) kinds->hidden = true;
  else if (kind == atoms::connected) kinds->visible = kinds->hidden = true;
  else if (kind == atoms::this_) kinds->self = true;
  else if (kind == atoms::known) *kinds = {true, true, true, true};
  else return false;
  return true;
}

bool read_kinds(Term t, NodeKinds* kinds) {
  if (t.is_atom()) return add_kind(t, kinds);
  for (; t.is_cons(); t = t.tail())
    if (!add_kind(t.head(), kinds)) return false;
  return t.is_nil();
}

// Calls f(name, kind, connection number or undefined) for each node of these kinds.
template <typename F>
void each_node(const BifContext& cx, const NodeKinds& kinds, F&& f) {
  if (kinds.self) f(cx.runtime().node_name, Term(atoms::this_), Term(atoms::undefined));
  for (Peer* peer : nodes_of(cx).all()) {
    if (peer->name == cx.runtime().node_name) continue;
    const Peer::Status s = peer->status();
    const bool connected = s.state == Peer::State::Connected;
    const Term kind = !connected ? Term(atoms::known) : peer->visible() ? Term(atoms::visible) : Term(atoms::hidden);
    const bool wanted = kind == atoms::known ? kinds.others : kind == atoms::visible ? kinds.visible : kinds.hidden;
    if (wanted) f(peer->name, kind, connected ? Term::small(s.connection) : Term(atoms::undefined));
  }
}

Term list_nodes(BifContext& cx, const NodeKinds& kinds) {
  term::ListBuilder list(cx.heap());
  each_node(cx, kinds, [&](Term name, Term, Term) { list.add(name); });
  return list.finish();
}

// The peer of a handle whose connection this process controls. Null: badarg or notsup was raised, see *refused.
Peer* controlled(BifContext& cx, Term handle, std::uint32_t* connection, BifResult* refused) {
  Process& p = cx.process();
  dist::Ties* ties = p.links ? p.links->remote : nullptr;
  if (!ties || !ties->controls.first) {
    *refused = cx.error(atoms::notsup);
    return nullptr;
  }
  Peer* peer = nodes_of(cx).of_handle(handle, connection);
  if (peer == ties->controls.first && *connection == ties->controls.second && peer->is_current(*connection)) return peer;
  *refused = cx.badarg();
  return nullptr;
}

BifResult monitor(BifContext& cx, Term node, Term on, Term options, bool passive) {
  if (!node.is_atom()) return cx.badarg();
  if (node != atoms::nonode_at_nohost && !is_alive(cx.process())) return cx.error(atoms::notalive);
  if (!on.is_boolean()) return cx.badarg();
  if (dist::monitor_node(cx.process(), node, on == atoms::true_, passive) == dist::NodeMonitoring::Done) return atoms::true_;
  return cx.trap(cx.runtime().code->export_for(atoms::erlang, atoms::dmonitor_node, 3), node, on, options);
}

unsigned watch_options(Term options, bool* good) {
  *good = true;
  if (options.is_nil()) return 0;
  *good = options.is_map();
  if (!*good) return 0;
  unsigned wanted = dist::kWatchMap;
  ops::MapIterator it(options);
  for (Term k, v; it.next(&k, &v);) {
    const bool on = v == atoms::true_;
    if (k == atoms::list && on) wanted &= ~unsigned{dist::kWatchMap};
    else if (k == atoms::connection_id && v.is_boolean()) wanted |= on ? unsigned{dist::kWatchConnection} : 0u;
    else if (k == atoms::nodedown_reason && v.is_boolean()) wanted |= on ? unsigned{dist::kWatchReason} : 0u;
    else if (k == atoms::node_type && v == atoms::visible) wanted |= dist::kWatchVisible;
    else if (k == atoms::node_type && v == atoms::hidden) wanted |= dist::kWatchHidden;
    else if (k == atoms::node_type && v == atoms::all) wanted |= dist::kWatchVisible | dist::kWatchHidden;
    else *good = false;
  }
  return wanted;
}

}  // namespace

Term monitor_nodes(Process& p, Term on, Term options) {
  bool good = on.is_boolean();
  const unsigned wanted = good ? watch_options(options, &good) : 0;
  if (!good) return Term::non_value();
  dist::ties_of(p).watches_nodes = true;
  return Term::small(static_cast<SWord>(p.runtime->nodes->watch(p.pid, wanted, on == atoms::true_)));
}

bool is_alive(Process& p) {
  if (p.runtime->nodes->alive()) return true;
  heap::FragmentWriter w(4);
  return persistent_term_value(Tuple::make(w, atoms::erts_internal, term::AtomTable::intern("dynamic_node_name"))) == atoms::true_;
}

BifResult erlang_nodes_0(BifContext& cx) { return list_nodes(cx, {true, false, false, false}); }

BifResult erlang_nodes_1(BifContext& cx, Term t) {
  NodeKinds kinds;
  if (!read_kinds(t, &kinds)) return cx.badarg();
  return list_nodes(cx, kinds);
}

BifResult erlang_nodes_2(BifContext& cx, Term t, Term options) {
  NodeKinds kinds;
  bool node_type = false, connection_id = false;
  if (!read_kinds(t, &kinds) || !options.is_map()) return cx.badarg();
  ops::MapIterator it(options);
  for (Term k, v; it.next(&k, &v);) {
    if (!v.is_boolean()) return cx.badarg();
    if (k == atoms::node_type) node_type = v == atoms::true_;
    else if (k == atoms::connection_id) connection_id = v == atoms::true_;
    else return cx.badarg();
  }
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  each_node(cx, kinds, [&](Term name, Term kind, Term connection) {
    Term info = ops::empty_map(h);
    if (node_type) info = ops::map_put(h, info, atoms::node_type, kind);
    if (connection_id) info = ops::map_put(h, info, atoms::connection_id, connection);
    list.add(Tuple::make(h, name, info));
  });
  return list.finish();
}

BifResult erlang_monitor_node_2(BifContext& cx, Term node, Term on) { return monitor(cx, node, on, term::kNil, false); }

BifResult erlang_monitor_node_3(BifContext& cx, Term node, Term on, Term options) {
  bool passive = false;
  Term list = options;
  for (; list.is_cons(); list = list.tail()) {
    if (list.head() != atoms::allow_passive_connect) return cx.error_with_cause(atoms::badarg, atoms::badopt);
    passive = true;
  }
  if (!list.is_nil()) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  return monitor(cx, node, on, options, passive);
}

// --- names and connections ----------------------------------------------------------------------------------------------------------

BifResult erlang_setnode_2(BifContext& cx, Term name, Term creation) {
  Word number = 0;
  if (!term::to_uint64(creation, &number) || number > UINT32_MAX) return cx.badarg();
  return nodes_of(cx).set_name(cx.process(), name, static_cast<std::uint32_t>(number)) ? BifResult(atoms::true_) : cx.badarg();
}

BifResult erts_internal_get_creation_0(BifContext& cx) {
  return cx.runtime().creation == 0 ? Term(atoms::undefined) : Term::small(cx.runtime().creation);
}

BifResult erts_internal_new_connection_1(BifContext& cx, Term name) {
  if (!Nodes::is_node_name(name) || name == cx.runtime().node_name) return cx.badarg();
  Peer* peer = nodes_of(cx).find_or_make(name);
  bool fresh = false;
  const std::uint32_t connection = peer->begin(&fresh);
  return nodes_of(cx).make_handle(cx.heap(), *peer, connection);
}

BifResult erts_internal_abort_pending_connection_2(BifContext& cx, Term name, Term handle) {
  std::uint32_t connection = 0;
  Peer* peer = name.is_atom() ? nodes_of(cx).of_handle(handle, &connection) : nullptr;
  if (!peer || peer->name != name) return cx.badarg();
  return peer->abort(connection) ? atoms::true_ : atoms::false_;
}

BifResult erts_internal_create_dist_channel_3(BifContext& cx, Term name, Term controller, Term options) {
  Word flags = 0, creation = 0;
  Nodes& nodes = nodes_of(cx);
  if (!nodes.alive() || !Nodes::is_node_name(name) || name == cx.runtime().node_name || !options.is_tuple_of(2)) return atoms::badarg;
  const Tuple t = Tuple::from(options);
  if (!term::to_uint64(t[0], &flags) || !term::to_uint64(t[1], &creation) || creation > UINT32_MAX) return atoms::badarg;
  if (~flags & dist::kMandatory) return atoms::badarg;
  Peer* peer = nodes.find_or_make(name);
  if (peer->ending())
    return cx.yield_to(cx.runtime().code->export_for(atoms::erts_internal, term::AtomTable::intern("create_dist_channel"), 3), name,
                       controller, options);
  Process& p = cx.process();
  std::uint32_t connection = 0;
  if (controller.is_local_port()) {
    const Term outcome = nodes.connect_port(p, *peer, controller, flags, static_cast<std::uint32_t>(creation), &connection);
    if (outcome != atoms::ok) return outcome;
  } else if (controller == p.pid) {
    if (!nodes.connect_process(p, *peer, flags, static_cast<std::uint32_t>(creation), p.pid, &connection)) return atoms::badarg;
  } else if (controller.is_local_pid()) {
    const std::uint64_t key = proc::next_ref_key();
    heap::FragmentWriter w(24);
    proc::Signal* s = dist::remote_signal(dist::RemoteSignal::Control, peer, 0);
    const Term ref = proc::make_key_ref(w, key), sent_flags = term::make_unsigned(w, flags);
    s->term = Tuple::make(w, ref, sent_flags, Term::small(static_cast<SWord>(creation)), p.pid);
    s->fragments = w.take();
    s->from = p.pid;
    if (!proc::deliver_to(cx.runtime(), controller, s)) return atoms::badarg;
    return Tuple::make(cx.heap(), atoms::message, proc::make_key_ref(cx.heap(), key));
  } else {
    return atoms::badarg;
  }
  return Tuple::make(cx.heap(), atoms::ok, nodes.make_handle(cx.heap(), *peer, connection));
}

BifResult erts_internal_dist_spawn_request_4(BifContext& cx, Term node, Term mfa, Term options, Term kind) {
  const Term answer = dist::request_spawn(cx.process(), node, mfa, options, kind == atoms::spawn_opt);
  const bool waits = cx.process().pending != proc::PendingKind::None;
  return answer.is_value() || waits ? answer : Term(atoms::badarg);
}

BifResult net_kernel_dflag_unicode_io_1(BifContext& cx, Term pid) {
  if (!pid.is_pid()) return cx.badarg();
  if (!pid.is_external() || term::external_node(pid)->name == cx.runtime().node_name) return atoms::true_;
  const Peer* peer = nodes_of(cx).find(term::external_node(pid)->name);
  return peer && (peer->flags() & dist::kUnicodeIo) ? atoms::true_ : atoms::false_;
}

// --- connections carried by processes -----------------------------------------------------------------------------------------------

BifResult erlang_dist_get_stat_1(BifContext& cx, Term handle) {
  std::uint32_t connection = 0;
  const Peer* peer = nodes_of(cx).of_handle(handle, &connection);
  if (!peer || !peer->is_current(connection)) return cx.badarg();
  const Peer::Counts counts = peer->counts();
  term::HeapWriter& h = cx.heap();
  return Tuple::make(h, atoms::ok, term::make_unsigned(h, counts.in), term::make_unsigned(h, counts.out),
                     term::make_unsigned(h, counts.queued_bytes));
}

BifResult erlang_dist_ctrl_put_data_2(BifContext& cx, Term handle, Term data) {
  std::uint32_t connection = 0;
  Peer* peer = nodes_of(cx).of_handle(handle, &connection);
  std::string bytes;
  if (!peer || !port::native_name(data, &bytes)) return cx.badarg();
  if (peer->input_handler.load(std::memory_order_acquire) != cx.process().pid.bits()) return cx.error(atoms::notsup);
  peer->count_input();
  if (!bytes.empty()) (void)peer->receive(connection, {reinterpret_cast<const Byte*>(bytes.data()), bytes.size()});
  cx.bump(5 + bytes.size() / 1024);
  return atoms::ok;
}

BifResult erlang_dist_ctrl_get_data_1(BifContext& cx, Term handle) {
  std::uint32_t connection = 0;
  BifResult refused = Term::non_value();
  Peer* peer = controlled(cx, handle, &connection, &refused);
  if (!peer) return refused;
  std::vector<std::string> pieces;
  if (!peer->take_packet(connection, &pieces)) return atoms::none;
  term::HeapWriter& h = cx.heap();
  term::ListBuilder list(h);
  std::size_t size = 0;
  for (const std::string& piece : pieces) {
    size += piece.size();
    if (!piece.empty()) list.add(term::make_binary(h, {reinterpret_cast<const Byte*>(piece.data()), piece.size()}));
  }
  cx.bump(1 + size / 1024);
  const Term data = list.finish();
  return peer->sizes_wanted ? Tuple::make(h, Term::small(static_cast<SWord>(size)), data) : data;
}

BifResult erlang_dist_ctrl_get_data_notification_1(BifContext& cx, Term handle) {
  std::uint32_t connection = 0;
  BifResult refused = Term::non_value();
  Peer* peer = controlled(cx, handle, &connection, &refused);
  if (!peer) return refused;
  peer->request_notification(connection);
  return atoms::ok;
}

BifResult erlang_dist_ctrl_get_opt_2(BifContext& cx, Term handle, Term option) {
  std::uint32_t connection = 0;
  BifResult refused = Term::non_value();
  const Peer* peer = controlled(cx, handle, &connection, &refused);
  if (!peer) return refused;
  if (option != atoms::get_size) return cx.badarg();
  return peer->sizes_wanted ? atoms::true_ : atoms::false_;
}

BifResult erlang_dist_ctrl_set_opt_3(BifContext& cx, Term handle, Term option, Term value) {
  std::uint32_t connection = 0;
  BifResult refused = Term::non_value();
  Peer* peer = controlled(cx, handle, &connection, &refused);
  if (!peer) return refused;
  if (option != atoms::get_size || !value.is_boolean()) return cx.badarg();
  return peer->sizes_wanted.exchange(value == atoms::true_) ? atoms::true_ : atoms::false_;
}

BifResult erlang_dist_ctrl_input_handler_2(BifContext& cx, Term handle, Term pid) {
  std::uint32_t connection = 0;
  BifResult refused = Term::non_value();
  Peer* peer = controlled(cx, handle, &connection, &refused);
  if (!peer) return refused;
  if (!pid.is_local_pid()) return cx.badarg();
  peer->input_handler.store(pid.bits(), std::memory_order_release);
  return atoms::ok;
}

BifResult erts_debug_dist_ext_to_term_2(BifContext& cx, Term table, Term binary) {
  term::ByteScratch scratch;
  std::span<const Byte> bytes;
  if (!table.is_tuple() || !term::binary_bytes(binary, &bytes, scratch)) return cx.badarg();
  std::vector<Term> cached;
  for (std::size_t i = 0; i < Tuple::from(table).size(); i++) {
    if (!Tuple::from(table)[i].is_atom()) return cx.badarg();
    cached.push_back(Tuple::from(table)[i]);
  }
  TermFormatHooks hooks(cx.runtime());
  etf::DecodeOptions options;
  options.hooks = hooks.hooks();
  options.version_byte = false;
  options.cached_atoms = cached;
  Term result;
  if (!etf::decode(bytes, cx.heap(), &result, options)) return cx.badarg();
  return result;
}

}  // namespace vm::bif
