// SPDX-License-Identifier: Apache-2.0
//
// Pids, ports, references and funs as text and back.
#include <charconv>
#include <vector>

#include "bif/bif_decls.gen.h"
#include "bif/text_input.h"
#include "dist/nodes.h"
#include "ets/table.h"
#include "proc/runtime.h"
#include "term/nodes.h"
#include "term/print.h"

namespace vm::bif {

namespace {

// Reads "<prefix>N.N...<end>" with between low and high numbers.
bool read_numbers(const std::string& text, std::string_view prefix, std::string_view end, std::vector<std::uint64_t>* out) {
  if (text.size() < prefix.size() + end.size() || text.compare(0, prefix.size(), prefix) != 0) return false;
  const char* p = text.data() + prefix.size();
  const char* last = text.data() + text.size() - end.size();
  if (std::string_view(last, end.size()) != end) return false;
  for (;;) {
    std::uint64_t n;
    auto [next, fault] = std::from_chars(p, last, n);
    if (fault != std::errc() || next == p) return false;
    out->push_back(n);
    if (next == last) return true;
    if (*next != '.') return false;
    p = next + 1;
  }
}

bool read_identifier(Term list, std::string_view prefix, std::string_view end, std::vector<std::uint64_t>* numbers) {
  std::string text;
  return latin1_text(list, &text, 256) && read_numbers(text, prefix, end, numbers);
}

// Channel 0 is this node; other numbers name nodes by their atoms.
bool is_this_node(std::uint64_t channel) { return channel == 0; }

// The connected node of a channel as it is now; null: none.
const term::NodeEntry* node_of_channel(BifContext& cx, std::uint64_t channel) {
  if (channel > UINT32_MAX || !cx.runtime().nodes) return nullptr;
  const dist::Peer* peer = cx.runtime().nodes->find(Term::atom(static_cast<std::uint32_t>(channel)));
  if (!peer || peer->status().state != dist::Peer::State::Connected) return nullptr;
  return term::intern_node(peer->name, peer->creation());
}

BifResult text_list(BifContext& cx, Term t) { return list_of_utf8(cx.heap(), term::to_text(t)); }

}  // namespace

BifResult erlang_pid_to_list_1(BifContext& cx, Term t) { return t.is_pid() ? text_list(cx, t) : cx.badarg(); }
BifResult erlang_port_to_list_1(BifContext& cx, Term t) { return t.is_port() ? text_list(cx, t) : cx.badarg(); }
BifResult erlang_ref_to_list_1(BifContext& cx, Term t) { return t.is_ref() ? text_list(cx, t) : cx.badarg(); }

BifResult erlang_fun_to_list_1(BifContext& cx, Term t) {
  if (t.is_kind(term::Kind::ExportFun)) {
    auto* e = reinterpret_cast<const code::Export*>(t.boxed_ptr()[1]);
    std::string text =
        "fun " + term::atom_text(e->mfa.module) + ":" + term::atom_text(e->mfa.function) + "/" + std::to_string(e->mfa.arity);
    return list_of_utf8(cx.heap(), text);
  }
  return t.is_fun() ? text_list(cx, t) : cx.badarg();
}

BifResult erlang_list_to_pid_1(BifContext& cx, Term list) {
  std::vector<std::uint64_t> n;
  if (!read_identifier(list, "<", ">", &n) || n.size() != 3) return cx.badarg();
  if (!is_this_node(n[0])) {
    const term::NodeEntry* node = node_of_channel(cx, n[0]);
    if (!node || n[1] > UINT32_MAX || n[2] > UINT32_MAX) return cx.badarg();
    return term::make_external_pid(cx.heap(), node, static_cast<std::uint32_t>(n[1]), static_cast<std::uint32_t>(n[2]));
  }
  if (n[1] >= (std::uint64_t{1} << 28) || n[2] >= (std::uint64_t{1} << 30)) return cx.badarg();
  return Term::local_pid(n[1] | n[2] << 28);
}

BifResult erlang_list_to_port_1(BifContext& cx, Term list) {
  std::vector<std::uint64_t> n;
  if (!read_identifier(list, "#Port<", ">", &n) || n.size() != 2) return cx.badarg();
  if (!is_this_node(n[0])) {
    const term::NodeEntry* node = node_of_channel(cx, n[0]);
    return node ? BifResult(term::make_external_port(cx.heap(), node, n[1])) : cx.badarg();
  }
  if (n[1] >= (std::uint64_t{1} << 58)) return cx.badarg();
  return Term::local_port(n[1]);
}

BifResult erlang_list_to_ref_1(BifContext& cx, Term list) {
  std::vector<std::uint64_t> n;
  if (!read_identifier(list, "#Ref<", ">", &n) || n.size() < 2) return cx.badarg();
  if (!is_this_node(n[0])) {
    const term::NodeEntry* node = node_of_channel(cx, n[0]);
    std::uint32_t shown[5];
    if (!node || n.size() > 6) return cx.badarg();
    for (std::size_t i = 1; i < n.size(); i++) {
      if (n[i] > UINT32_MAX) return cx.badarg();
      shown[n.size() - 1 - i] = static_cast<std::uint32_t>(n[i]);
    }
    return term::make_external_ref(cx.heap(), node, {shown, n.size() - 1});
  }
  if (n.size() != 4) return cx.badarg();
  std::uint32_t numbers[3] = {0, 0, 0};
  for (std::size_t i = 1; i < n.size(); i++) {
    if (n[i] > 0xFFFFFFFF) return cx.badarg();
    numbers[n.size() - 1 - i] = static_cast<std::uint32_t>(n[i]);
  }
  if (numbers[0] >= 1u << 18) return cx.badarg();
  // A table is known by its text, too.
  const Term table = cx.runtime().ets->reference_of(cx.heap(), numbers);
  return table.is_value() ? table : term::make_ref(cx.heap(), numbers);
}

}  // namespace vm::bif
