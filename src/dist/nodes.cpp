// SPDX-License-Identifier: Apache-2.0
#include "dist/nodes.h"

#include <mutex>

#include "dist/send.h"
#include "dist/ties.h"
#include "proc/links_state.h"
#include "proc/process_table.h"
#include "proc/references.h"
#include "proc/registry.h"
#include "proc/send.h"
#include "proc/small_map.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/nodes.h"

namespace vm::dist {

Nodes::Nodes(proc::Runtime& rt, const Services& services) : runtime_(rt), services_(services) {}

bool Nodes::is_node_name(Term t) {
  if (!t.is_atom()) return false;
  const std::string_view text = term::AtomTable::text(t);
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos &&
         term::AtomTable::is_latin1(t);
}

// --- this node -----------------------------------------------------------------------------------------------------------------

bool Nodes::alive() const { return net_kernel_.load(std::memory_order_acquire) != 0; }

bool Nodes::set_name(proc::Process& caller, Term name, std::uint32_t creation) {
  if (!is_node_name(name) || name == atoms::nonode_at_nohost) return false;
  const Term net_kernel = runtime_.registry->lookup(atoms::net_kernel);
  if (!net_kernel.is_value() || !net_kernel.is_local_pid()) return false;
  Word nobody = 0;
  if (!net_kernel_.compare_exchange_strong(nobody, net_kernel.bits(), std::memory_order_acq_rel)) return false;
  going_down_ = false;
  if (net_kernel == caller.pid) {
    ties_of(caller).is_net_kernel = true;
  } else {
    sync::Epoch::Guard guard;
    if (!proc::deliver_to(runtime_, net_kernel, remote_signal(RemoteSignal::NetKernel, nullptr, 0))) {
      net_kernel_ = 0;
      return false;
    }
  }
  term::set_this_node(term::intern_node(name, creation));
  runtime_.node_name = name;
  runtime_.creation = creation;
  announce(atoms::nodeup, name, kNoConnection, true, term::kNil);
  return true;
}

void Nodes::net_kernel_ended(Term reason) {
  going_down_ = true;
  const Term why = reason == atoms::no_network ? Term(atoms::no_network) : Term(atoms::net_kernel_terminated);
  for (Peer* peer : all()) {
    const Peer::Status s = peer->status();
    if (s.state == Peer::State::Pending) peer->abort(s.connection);
    if (s.state != Peer::State::Connected) continue;
    const Term who = peer->controller();
    if (who.is_local_port()) {
      if (std::shared_ptr<port::Port> port = runtime_.ports->find(who)) {
        std::lock_guard<port::PortLock> hold(port->lock);
        port->close(why);
      }
    } else {
      peer->kill(s.connection);
    }
  }
  connection_closed();
}

// The name goes with the last connection.
void Nodes::connection_closed() {
  if (!going_down_.load(std::memory_order_acquire)) return;
  for (Peer* peer : all())
    if (peer->status().state == Peer::State::Connected) return;
  if (!going_down_.exchange(false)) return;
  const Term name = runtime_.node_name;
  term::set_this_node(term::intern_node(atoms::nonode_at_nohost, 0));
  runtime_.node_name = atoms::nonode_at_nohost;
  runtime_.creation = 0;
  net_kernel_ = 0;
  announce(atoms::nodedown, name, kNoConnection, true, atoms::net_kernel_terminated);
}

// --- peers -----------------------------------------------------------------------------------------------------------------------

Peer* Nodes::find(Term name) const {
  sync::MutexGuard guard(table_lock_);
  auto found = by_name_.find(name.bits());
  return found == by_name_.end() ? nullptr : found->second.get();
}

Peer* Nodes::find_or_make(Term name) {
  sync::MutexGuard guard(table_lock_);
  std::unique_ptr<Peer>& slot = by_name_[name.bits()];
  if (!slot) {
    slot = std::make_unique<Peer>(*this, name, proc::next_ref_key());
    by_handle_[slot->handle_key] = slot.get();
  }
  return slot.get();
}

std::vector<Peer*> Nodes::all() const {
  sync::MutexGuard guard(table_lock_);
  std::vector<Peer*> list;
  list.reserve(by_name_.size());
  for (auto& [name, peer] : by_name_) list.push_back(peer.get());
  return list;
}

Term Nodes::make_handle(term::HeapWriter& h, const Peer& peer, std::uint32_t connection) const {
  return term::Tuple::make(h, Term::small(connection), proc::make_key_ref(h, peer.handle_key));
}

Peer* Nodes::of_handle(Term handle, std::uint32_t* connection) const {
  if (!handle.is_tuple_of(2)) return nullptr;
  const term::Tuple t = term::Tuple::from(handle);
  if (!t[0].is_small() || !t[1].is_ref()) return nullptr;
  *connection = static_cast<std::uint32_t>(t[0].small_value());
  sync::MutexGuard guard(table_lock_);
  auto found = by_handle_.find(proc::ref_key(t[1]));
  return found == by_handle_.end() ? nullptr : found->second;
}

bool Nodes::ask_for_connection(Peer& peer, std::uint32_t connection) {
  const Term net_kernel = runtime_.registry->lookup(atoms::net_kernel);
  if (!net_kernel.is_value() || !net_kernel.is_local_pid()) return false;
  heap::FragmentWriter w(16);
  heap::OwnedTerm message;
  message.term = term::Tuple::make(w, atoms::auto_connect, peer.name, make_handle(w, peer, connection));
  message.fragments = w.take();
  proc::send_owned(runtime_, net_kernel, std::move(message));
  return true;
}

// {dist_ctrlr, Controller, Node, SetupPid}. False: there is no net_kernel that could look after the connection.
bool Nodes::tell_net_kernel(Term setup_pid, Term controller, Term node) {
  const Term net_kernel = Term::from_bits(net_kernel_.load(std::memory_order_acquire));
  if (!net_kernel.is_local_pid()) return false;
  sync::Epoch::Guard guard;
  proc::Process* p = runtime_.processes->lookup(net_kernel);
  if (!p || !p->alive()) return false;
  heap::FragmentWriter w(8);
  heap::OwnedTerm message;
  message.term = term::Tuple::make(w, atoms::dist_ctrlr, controller, node, setup_pid);
  message.fragments = w.take();
  proc::send_owned(*p, std::move(message));
  return true;
}

Term Nodes::connect_port(proc::Process& caller, Peer& peer, Term id, std::uint64_t flags, std::uint32_t creation,
                         std::uint32_t* connection) {
  std::shared_ptr<port::Port> port = runtime_.ports->find(id);
  if (!port) return atoms::badarg;
  std::lock_guard<port::PortLock> hold(port->lock);
  if (port->closed || port->channel || !port->driver || !port->driver->carries_packets()) return atoms::badarg;
  if (peer.status().state != Peer::State::Pending || !tell_net_kernel(caller.pid, id, peer.name)) return atoms::badarg;
  if (!peer.connect(port, id, flags, creation, connection)) return atoms::badarg;
  announce(atoms::nodeup, peer.name, *connection, flags & kPublished, term::kNil);
  // What waited for the connection is written in a turn of the port. Who hears at once that this peer doesn't know a request would ask net_kernel
  // for the connection before that has heard of it from `caller`.
  port->enqueue(port::make_request(term::kNil,
                                   [&peer](port::Port& p, term::HeapWriter&) {
                                     if (!p.closed) peer.write_queue(p);
                                     return term::kNil;
                                   }),
                nullptr);
  return atoms::ok;
}

bool Nodes::connect_process(proc::Process& controller, Peer& peer, std::uint64_t flags, std::uint32_t creation, Term setup_pid,
                            std::uint32_t* connection) {
  Ties& ties = ties_of(controller);
  if (ties.controls.first || peer.status().state != Peer::State::Pending) return false;
  if (!tell_net_kernel(setup_pid, controller.pid, peer.name)) return false;
  if (!peer.connect(nullptr, controller.pid, flags, creation, connection)) return false;
  ties.controls = {&peer, *connection};
  announce(atoms::nodeup, peer.name, *connection, flags & kPublished, term::kNil);
  return true;
}

// --- who wants to hear of nodes ---------------------------------------------------------------------------------------------------

std::size_t Nodes::watch(Term pid, unsigned options, bool on) {
  sync::MutexGuard guard(watch_lock_);
  for (std::size_t i = 0; i < watchers_.size(); i++) {
    Watcher& w = watchers_[i];
    if (w.pid != pid || w.options != options) continue;
    const std::size_t before = w.count;
    if (on) w.count++;
    else watchers_.erase(watchers_.begin() + static_cast<std::ptrdiff_t>(i));
    return before;
  }
  if (on) watchers_.push_back({pid, options, 1});
  return 0;
}

void Nodes::forget_watcher(Term pid) {
  sync::MutexGuard guard(watch_lock_);
  std::erase_if(watchers_, [&](const Watcher& w) { return w.pid == pid; });
}

namespace {

Term connection_term(std::uint32_t connection) {
  return connection == Nodes::kNoConnection ? Term(atoms::undefined) : Term::small(connection);
}

// The third element of a message: a map, or the list of older programs.
Term node_information(term::HeapWriter& h, unsigned options, Term what, std::uint32_t connection, Term type, Term reason) {
  const bool with_type = options & (kWatchVisible | kWatchHidden);
  const bool with_reason = what == atoms::nodedown && (options & kWatchReason);
  const bool with_connection = options & kWatchConnection;
  if (options & kWatchMap) {
    Term keys[3], values[3];
    std::size_t n = 0;
    if (with_connection) keys[n] = atoms::connection_id, values[n++] = connection_term(connection);
    if (with_type) keys[n] = atoms::node_type, values[n++] = type;
    if (with_reason) keys[n] = atoms::nodedown_reason, values[n++] = reason;
    return proc::make_small_map(h, {keys, n}, {values, n});
  }
  Term list = term::kNil;
  if (with_type) list = h.cons(term::Tuple::make(h, atoms::node_type, type), list);
  if (with_reason) list = h.cons(term::Tuple::make(h, atoms::nodedown_reason, reason), list);
  if (with_connection) list = h.cons(term::Tuple::make(h, atoms::connection_id, connection_term(connection)), list);
  return list;
}

}  // namespace

void Nodes::announce(Term what, Term node, std::uint32_t connection, bool visible, Term reason) {
  std::vector<Watcher> watchers;
  {
    sync::MutexGuard guard(watch_lock_);
    watchers = watchers_;
  }
  const Term type = visible ? Term(atoms::visible) : Term(atoms::hidden);
  for (const Watcher& watcher : watchers) {
    const unsigned types = watcher.options & (kWatchVisible | kWatchHidden);
    if (visible ? types == kWatchHidden : !(types & kWatchHidden)) continue;
    for (std::size_t i = 0; i < watcher.count; i++) {
      heap::FragmentWriter w(32);
      heap::OwnedTerm message;
      if (watcher.options == 0) {
        message.term = term::Tuple::make(w, what, node);
      } else {
        const Term information = node_information(w, watcher.options, what, connection, type, heap::copy(reason, w));
        message.term = term::Tuple::make(w, what, node, information);
      }
      message.fragments = w.take();
      proc::send_owned(runtime_, watcher.pid, std::move(message));
    }
  }
}

std::unique_ptr<Nodes> start(proc::Runtime& rt, const Services& services) {
  auto nodes = std::make_unique<Nodes>(rt, services);
  rt.nodes = nodes.get();
  rt.hooks.send_remote = send_message;
  rt.hooks.send_remote_if = send_message_if;
  rt.hooks.link_remote = link;
  rt.hooks.unlink_remote = unlink;
  rt.hooks.monitor_remote = monitor;
  rt.hooks.exit_remote = exit_signal;
  rt.hooks.group_leader_remote = group_leader;
  rt.hooks.remote_signal = handle_remote_signal;
  rt.hooks.remote_refused = refuse_remote_signal;
  rt.hooks.remote_ended = process_ended;
  rt.hooks.remote_demonitor = forget_monitor;
  rt.hooks.remote_links = list_links;
  rt.hooks.remote_watchers = list_watchers;
  return nodes;
}

}  // namespace vm::dist
