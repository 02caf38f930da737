// SPDX-License-Identifier: Apache-2.0
//
// erlang: spawn and its options; erts_internal: spawn_request, spawn_system_process.
#include "bif/bif_decls.gen.h"
#include "bif/process_options.h"
#include "dist/send.h"
#include "proc/references.h"
#include "proc/runtime.h"
#include "proc/send.h"
#include "proc/spawn.h"

namespace vm::bif {

using proc::Process;
using proc::Spawned;
using proc::SpawnOptions;
using term::Tuple;

namespace {

constexpr SWord kMaxArguments = 255;

SpawnOptions default_options(Process& p) {
  SpawnOptions o;
  o.limits = p.runtime->limits.now();
  o.off_heap_messages = p.runtime->settings.off_heap_messages;
  return o;
}

struct Request {
  Term tag = atoms::spawn_reply;
  bool on_success = true;
  bool on_error = true;
};

bool parse_reply(Term v, Request* request) {
  if (v == atoms::yes) request->on_success = request->on_error = true;
  else if (v == atoms::no) request->on_success = request->on_error = false;
  else if (v == atoms::error_only) request->on_success = false, request->on_error = true;
  else if (v == atoms::success_only) request->on_success = true, request->on_error = false;
  else return false;
  return true;
}

// One {Name, Value}. request is nullptr for spawn_opt.
bool parse_pair(proc::Runtime& rt, Term name, Term v, SpawnOptions* o, Request* request) {
  if (name == atoms::priority) return parse_priority(v, &o->priority);
  if (name == atoms::message_queue_data) {
    o->off_heap_messages = v == atoms::off_heap;
    return v == atoms::off_heap || v == atoms::on_heap;
  }
  if (name == atoms::min_heap_size) return parse_heap_words(v, kStockMinHeapWords, &o->limits.min_heap_words);
  if (name == atoms::min_bin_vheap_size) return parse_heap_words(v, kStockMinVheapWords, &o->limits.min_vheap_words);
  if (name == atoms::max_heap_size) return parse_max_heap(v, &o->limits);
  if (name == atoms::fullsweep_after) {
    if (!v.is_small() || v.small_value() < 0) return false;
    o->limits.fullsweep_after = static_cast<std::uint32_t>(v.small_value() & 0xFFFF);
    return true;
  }
  if (name == atoms::scheduler) {
    if (!v.is_small() || v.small_value() < 0 || v.small_value() > rt.schedulers->scheduler_count()) return false;
    o->scheduler = static_cast<unsigned>(v.small_value());
    return true;
  }
  if (name == atoms::monitor) {
    o->monitor = true;
    o->monitor_options = {};
    return proc::parse_monitor_options(v, &o->monitor_options);
  }
  if (name == atoms::reply && request) return parse_reply(v, request);
  if (name == atoms::reply_tag && request) {
    request->tag = v;
    return true;
  }
  return false;
}

ParsedOptions parse_options(proc::Runtime& rt, Term list, SpawnOptions* o, Request* request) {
  bool good = true;
  for (; list.is_cons(); list = list.tail()) {
    const Term item = list.head();
    if (item == atoms::link) {
      o->link = true;
    } else if (item == atoms::monitor) {
      o->monitor = true;
      o->monitor_options = {};
    } else if (item.is_tuple_of(2)) {
      const Tuple t = Tuple::from(item);
      if (!parse_pair(rt, t[0], t[1], o, request)) good = false;
    } else {
      good = false;
    }
  }
  if (!list.is_nil()) return ParsedOptions::ImproperList;
  if (o->limits.max_heap_words != 0 && o->limits.max_heap_words < o->limits.min_heap_words) good = false;
  return good ? ParsedOptions::Ok : ParsedOptions::BadOption;
}

BifResult spawn_with(YieldContext& cx, Term m, Term f, Term args, const SpawnOptions& options) {
  if (!m.is_atom() || !f.is_atom()) return cx.badarg();
  const SWord arity = term::list_length(args);
  if (arity < 0) return cx.badarg();
  if (arity > kMaxArguments) return cx.system_limit();
  cx.bump(8);
  const Spawned s = proc::spawn(cx.runtime(), &cx.process(), m, f, args, options);
  if (!s.pid.is_value()) return cx.system_limit();
  if (options.monitor) return Tuple::make(cx.heap(), s.pid, s.monitor_ref);
  return s.pid;
}

// {Tag, Ref, error, Reason} to oneself.
Term refuse_request(Process& p, const Request& request, Term reason) {
  const std::uint64_t key = proc::next_ref_key();
  if (request.on_error) {
    heap::FragmentWriter w(16);
    const Term tag = heap::copy(request.tag, w);
    heap::OwnedTerm message;
    message.term = Tuple::make(w, tag, proc::make_key_ref(w, key), atoms::error, reason);
    message.fragments = w.take();
    proc::send_owned(p, std::move(message), p.pid);
  }
  return proc::make_key_ref(p.heap, key);
}

}  // namespace

ParsedOptions parse_spawn_options(proc::Runtime& rt, Term list, SpawnOptions* out) { return parse_options(rt, list, out, nullptr); }

BifResult erlang_spawn_3(YieldContext& cx, Term m, Term f, Term args) { return spawn_with(cx, m, f, args, default_options(cx.process())); }

BifResult erlang_spawn_link_3(YieldContext& cx, Term m, Term f, Term args) {
  SpawnOptions o = default_options(cx.process());
  o.link = true;
  return spawn_with(cx, m, f, args, o);
}

BifResult erlang_spawn_opt_4(YieldContext& cx, Term m, Term f, Term args, Term options) {
  SpawnOptions o = default_options(cx.process());
  if (parse_options(cx.runtime(), options, &o, nullptr) != ParsedOptions::Ok) return cx.error_with_cause(atoms::badarg, atoms::badopt);
  return spawn_with(cx, m, f, args, o);
}

BifResult erlang_spawn_request_abandon_1(BifContext& cx, Term ref) {
  if (!ref.is_ref()) return cx.badarg();
  // Requests to this node are done at once.
  return dist::abandon_spawn(cx.process(), ref) ? atoms::true_ : atoms::false_;
}

BifResult erts_internal_spawn_request_4(YieldContext& cx, Term m, Term f, Term args, Term options) {
  Process& p = cx.process();
  if (!m.is_atom() || !f.is_atom()) return atoms::badarg;
  const SWord arity = term::list_length(args);
  if (arity < 0) return atoms::badarg;
  SpawnOptions o = default_options(p);
  Request request;
  const ParsedOptions parsed = parse_options(cx.runtime(), options, &o, &request);
  if (arity > kMaxArguments) return refuse_request(p, request, atoms::system_limit);
  if (parsed == ParsedOptions::ImproperList) return atoms::badopt;
  if (parsed == ParsedOptions::BadOption) return refuse_request(p, request, atoms::badopt);
  o.request = true;
  o.reply_success = request.on_success;
  o.reply_tag = request.tag;
  cx.bump(8);
  const Spawned s = proc::spawn(cx.runtime(), &p, m, f, args, o);
  if (!s.pid.is_value()) return refuse_request(p, request, atoms::system_limit);
  return s.request_ref;
}

BifResult erts_internal_spawn_system_process_3(YieldContext& cx, Term m, Term f, Term args) {
  SpawnOptions o = default_options(cx.process());
  o.system_process = true;
  return spawn_with(cx, m, f, args, o);
}

}  // namespace vm::bif
