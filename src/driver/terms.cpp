// SPDX-License-Identifier: Apache-2.0
//
// Messages that drivers describe as a row of words in postfix order (erl_drv_output_term and erl_drv_send_term).
#include <cmath>
#include <span>
#include <vector>

#include "driver/binaries.h"
#include "driver/linked_port.h"
#include "etf/decode.h"
#include "heap/fragment.h"
#include "nif/natives.h"
#include "ops/maps.h"
#include "port/port_trace.h"
#include "proc/process_table.h"
#include "proc/send.h"
#include "sync/epoch.h"
#include "term/atoms.h"
#include "term/views.h"

using namespace vm;
using driver::LinkedPort;

namespace {

class SpecReader {
 public:
  SpecReader(proc::Runtime& rt, term::HeapWriter& h, std::span<const ErlDrvTermData> words) : runtime_(rt), h_(h), words_(words) {}

  // The one term that the words describe; the non-value when they don't.
  Term read() {
    while (!words_.empty())
      if (!step()) return Term::non_value();
    return stack_.size() == 1 ? stack_.back() : Term::non_value();
  }

 private:
  bool step() {
    const ErlDrvTermData kind = words_.front();
    words_ = words_.subspan(1);
    switch (kind) {
      case ERL_DRV_NIL: return push(term::kNil);
      case ERL_DRV_ATOM: return take(1) && word(0).is_atom() && push(word(0));
      case ERL_DRV_INT: return take(1) && push(term::make_integer(h_, static_cast<std::int64_t>(taken_[0])));
      case ERL_DRV_UINT: return take(1) && push(term::make_unsigned(h_, taken_[0]));
      case ERL_DRV_INT64: return take(1) && push(term::make_integer(h_, *pointer<ErlDrvSInt64>(0)));
      case ERL_DRV_UINT64: return take(1) && push(term::make_unsigned(h_, *pointer<ErlDrvUInt64>(0)));
      case ERL_DRV_PORT: return take(1) && word(0).is_port() && push(word(0));
      case ERL_DRV_PID: return take(1) && word(0).is_pid() && push(word(0));
      case ERL_DRV_FLOAT: return take(1) && push_float(*pointer<double>(0));
      case ERL_DRV_BINARY: return take(3) && push_binary(pointer<ErlDrvBinary>(0), taken_[1], taken_[2]);
      case ERL_DRV_BUF2BINARY: return take(2) && (taken_[0] || !taken_[1]) && push(term::make_binary(h_, {pointer<Byte>(0), taken_[1]}));
      case ERL_DRV_STRING: return take(2) && push(characters(pointer<Byte>(0), taken_[1], term::kNil));
      case ERL_DRV_STRING_CONS: return take(2) && !stack_.empty() && replace(1, characters(pointer<Byte>(0), taken_[1], stack_.back()));
      case ERL_DRV_EXT2TERM: return take(2) && push_external(pointer<Byte>(0), taken_[1]);
      case ERL_DRV_TUPLE: return take(1) && push_tuple(taken_[0]);
      case ERL_DRV_LIST: return take(1) && push_list(taken_[0]);
      case ERL_DRV_MAP: return take(1) && push_map(taken_[0]);
      default: return false;
    }
  }

  bool take(std::size_t n) {
    if (words_.size() < n) return false;
    taken_ = words_.first(n);
    words_ = words_.subspan(n);
    return true;
  }
  Term word(std::size_t i) const { return Term::from_bits(taken_[i]); }
  template <typename T>
  T* pointer(std::size_t i) const {
    return reinterpret_cast<T*>(taken_[i]);
  }
  bool push(Term t) {
    stack_.push_back(t);
    return true;
  }
  bool replace(std::size_t n, Term t) {
    stack_.resize(stack_.size() - n);
    return push(t);
  }
  std::span<const Term> top(std::size_t n) const { return std::span<const Term>(stack_).last(n); }

  bool push_float(double d) { return std::isfinite(d) && push(term::make_float(h_, d)); }
  bool push_binary(ErlDrvBinary* binary, std::size_t size, std::size_t offset) {
    if (!binary) return size == 0 && offset == 0 && push(term::make_binary(h_, {}));
    if (size + offset > static_cast<std::size_t>(binary->orig_size)) return false;
    driver_binary_inc_refc(binary);
    return push(term::make_refc_binary(h_, driver::data_of(binary), reinterpret_cast<const Byte*>(binary->orig_bytes) + offset, size));
  }
  Term characters(const Byte* bytes, std::size_t n, Term tail) {
    while (n-- > 0) tail = h_.cons(Term::small(bytes[n]), tail);
    return tail;
  }
  bool push_external(const Byte* bytes, std::size_t size) {
    etf::DecodeOptions how;
    how.hooks = runtime_.natives ? runtime_.natives->decode_hooks() : nullptr;
    Term t;
    return bytes && etf::decode({bytes, size}, h_, &t, how) && push(t);
  }
  bool push_tuple(std::size_t n) {
    if (n > stack_.size()) return false;
    term::Tuple t = term::Tuple::alloc(h_, n);
    for (std::size_t i = 0; i < n; i++) t.set(i, top(n)[i]);
    return replace(n, t.term());
  }
  bool push_list(std::size_t n) {
    if (n == 0 || n > stack_.size()) return false;
    Term t = stack_.back();
    for (std::size_t i = 1; i < n; i++) t = h_.cons(stack_[stack_.size() - 1 - i], t);
    return replace(n, t);
  }
  bool push_map(std::size_t n) {
    if (n > stack_.size() / 2) return false;
    const Term map = ops::map_from_pairs(h_, top(2 * n));
    return map.is_value() && ops::map_size(map) == n && replace(2 * n, map);  // every key once
  }

  proc::Runtime& runtime_;
  term::HeapWriter& h_;
  std::span<const ErlDrvTermData> words_, taken_;
  std::vector<Term> stack_;
};

// 1: sent; 0: nobody there; -1: no good description. teller: whose send is traced, or nullptr.
int send(proc::Runtime& rt, Term from, Term to, ErlDrvTermData* words, int count, port::Port* teller) {
  if (count < 0 || !to.is_local_pid()) return -1;
  constexpr std::size_t kWords = 32;
  heap::FragmentWriter h(kWords);
  heap::OwnedTerm message;
  message.term = SpecReader(rt, h, {words, static_cast<std::size_t>(count)}).read();
  const bool good = message.term.is_value();
  message.fragments = h.take();
  if (!good) {
    message.term = term::kNil;
    heap::release(message);
    return -1;
  }
  sync::Epoch::Guard guard;
  const bool alive = rt.processes->lookup(to) != nullptr;
  if (teller) port::tell_sent(*teller, to, message.term, alive);
  proc::send_owned(rt, to, std::move(message), from);
  return alive ? 1 : 0;
}

port::Port& port_of(ErlDrvPort port) { return reinterpret_cast<LinkedPort*>(port)->port(); }

// The port when a callback of it runs on this thread, which then holds it: only such sends are traced.
port::Port* running(const std::shared_ptr<port::Port>& port) { return port && LinkedPort::running() == port.get() ? port.get() : nullptr; }

}  // namespace

const ErlDrvTermData driver_term_nil = term::kNil.bits();

extern "C" {

ErlDrvTermData driver_mk_term_nil(void) { return term::kNil.bits(); }
ErlDrvTermData driver_mk_atom(char* text) { return term::AtomTable::intern(text).bits(); }
ErlDrvTermData driver_mk_port(ErlDrvPort port) { return port_of(port).id.bits(); }
ErlDrvTermData driver_connected(ErlDrvPort port) { return port_of(port).connected.bits(); }
ErlDrvTermData driver_caller(ErlDrvPort port) { return port_of(port).caller.bits(); }

int erl_drv_output_term(ErlDrvTermData port, ErlDrvTermData* words, int count) {
  proc::Runtime& rt = *nif::Natives::default_runtime();
  const std::shared_ptr<port::Port> p = rt.ports->find_known(Term::from_bits(port));
  return p ? send(rt, p->id, p->connected, words, count, running(p)) : -1;
}
int erl_drv_send_term(ErlDrvTermData port, ErlDrvTermData to, ErlDrvTermData* words, int count) {
  proc::Runtime& rt = *nif::Natives::default_runtime();
  return send(rt, Term::from_bits(port), Term::from_bits(to), words, count, running(rt.ports->find_known(Term::from_bits(port))));
}
int driver_output_term(ErlDrvPort port, ErlDrvTermData* words, int count) {
  port::Port& p = port_of(port);
  return send(p.ports.runtime(), p.id, p.connected, words, count, &p);
}
int driver_send_term(ErlDrvPort port, ErlDrvTermData to, ErlDrvTermData* words, int count) {
  port::Port& p = port_of(port);
  return send(p.ports.runtime(), p.id, Term::from_bits(to), words, count, &p);
}

}  // extern "C"
