// SPDX-License-Identifier: Apache-2.0
//
// Built-ins about other nodes on a node that has none: there is no handle of a connection, so any argument is a wrong one.
#include "bif/bif_decls.gen.h"
#include "proc/runtime.h"

namespace vm::bif {

namespace {

BifResult monitor(BifContext& cx, Term node, Term on) {
  if (!node.is_atom() || !on.is_boolean()) return cx.badarg();
  Term self = cx.runtime().node_name;
  if (node == self) return atoms::true_;
  return cx.error(self == atoms::nonode_at_nohost ? atoms::notalive : atoms::undef);
}

}  // namespace

BifResult erlang_monitor_node_2(BifContext& cx, Term node, Term on) { return monitor(cx, node, on); }

BifResult erlang_monitor_node_3(BifContext& cx, Term node, Term on, Term options) {
  for (; options.is_cons(); options = options.tail())
    if (options.head() != atoms::allow_passive_connect) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  if (!options.is_nil()) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  return monitor(cx, node, on);
}

BifResult erlang_dist_get_stat_1(BifContext& cx, Term) { return cx.badarg(); }
BifResult erlang_dist_ctrl_put_data_2(BifContext& cx, Term, Term) { return cx.badarg(); }

// Only the process that controls a connection may call these.
BifResult erlang_dist_ctrl_get_data_1(BifContext& cx, Term) { return cx.error(atoms::notsup); }
BifResult erlang_dist_ctrl_get_data_notification_1(BifContext& cx, Term) { return cx.error(atoms::notsup); }
BifResult erlang_dist_ctrl_get_opt_2(BifContext& cx, Term, Term) { return cx.error(atoms::notsup); }
BifResult erlang_dist_ctrl_set_opt_3(BifContext& cx, Term, Term, Term) { return cx.error(atoms::notsup); }
BifResult erlang_dist_ctrl_input_handler_2(BifContext& cx, Term, Term) { return cx.error(atoms::notsup); }

}  // namespace vm::bif
