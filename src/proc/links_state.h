// SPDX-License-Identifier: Apache-2.0
//
// Tables behind proc/links.h.
#pragma once

#include "proc/id_table.h"
#include "proc/links.h"

namespace vm::dist {
class Ties;
}

namespace vm::proc {

struct LinkEntry {
  std::uint64_t key;            // bits of `other`
  Term other;                   // local pid or port
  std::uint64_t unlink_id = 0;  // not 0: we unlinked and wait for the acknowledgement; exit signals over the link are void
};

struct MonitorEntry {  // we monitor
  std::uint64_t key;   // of the reference
  MonitorKind kind;
  AliasMode alias;
  Term target;          // local pid or port; nil: nobody by that name
  Term name;            // registered name, or nil
  heap::OwnedTerm tag;  // term is the non-value: 'DOWN'; of kind Remote {Tag, Object}
};

struct WatcherEntry {  // we are monitored
  std::uint64_t key;
  Term from;
};

struct AliasEntry {
  std::uint64_t key;
  AliasMode mode;
};

class Links {
 public:
  IdTable<LinkEntry> links;
  IdTable<MonitorEntry> monitors;
  IdTable<WatcherEntry> watchers;
  IdTable<AliasEntry> aliases;
  std::uint64_t next_unlink_id = 1;
  dist::Ties* remote = nullptr;  // ties to other nodes, of dist/

  ~Links();
};

Links& links_of(Process& p);  // made when missing

// Takes an alias away, where it is exported, too.
bool remove_alias(Process& self, std::uint64_t key);
// Delivers a signal without terms to a local process; answers false (and frees it) when there is none.
bool deliver_to(Runtime& rt, Term pid, Signal* s);
// Puts a copied reason into the signal.
void set_reason(Signal& s, Term reason);
// A message of the process's own making to its inbox: {Tag, ...} built by the caller into `fragments`.
void append_message(Process& p, Term message, heap::HeapFragment* fragments, Term from, Term token = atoms::undefined);

}  // namespace vm::proc
