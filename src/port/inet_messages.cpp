// SPDX-License-Identifier: Apache-2.0
//
// What sockets tell processes.
#include "port/inet_socket.h"
#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

using term::Tuple;

Term error_tuple(term::HeapWriter& h, Term reason) { return Tuple::make(h, atoms::error, reason); }

}  // namespace

InetSocket::Waiter InetSocket::new_waiter(std::uint32_t milliseconds) {
  Waiter w{next_number_++, port_.caller};
  if (milliseconds == inet::kForever) return w;
  w.token = new_token();
  w.timer = start_timer(port_, milliseconds, w.token);
  return w;
}

void InetSocket::finish(const Waiter& w, Term outcome) {
  port_.send_to(w.caller, [&](term::HeapWriter& h) { return Tuple::make(h, atoms::inet_async, port_.id, Term::small(w.number), outcome); });
}

void InetSocket::finish_error(const Waiter& w, Term reason) {
  port_.send_to(w.caller, [&](term::HeapWriter& h) {
    return Tuple::make(h, atoms::inet_async, port_.id, Term::small(w.number), error_tuple(h, reason));
  });
}

void InetSocket::reply(Term to, Term reason) {
  port_.send_to(to, [&](term::HeapWriter& h) {
    return Tuple::make(h, atoms::inet_reply, port_.id, reason == atoms::ok ? reason : error_tuple(h, reason));
  });
}

void InetSocket::tell(Term tag) {
  port_.send_to(port_.connected, [&](term::HeapWriter& h) { return Tuple::make(h, tag, port_.id); });
}

void InetSocket::tell(Term tag, Term reason) {
  port_.send_to(port_.connected, [&](term::HeapWriter& h) { return Tuple::make(h, tag, port_.id, reason); });
}

void InetSocket::exit_port(Term reason) {
  port_.unlink_connected();
  port_.close(reason);
}

void InetSocket::tell_queue_empty() {
  for (const Term pid : empty_queue_subscribers_)
    port_.send_to(pid, [&](term::HeapWriter& h) { return Tuple::make(h, atoms::empty_out_q, port_.id); });
  empty_queue_subscribers_.clear();
}

void InetSocket::count_delivery() {
  if (options_.active == inet::Active::Once) {
    options_.active = inet::Active::No;
  } else if (options_.active == inet::Active::Count && --options_.active_count == 0) {
    options_.active = inet::Active::No;
    tell(passive_tag());
  }
}

Term InetSocket::data_term(term::HeapWriter& h, std::string_view bytes) const {
  Term tail = term::kNil;
  if (options_.binary && bytes.size() >= options_.header) {
    const std::size_t head = options_.header;
    const std::string_view rest = bytes.substr(head);
    tail = term::make_binary(h, {reinterpret_cast<const Byte*>(rest.data()), rest.size()});
    bytes = bytes.substr(0, head);
  }
  return list_of(h, bytes, tail);
}

Term InetSocket::port_data_term(term::HeapWriter& h, std::string_view bytes) const {
  if (!options_.binary) return list_of(h, bytes, term::kNil);
  const std::size_t head = options_.header <= bytes.size() ? options_.header : 0;
  return list_of(h, bytes.substr(0, head), port_.data_term(h, bytes.substr(head)));
}

Term InetSocket::list_of(term::HeapWriter& h, std::string_view bytes, Term tail) {
  for (std::size_t i = bytes.size(); i-- > 0;) tail = h.cons(Term::small(static_cast<unsigned char>(bytes[i])), tail);
  return tail;
}

}  // namespace vm::port
