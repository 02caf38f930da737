// SPDX-License-Identifier: Apache-2.0
#include "port/port_trace.h"

#include <utility>
#include <vector>

#include "proc/process.h"
#include "proc/tracing.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

constexpr std::size_t kLongestAtom = 255;
constexpr std::size_t kOwnPart = 256;  // bytes of a binary that a driver of vectors gets as a part of its own

Term binary_of(term::HeapWriter& h, std::string_view bytes) {
  return term::make_binary(h, {reinterpret_cast<const Byte*>(bytes.data()), bytes.size()});
}

void received(Port& port, Term message) {
  proc::Runtime& rt = port.ports.runtime();
  rt.trace->port_received(rt, port.trace, message);
}

void requested(Port& port, term::HeapWriter& h, Term from, Term request) { received(port, term::Tuple::make(h, from, request)); }

// The parts in which a driver of vectors gets an iolist: what is small comes together.
class Parts {
 public:
  Parts(term::HeapWriter& h) : list_(h), h_(h) {}
  Term of(Term data) {
    std::vector<Term> rest{data};
    while (!rest.empty()) {
      Term t = rest.back();
      rest.pop_back();
      if (t.is_cons()) {
        rest.push_back(t.tail());
        rest.push_back(t.head());
      } else if (t.is_small()) {
        small_.push_back(static_cast<char>(t.small_value()));
      } else if (t.is_binary()) {
        add(t);
      }
    }
    end_small();
    return list_.finish();
  }

 private:
  void add(Term binary) {
    std::string bytes;
    native_name(binary, &bytes);
    if (bytes.size() < kOwnPart) {
      small_ += bytes;
      return;
    }
    end_small();
    list_.add(binary_of(h_, bytes));
  }
  void end_small() {
    if (!small_.empty()) list_.add(binary_of(h_, small_));
    small_.clear();
  }
  std::string small_;
  term::ListBuilder list_;
  term::HeapWriter& h_;
};

}  // namespace

PortVisit::PortVisit(Port& port, Term where, proc::Process* caller) : port_(port), where_(where), caller_(caller) {
  proc::Runtime& rt = port_.ports.runtime();
  if (rt.profiles(proc::kProfilePorts | proc::kProfileExclusive)) tell_profiler(true);
  if (VM_UNLIKELY(caller_ && caller_->is_traced(proc::kTraceRunningProcs))) rt.trace->scheduled(*caller_, false);
  if (VM_UNLIKELY(port_.trace.is_traced(proc::kTraceRunningPorts) && port_.is_known() && !port_.in_turn))
    rt.trace->port_scheduled(rt, port_.trace, true, where_);
}

// Opening a port does not count, and a turn counts once.
void PortVisit::tell_profiler(bool begins) {
  proc::Runtime& rt = port_.ports.runtime();
  if (begins) profiled_ = !port_.in_turn && where_ != atoms::open;
  if (!profiled_) return;
  const bool exclusive = caller_ && rt.profiles(proc::kProfileExclusive) && rt.profiles(proc::kProfileProcesses);
  if (exclusive && begins) rt.trace->process_runnable(*caller_, false);
  if (rt.profiles(proc::kProfilePorts)) rt.trace->port_runnable(rt, port_.id, begins);
  if (exclusive && !begins) rt.trace->process_runnable(*caller_, true);
}

PortVisit::~PortVisit() {
  proc::Runtime& rt = port_.ports.runtime();
  if (VM_UNLIKELY(port_.trace.is_traced(proc::kTraceRunningPorts) && port_.is_known() && !port_.in_turn))
    rt.trace->port_scheduled(rt, port_.trace, false, where_);
  if (VM_UNLIKELY(profiled_)) tell_profiler(false);
  if (!caller_) return;
  caller_->reductions_left -= std::exchange(port_.consumed, 0);
  if (VM_UNLIKELY(caller_->is_traced(proc::kTraceRunningProcs))) rt.trace->scheduled(*caller_, true);
}

void tell_opened(Port& port, Origin origin) {
  proc::Runtime& rt = port.ports.runtime();
  if (!rt.trace) return;
  rt.trace->port_opened(rt, port.trace);
  if (origin == Origin::Driver || VM_LIKELY(!port.trace.is_traced(proc::kTracePorts))) return;
  rt.trace->port_event(rt, port.trace, atoms::open, port.connected, term::AtomTable::intern(port.name.substr(0, kLongestAtom)));
}

void tell_event(Port& port, Term what, Term a) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTracePorts))) return;
  proc::Runtime& rt = port.ports.runtime();
  rt.trace->port_event(rt, port.trace, what, a, Term::non_value());
}

void tell_asked(Port& port, Term from, Term request) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTraceReceive))) return;
  heap::FragmentWriter h(Port::kMessageWords);
  requested(port, h, from, request);
}

void tell_asked(Port& port, Term from, Term request, Term argument) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTraceReceive))) return;
  heap::FragmentWriter h(Port::kMessageWords);
  requested(port, h, from, term::Tuple::make(h, request, argument));
}

void tell_command(Port& port, Term from, std::string_view bytes, Term data) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTraceReceive))) return;
  heap::FragmentWriter h(Port::kMessageWords);
  Term shown;
  if (!port.driver || !port.driver->takes_vectors()) shown = binary_of(h, bytes);
  else if (data.is_value()) shown = Parts(h).of(data);
  else shown = bytes.empty() ? term::kNil : h.cons(binary_of(h, bytes), term::kNil);
  requested(port, h, from, term::Tuple::make(h, atoms::command, shown));
}

void tell_numbered(Port& port, Term from, Term request, unsigned number, std::string_view bytes) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTraceReceive))) return;
  heap::FragmentWriter h(Port::kMessageWords);
  const Term argument = term::Tuple::make(h, Term::small(static_cast<SWord>(number)), binary_of(h, bytes));
  requested(port, h, from, term::Tuple::make(h, request, argument));
}

void tell_timeout(Port& port) {
  if (VM_UNLIKELY(port.trace.is_traced(proc::kTraceReceive))) received(port, atoms::timeout);
}

void tell_sent(Port& port, Term to, Term message, bool exists) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTraceSend))) return;
  proc::Runtime& rt = port.ports.runtime();
  rt.trace->port_sent(rt, port.trace, to, message, exists);
}

void tell_answered(Port& port, Term to, Term request, std::string_view bytes) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTraceSend))) return;
  heap::FragmentWriter h(Port::kMessageWords);
  tell_sent(port, to, term::Tuple::make(h, port.id, term::Tuple::make(h, request, binary_of(h, bytes))));
}

void tell_confirmed(Port& port, Term to, Term what) {
  if (VM_LIKELY(!port.trace.is_traced(proc::kTraceSend))) return;
  heap::FragmentWriter h(Port::kMessageWords);
  tell_sent(port, to, term::Tuple::make(h, port.id, what));
}

}  // namespace vm::port
