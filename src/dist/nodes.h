// SPDX-License-Identifier: Apache-2.0
//
// Nodes: the table of peers, this node's own name, and who wants to hear of nodes that come and go.
//
// Peers are never freed: there is at most one per atom. The table takes a lock; whoever has a Peer needs it no more.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "dist/peer.h"
#include "etf/decode.h"
#include "proc/spawn.h"

namespace vm::dist {

// What higher rooms lend.
struct Services {
  const etf::DecodeHooks* decode = nullptr;
  enum class Parsed { Ok, BadOption, NoList };
  Parsed (*spawn_options)(proc::Runtime& rt, Term list, proc::SpawnOptions* out) = nullptr;
};

// What process_flag({monitor_nodes, …}, true) asked for.
enum NodeWatch : unsigned { kWatchVisible = 1, kWatchHidden = 2, kWatchReason = 4, kWatchConnection = 8, kWatchMap = 16 };

class Nodes {
 public:
  Nodes(proc::Runtime& rt, const Services& services);

  proc::Runtime& runtime() const { return runtime_; }
  const Services& services() const { return services_; }
  std::size_t busy_limit() const { return runtime_.settings.dist_buffer_limit; }

  // Whether this node has a name (term/nodes.h: this_node).
  bool alive() const;
  // setnode/2. False: badarg.
  bool set_name(proc::Process& caller, Term name, std::uint32_t creation);
  // net_kernel has ended: connections go, then the name.
  void net_kernel_ended(Term reason);
  void connection_closed();

  Peer* find(Term name) const;
  Peer* find_or_make(Term name);
  // Handles of connections: {Number, Ref}.
  Term make_handle(term::HeapWriter& h, const Peer& peer, std::uint32_t connection) const;
  Peer* of_handle(Term handle, std::uint32_t* connection) const;
  std::vector<Peer*> all() const;

  // create_dist_channel/3 for a port, or for a process that is the running one.
  Term connect_port(proc::Process& caller, Peer& peer, Term port, std::uint64_t flags, std::uint32_t creation, std::uint32_t* connection);
  bool connect_process(proc::Process& controller, Peer& peer, std::uint64_t flags, std::uint32_t creation, Term setup_pid,
                       std::uint32_t* connection);
  // Tells net_kernel {auto_connect, Node, Handle}. False: there is none.
  bool ask_for_connection(Peer& peer, std::uint32_t connection);

  // process_flag(monitor_nodes, On): how many times it was on before.
  std::size_t watch(Term pid, unsigned options, bool on);
  void forget_watcher(Term pid);
  void announce(Term what, Term node, std::uint32_t connection, bool visible, Term reason);
  static constexpr std::uint32_t kNoConnection = 0xFFFFFFFF;

  static bool is_node_name(Term t);

 private:
  bool tell_net_kernel(Term setup_pid, Term controller, Term node);
  struct Watcher {
    Term pid;
    unsigned options;
    std::size_t count;
  };

  proc::Runtime& runtime_;
  const Services services_;
  mutable sync::Mutex table_lock_{sync::LockRank::DistTable};
  std::unordered_map<Word, std::unique_ptr<Peer>> by_name_;
  std::unordered_map<std::uint64_t, Peer*> by_handle_;
  mutable sync::Mutex watch_lock_{sync::LockRank::DistWatch};
  std::vector<Watcher> watchers_;
  std::atomic<Word> net_kernel_{0};  // pid that gave the node its name
  std::atomic<bool> going_down_{false};
};

// Takes the hooks of proc/ and makes runtime.nodes.
std::unique_ptr<Nodes> start(proc::Runtime& rt, const Services& services);

}  // namespace vm::dist
