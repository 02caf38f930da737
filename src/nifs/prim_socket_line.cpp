// SPDX-License-Identifier: Apache-2.0
//
// Processes that wait for a socket: lines, cancelling, what happens when one of them ends.
#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

Line::~Line() {
  for (Waiter& w : waiters_) enif_free_env(w.env);
}

bool Line::waits(const ErlNifPid& pid) const {
  bool first = true;
  for (const Waiter& w : waiters_) {
    if (!first && enif_compare_pids(&w.pid, &pid) == 0) return true;
    first = false;
  }
  return false;
}

void Line::enter(ErlNifEnv* env, ERL_NIF_TERM ref) {
  Waiter& w = waiters_.emplace_back();
  w.pid = self(env);
  w.monitor.watch(env, &socket_, w.pid);
  w.env = enif_alloc_env();
  w.ref = enif_make_copy(w.env, ref);
}

void Line::stay(ErlNifEnv* env, ERL_NIF_TERM ref) {
  if (!busy()) return enter(env, ref);
  Waiter& w = first();
  enif_clear_env(w.env);
  w.ref = enif_make_copy(w.env, ref);
}

int Line::select(ErlNifEnv* env, ERL_NIF_TERM ref) {
  ERL_NIF_TERM message = socket_message(env, enif_make_resource(env, &socket_), am.select, ref);
  bool reads = direction_ == Direction::Read;
  auto mode = static_cast<ErlNifSelectFlags>((reads ? ERL_NIF_SELECT_READ : ERL_NIF_SELECT_WRITE) | ERL_NIF_SELECT_CUSTOM_MSG);
  int result = enif_select_x(env, socket_.fd, mode, &socket_, &first().pid, message, nullptr);
  if (result >= 0) (reads ? socket_.read_state : socket_.write_state) |= kSelected;
  return result;
}

void Line::drop_first(ErlNifEnv* env) {
  Waiter& w = first();
  w.monitor.drop(env, &socket_);
  enif_free_env(w.env);
  waiters_.pop_front();
}

void Line::abort(ErlNifEnv* env, Waiter& w, ERL_NIF_TERM reason) {
  ERL_NIF_TERM info = enif_make_tuple2(env, enif_make_copy(env, w.ref), reason);
  enif_send(env, &w.pid, nullptr, socket_message(env, enif_make_resource(env, &socket_), am.abort, info));
}

void Line::next(ErlNifEnv* env) {
  if (!busy()) return;
  drop_first(env);
  while (busy()) {
    int result = select(env, enif_make_copy(env, first().ref));
    if (result >= 0) return;
    abort(env, first(), enif_make_tuple2(env, am.select_failed, enif_make_int(env, result)));
    drop_first(env);
  }
}

void Line::fail(ErlNifEnv* env, ERL_NIF_TERM reason) {
  if (busy()) drop_first(env);
  for (; busy(); drop_first(env)) abort(env, first(), reason);
}

void Line::close(ErlNifEnv* env, bool first_cancelled) {
  if (!busy()) return;
  if (first_cancelled) abort(env, first(), am.closed);
  fail(env, am.closed);
}

ERL_NIF_TERM Line::cancel(ErlNifEnv* env, ERL_NIF_TERM ref) {
  ErlNifPid caller = self(env);
  if (is_first(caller)) {
    if (enif_compare(first().ref, ref) != 0) return am.not_found;
    bool reads = direction_ == Direction::Read;
    auto mode = static_cast<ErlNifSelectFlags>(ERL_NIF_SELECT_CANCEL | (reads ? ERL_NIF_SELECT_READ : ERL_NIF_SELECT_WRITE));
    int result = enif_select(env, socket_.fd, mode, &socket_, nullptr, am.undefined);
    next(env);
    if (result < 0) return am.not_found;
    return result & (reads ? ERL_NIF_SELECT_READ_CANCELLED : ERL_NIF_SELECT_WRITE_CANCELLED) ? am.ok : am.select_sent;
  }
  for (auto w = waiters_.begin(); w != waiters_.end(); ++w) {
    if (enif_compare_pids(&w->pid, &caller) != 0) continue;
    if (enif_compare(w->ref, ref) != 0) break;
    w->monitor.drop(env, &socket_);
    enif_free_env(w->env);
    waiters_.erase(w);
    return am.ok;
  }
  return am.not_found;
}

bool Line::down(ErlNifEnv* env, const ErlNifMonitor& monitor) {
  for (auto w = waiters_.begin(); w != waiters_.end(); ++w) {
    if (!w->monitor.is(monitor)) continue;
    w->monitor.fired();
    if (w == waiters_.begin()) {
      next(env);
    } else {
      enif_free_env(w->env);
      waiters_.erase(w);
    }
    return true;
  }
  return false;
}

void stop(ErlNifEnv* env, Socket& s) {
  int result = 0;
  if ((s.read_state | s.write_state) & kSelected) result = enif_select(env, s.fd, ERL_NIF_SELECT_STOP, &s, nullptr, am.undefined);
  if (result < 0) result = 0;
  bool write_cancelled = result & ERL_NIF_SELECT_WRITE_CANCELLED, read_cancelled = result & ERL_NIF_SELECT_READ_CANCELLED;
  s.writers.close(env, write_cancelled);
  s.connectors.close(env, write_cancelled);
  s.readers.close(env, read_cancelled);
  s.acceptors.close(env, read_cancelled);
}

namespace {

// Nobody is left who would close: the file that is being sent is given to the registry's process to close (it may block), the descriptor is
// closed here.
void close_orphan(ErlNifEnv* env, Socket& s) {
  if (s.sendfile_fd >= 0) tell_registry(env, am.sendfile_deferred_close, enif_make_resource(env, &s));
  close_descriptor(env, s, give_up_descriptor(s));
}

}  // namespace

void process_down(ErlNifEnv* env, void* object, ErlNifPid* pid, ErlNifMonitor* monitor) {
  auto& s = *static_cast<Socket*>(object);
  BothLocks hold(s);
  if (enif_compare_pids(&s.closer, pid) == 0) {
    enif_set_pid_undefined(&s.closer);
    if (s.closer_monitor.is(*monitor)) {
      s.closer_monitor.fired();
    } else {  // the owner closes: it has one monitor only
      s.owner_monitor.fired();
      enif_set_pid_undefined(&s.owner);
    }
    close_orphan(env, s);
  } else if (s.owner_monitor.is(*monitor)) {
    s.owner_monitor.fired();
    enif_set_pid_undefined(&s.owner);
    if (!is_open(s.read_state)) return;
    stop(env, s);
    s.read_state |= kClosing;
    s.write_state |= kClosing;
    close_orphan(env, s);
  } else if (s.connectors.down(env, *monitor)) {
    s.write_state &= ~unsigned{kConnecting};
  } else if (is_open(s.read_state)) {
    if (s.acceptors.down(env, *monitor)) {
      if (!s.acceptors.busy()) s.read_state &= ~unsigned{kAccepting};
    } else if (!s.readers.down(env, *monitor)) {
      s.writers.down(env, *monitor);
    }
  }
}

namespace {

ERL_NIF_TERM cancel_reading(ErlNifEnv* env, Socket& s, Line& line, ERL_NIF_TERM ref) {
  std::lock_guard<std::mutex> hold(s.read_lock);
  if (!is_open(s.read_state)) return error(env, am.closed);
  ERL_NIF_TERM answer = line.cancel(env, ref);
  if (!s.acceptors.busy()) s.read_state &= ~unsigned{kAccepting};
  return answer;
}

ERL_NIF_TERM cancel_writing(ErlNifEnv* env, Socket& s, Line& line, ERL_NIF_TERM ref) {
  std::lock_guard<std::mutex> hold(s.write_lock);
  if (!is_open(s.write_state)) return error(env, am.closed);
  ERL_NIF_TERM answer = line.cancel(env, ref);
  if (!s.connectors.busy()) s.write_state &= ~unsigned{kConnecting};
  return answer;
}

}  // namespace

// args: socket, operation, reference
ERL_NIF_TERM nif_cancel(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  ERL_NIF_TERM operation = argv[1];
  if (!s || !enif_is_atom(env, operation) || !enif_is_ref(env, argv[2])) return enif_make_badarg(env);
  if (operation == am.recv || operation == am.recvfrom || operation == am.recvmsg) return cancel_reading(env, *s, s->readers, argv[2]);
  if (operation == am.accept) return cancel_reading(env, *s, s->acceptors, argv[2]);
  if (operation == am.connect) return cancel_writing(env, *s, s->connectors, argv[2]);
  if (operation == am.send || operation == am.sendto || operation == am.sendmsg || operation == am.sendfile)
    return cancel_writing(env, *s, s->writers, argv[2]);
  BothLocks hold(*s);
  return is_open(s->read_state) ? enif_make_badarg(env) : error(env, am.closed);
}

}  // namespace vm::nifs::socket
