// SPDX-License-Identifier: Apache-2.0
//
// Packets that come in: headers, fragments, and the end of connections whose other side breaks the protocol.
#include "dist/nodes.h"
#include "dist/peer.h"
#include "dist/receiver.h"
#include "proc/log.h"
#include "term/atoms.h"

namespace vm::dist {

namespace {

Term text_term(term::HeapWriter& h, const std::string& text) {
  term::ListBuilder list(h);
  for (char c : text) list.add(Term::small(static_cast<unsigned char>(c)));
  return list.finish();
}

void log_text(proc::Runtime& rt, Term level, const std::string& text) {
  heap::FragmentWriter w(64);
  const Term args[] = {text_term(w, text)};
  proc::log_to_logger(rt, nullptr, level, "~s~n", args);
}

std::uint64_t number64(const Byte* p) {
  std::uint64_t v = 0;
  for (unsigned i = 0; i < 8; i++) v = v << 8 | p[i];
  return v;
}

}  // namespace

void Peer::log_corrupt(std::span<const Byte> bytes, const char* what) {
  constexpr std::size_t kShownBytes = 4096;
  std::string text(term::AtomTable::text(nodes_.runtime().node_name));
  text = "'" + text + "' got a corrupted " + what + " from '" + std::string(term::AtomTable::text(name)) + "' on distribution channel " +
         std::to_string(controller().is_nil() ? 0 : controller().id_data()) + "\n<<";
  for (std::size_t i = 0; i < bytes.size() && i < kShownBytes; i++) text += (i ? "," : "") + std::to_string(bytes[i]);
  text += ">>";
  log_text(nodes_.runtime(), atoms::warning, text);
}

// Takes the header off. *complete: what is left of `in` (or *assembled, if it came in fragments) is a whole message.
bool Peer::prepare(std::span<const Byte>* in, std::vector<Term>* atoms, std::string* assembled, bool* complete) {
  constexpr std::size_t kFragmentHeader = 18;
  *complete = true;
  const std::span<const Byte> all = *in;
  if (all.size() < 2 || all[0] != kVersionByte) return false;
  switch (all[1]) {
    case kNormalHeader: *in = all.subspan(2); return incoming_->read_references(in, atoms);
    case kFirstFragment: {
      if (all.size() < kFragmentHeader) return false;
      const std::uint64_t sequence = number64(&all[2]), fragment = number64(&all[10]);
      *in = all.subspan(kFragmentHeader);
      if (fragment == 0 || !incoming_->read_references(in, atoms)) return false;
      if (fragment == 1) return true;
      *complete = false;
      Assembly a{std::string(reinterpret_cast<const char*>(in->data()), in->size()), std::move(*atoms), fragment - 1};
      return assemblies_.emplace(sequence, std::move(a)).second;
    }
    case kNextFragment: {
      if (all.size() < kFragmentHeader) return false;
      auto found = assemblies_.find(number64(&all[2]));
      if (found == assemblies_.end() || found->second.next_fragment != number64(&all[10])) return false;
      Assembly& a = found->second;
      a.bytes.append(reinterpret_cast<const char*>(all.data()) + kFragmentHeader, all.size() - kFragmentHeader);
      *complete = --a.next_fragment == 0;
      if (!*complete) return true;
      *assembled = std::move(a.bytes);
      *atoms = std::move(a.atoms);
      assemblies_.erase(found);
      *in = {reinterpret_cast<const Byte*>(assembled->data()), assembled->size()};
      return true;
    }
    default: return false;
  }
}

bool Peer::receive(std::uint32_t connection, std::span<const Byte> packet) {
  {
    sync::MutexGuard guard(input_lock_);
    if (receive_locked(connection, packet)) return true;
  }
  kill(connection);
  return false;
}

bool Peer::receive_locked(std::uint32_t connection, std::span<const Byte> packet) {
  const Status s = status();
  if (s.connection != connection || s.state != State::Connected) return true;
  nodes_.runtime().bytes_in.fetch_add(packet.size(), std::memory_order_relaxed);
  std::vector<Term> atoms;
  std::string assembled;
  bool complete = true;
  etf::DecodeOptions options;
  options.hooks = nodes_.services().decode;
  std::span<const Byte> in = packet;
  if (incoming_) {
    if (!prepare(&in, &atoms, &assembled, &complete)) {
      log_corrupt(packet, "distribution header");
      return false;
    }
    options.version_byte = false;
    options.cached_atoms = atoms;
  } else {
    if (packet.empty() || packet[0] != kPassThrough) {
      log_corrupt(packet, "distribution header");
      return false;
    }
    in = packet.subspan(1);
  }
  if (!complete) return true;
  Receiver receiver(*this, connection);
  if (receiver.act(in, options)) return true;
  if (receiver.corrupt()) log_corrupt(in, "external term");
  else log_text(nodes_.runtime(), atoms::error, receiver.fault());
  return false;
}

}  // namespace vm::dist
