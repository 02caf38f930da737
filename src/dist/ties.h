// SPDX-License-Identifier: Apache-2.0
//
// [DESIGN] Ties: what one process has to do with other nodes.
//
// Links, monitors in both directions, monitors of nodes and open spawn requests over a connection live with the process, which alone touches them; the
// other side's requests come as signals (SignalKind::Remote), in order with its messages. A process enters itself with the peer when it makes its first
// tie over a connection. When the connection is lost each such process gets one signal ConnectionDown, after everything that came over
// it, and acts on all its ties: so each fires exactly once, and nothing but the list of processes is shared.
//
// A tie cannot be made over a connection that is gone: Peer::tie refuses. One that exists has its ConnectionDown still to come.
#pragma once

#include <map>
#include <set>

#include "dist/keys.h"
#include "dist/peer.h"
#include "proc/links.h"
#include "proc/runtime.h"

namespace vm::dist {

// Kinds of SignalKind::Remote, in Signal::flags. `argument` is the Peer, `token` the connection's number.
enum class RemoteSignal : std::uint8_t {
  Link,            // from
  Unlink,          // from, id
  UnlinkAck,       // from, id
  LinkExit,        // from, term = reason
  Monitor,         // term = {Watcher, Ref, what it named: us by pid or name}
  Demonitor,       // term = Ref
  MonitorDown,     // id = key, term = reason
  SpawnReply,      // id = key of the request, term = pid or atom
  ConnectionDown,  //
  NetKernel,       // the receiver is the node's net_kernel from now on
  Control,         // the receiver controls a connection: term = {Ref of the asker's request, Flags, Creation, SetupPid}, from = asker
};

struct RemoteLink {
  std::uint64_t unlink_id = 0;  // not 0: unlinked, waiting for the acknowledgement
};

struct RemoteWatcher {   // monitors us
  heap::OwnedTerm kept;  // {Watcher, Ref, Named}
};

struct SpawnRequest {
  heap::OwnedTerm kept;  // {ReplyTag, MonitorTag | 'DOWN'}
  bool link = false, monitor = false, on_success = true, on_error = true;
  proc::AliasMode alias = proc::AliasMode::None;
};

// Everything over one connection.
struct Tie {
  std::map<PidKey, RemoteLink> links;
  std::set<std::uint64_t> monitors;  // keys of entries in the process's table
  std::map<RefKey, RemoteWatcher> watchers;
  std::map<std::uint64_t, SpawnRequest> spawns;
  std::size_t node_monitors = 0;
  ~Tie();
};

class Ties {
 public:
  using Key = std::pair<Peer*, std::uint32_t>;
  std::map<Key, Tie> all;
  std::uint64_t next_unlink_id = 1;
  Key controls{nullptr, 0};  // the connection this process controls
  bool is_net_kernel = false;
  bool watches_nodes = false;  // process_flag(monitor_nodes, …)

  Tie* find(Peer& peer, std::uint32_t connection) {
    auto found = all.find({&peer, connection});
    return found == all.end() ? nullptr : &found->second;
  }
};

Ties& ties_of(proc::Process& p);
// The tie over this connection, made when new. Null: the connection is gone.
Tie* tie_of(proc::Process& p, Peer& peer, std::uint32_t connection);

void signal_connection_down(proc::Runtime& rt, Term pid, Peer& peer, std::uint32_t connection);
proc::Signal* remote_signal(RemoteSignal kind, Peer* peer, std::uint32_t connection);

// hooks of proc/
bool handle_remote_signal(proc::Process& p, proc::Signal* s, Term* exit_reason);
void refuse_remote_signal(proc::Runtime& rt, proc::Process& p, proc::Signal* s);
void process_ended(proc::Process& p, Term reason);
void forget_monitor(proc::Process& p, std::uint64_t key, Term object);
void list_links(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list);
void list_watchers(proc::Process& p, term::HeapWriter& h, term::ListBuilder& list);

}  // namespace vm::dist
