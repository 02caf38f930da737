// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: sending.
//
// Answers: ok; {select, Written} or select when the rest must wait for the descriptor; {ok, Written} for the part of a message that went
// (types other than stream); {iov, Written} when there are more parts than one call takes; {error, Reason}.
#include <cerrno>
#include <optional>
#include <vector>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

// What one call of a native sends, and who sends it.
struct Sending {
  ErlNifEnv* env;
  Socket& s;
  ERL_NIF_TERM ref;

  // Nothing if the caller may send now, else the answer.
  std::optional<ERL_NIF_TERM> obstacle() const {
    if (!is_open(s.write_state)) return error(env, am.closed);
    if (s.connectors.busy()) return error_invalid(env, am.state);
    ErlNifPid caller = self(env);
    if (!s.writers.busy() || s.writers.is_first(caller)) return std::nullopt;
    if (s.writers.waits(caller)) return raise_invalid(env, am.state);
    s.writers.enter(env, ref);
    return am.select;
  }

  ERL_NIF_TERM failed(int number) const {
    s.written.fails++;
    ERL_NIF_TERM reason = errno_atom(env, number);
    if (number != EINVAL) s.writers.fail(env, reason);
    return error(env, reason);
  }

  ERL_NIF_TERM wait(ERL_NIF_TERM answer) const {
    s.writers.stay(env, ref);
    if (int result = s.writers.select(env, ref); result < 0) {
      ERL_NIF_TERM reason = enif_make_tuple2(env, am.select_write, enif_make_int(env, result));
      s.writers.fail(env, reason);
      return enif_raise_exception(env, reason);
    }
    s.written.waits++;
    return answer;
  }

  // `result` as send answered it; `more`: there is more behind the `size` bytes that were given.
  ERL_NIF_TERM answer(ssize_t result, int number, std::size_t size, bool more) const {
    if (result < 0) return number == EAGAIN || number == EINTR ? wait(am.select) : failed(number);
    auto written = static_cast<std::size_t>(result);
    bool all = written >= size;
    if (all && !more) {
      s.written.package(written);
      s.writers.next(env);
      return am.ok;
    }
    ERL_NIF_TERM count = enif_make_uint64(env, written);
    if (s.type != SOCK_STREAM) {
      s.written.package(written);
      s.writers.next(env);
      return ok(env, count);
    }
    s.written.running += written;
    if (!all) return wait(enif_make_tuple2(env, am.select, count));
    s.writers.stay(env, am.iov);
    return enif_make_tuple2(env, am.iov, count);
  }
};

// Nothing if these are flags, else the answer.
std::optional<ERL_NIF_TERM> get_flags(ErlNifEnv* env, ERL_NIF_TERM t, int* flags) {
  if (enif_get_int(env, t, flags)) return std::nullopt;
  return is_integer(env, t) ? out_of_range(env, t) : enif_make_badarg(env);
}

}  // namespace

// args: socket, data, flags, reference
ERL_NIF_TERM nif_send(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  ErlNifBinary data;
  int flags;
  if (!s || !enif_is_ref(env, argv[3]) || !enif_inspect_iolist_as_binary(env, argv[1], &data)) return enif_make_badarg(env);
  if (auto refused = get_flags(env, argv[2], &flags)) return *refused;
  std::lock_guard<std::mutex> hold(s->write_lock);
  Sending sending{env, *s, argv[3]};
  if (auto refused = sending.obstacle()) return *refused;
  s->written.tries++;
  ssize_t result = ::send(s->fd, data.data, data.size, flags);
  return sending.answer(result, errno, data.size, false);
}

// args: socket, data, address, flags, reference
ERL_NIF_TERM nif_sendto(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  ErlNifBinary data;
  int flags;
  Address to;
  socklen_t to_size;
  if (!s || !enif_is_ref(env, argv[4]) || !enif_inspect_iolist_as_binary(env, argv[1], &data)) return enif_make_badarg(env);
  if (auto refused = get_flags(env, argv[3], &flags)) return *refused;
  if (!decode_address(env, argv[2], &to, &to_size)) return invalid(env, am.sockaddr);
  std::lock_guard<std::mutex> hold(s->write_lock);
  Sending sending{env, *s, argv[4]};
  if (auto refused = sending.obstacle()) return *refused;
  s->written.tries++;
  ssize_t result = ::sendto(s->fd, data.data, data.size, flags, &to.sa, to_size);
  return sending.answer(result, errno, data.size, false);
}

namespace {

// A list of binaries as one call takes it.
class Vector {
 public:
  ~Vector() {
    if (vector_) enif_free_iovec(vector_);
  }
  // False: not a list of binaries, or more than a message may have.
  bool read(ErlNifEnv* env, ERL_NIF_TERM list, const Socket& s) {
    auto longest = static_cast<std::size_t>(globals.longest_vector);
    ERL_NIF_TERM rest, head, tail;
    if (!enif_inspect_iovec(nullptr, longest, list, &rest, &vector_)) return false;
    if (static_cast<std::size_t>(vector_->iovcnt) > longest) {
      if (s.type != SOCK_STREAM) return false;
      vector_->iovcnt = globals.longest_vector;
    }
    // Empty binaries at the end don't matter.
    ErlNifBinary part;
    while (enif_get_list_cell(env, rest, &head, &tail) && enif_inspect_binary(env, head, &part) && part.size == 0) rest = tail;
    more_ = !enif_is_empty_list(env, rest);
    if (more_ && s.type != SOCK_STREAM) return false;
    for (int i = 0; i < vector_->iovcnt; i++) size_ += vector_->iov[i].iov_len;
    return true;
  }
  std::size_t size() const { return size_; }
  bool more() const { return more_; }
  void give(msghdr& message) const {
    message.msg_iov = reinterpret_cast<iovec*>(vector_->iov);  // laid out alike
    message.msg_iovlen = static_cast<std::size_t>(vector_->iovcnt);
  }

 private:
  ErlNifIOVec* vector_ = nullptr;
  std::size_t size_ = 0;
  bool more_ = false;
};

}  // namespace

// args: socket, #{addr, ctrl}, flags, reference, list of binaries
ERL_NIF_TERM nif_sendmsg(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  int flags;
  if (!s || !enif_is_ref(env, argv[3]) || !enif_is_map(env, argv[1])) return enif_make_badarg(env);
  if (auto refused = get_flags(env, argv[2], &flags)) return *refused;
  std::lock_guard<std::mutex> hold(s->write_lock);
  Sending sending{env, *s, argv[3]};
  if (auto refused = sending.obstacle()) return *refused;
  msghdr message{};
  ERL_NIF_TERM t;
  Address to;
  if (enif_get_map_value(env, argv[1], am.addr, &t)) {
    if (!decode_address(env, t, &to, &message.msg_namelen)) return invalid(env, am.addr);
    message.msg_name = &to;
  }
  Vector vector;
  if (!vector.read(env, argv[4], *s)) return invalid(env, am.iov);
  vector.give(message);
  std::vector<unsigned char> control;
  if (enif_get_map_value(env, argv[1], am.ctrl, &t)) {
    control.resize(s->write_control_size);
    std::size_t used = 0;
    if (!decode_control(env, t, control.data(), control.size(), &used)) return invalid(env, am.ctrl);
    message.msg_control = control.data();
    message.msg_controllen = used;
  }
  s->written.tries++;
  ssize_t result = ::sendmsg(s->fd, &message, flags);
  return sending.answer(result, errno, vector.size(), vector.more());
}

}  // namespace vm::nifs::socket
