// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: receiving.
//
// Answers: {ok, Data}; {more, Data} or {select, Data} for a part of what a stream was asked for; select; ok for a caller that doesn't wait (its
// reference is `zero`); {error, Reason}.
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

// A binary that is given back unless it becomes a term.
class Buffer {
 public:
  explicit Buffer(std::size_t size) { ok_ = enif_alloc_binary(size, &binary_); }
  ~Buffer() {
    if (ok_) enif_release_binary(&binary_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  bool ok() const { return ok_; }
  unsigned char* data() { return binary_.data; }
  std::size_t size() const { return binary_.size; }
  ERL_NIF_TERM whole(ErlNifEnv* env) {
    ok_ = false;
    return enif_make_binary(env, &binary_);
  }
  // The first `length` bytes; all, where the system says that a message was longer.
  ERL_NIF_TERM part(ErlNifEnv* env, std::size_t length) {
    bool all = length >= binary_.size;
    ERL_NIF_TERM t = whole(env);
    return all ? t : enif_make_sub_binary(env, t, 0, length);
  }

 private:
  ErlNifBinary binary_;
  bool ok_;
};

struct Receiving {
  ErlNifEnv* env;
  Socket& s;
  ERL_NIF_TERM ref;

  bool stream() const { return s.type == SOCK_STREAM; }
  bool waits() const { return ref != am.zero; }

  // Nothing if the caller may receive now, else the answer.
  std::optional<ERL_NIF_TERM> obstacle() const {
    if (!is_open(s.read_state)) return error(env, am.closed);
    if (s.acceptors.busy()) return error_invalid(env, am.state);
    ErlNifPid caller = self(env);
    if (!s.readers.busy() || s.readers.is_first(caller)) return std::nullopt;
    if (s.readers.waits(caller)) return raise_invalid(env, am.state);
    if (!waits()) return std::nullopt;
    s.readers.enter(env, ref);
    return am.select;
  }

  ERL_NIF_TERM failed(ERL_NIF_TERM reason) const {
    s.read.fails++;
    s.readers.fail(env, reason);
    return error(env, reason);
  }

  // The first reader waits for more; `answer` if that works.
  ERL_NIF_TERM wait(ERL_NIF_TERM answer) const {
    s.readers.stay(env, ref);
    int result = s.readers.select(env, ref);
    if (result >= 0) return answer;
    s.readers.next(env);
    return enif_raise_exception(env, enif_make_tuple2(env, am.select_read, enif_make_int(env, result)));
  }

  ERL_NIF_TERM failed(int number) const {
    if (number != EAGAIN) return failed(errno_atom(env, number));
    if (!waits()) return am.ok;
    s.reads_done = 0;
    return wait(am.select);
  }

  ERL_NIF_TERM finish(std::size_t bytes, ERL_NIF_TERM data) const {
    s.read.package(bytes);
    s.readers.next(env);
    return ok(env, data);
  }

  // A buffer of the size of the option rcvbuf was filled by a stream: there may be more.
  ERL_NIF_TERM filled(Buffer& buffer) const {
    std::size_t bytes = buffer.size();
    if (++s.reads_done >= s.reads_wanted) {
      s.reads_done = 0;
      return finish(bytes, buffer.whole(env));
    }
    s.read.bytes += bytes;
    s.read.running += bytes;
    s.readers.stay(env, ref);
    return enif_make_tuple2(env, am.more, buffer.whole(env));
  }

  ERL_NIF_TERM stream_part(std::size_t bytes, Buffer& buffer) const {
    s.read.bytes += bytes;
    return wait(enif_make_tuple2(env, am.select, buffer.part(env, bytes)));
  }
};

// Reads sizes (0: the default) and flags. Nothing if that works, else the answer.
std::optional<ERL_NIF_TERM> get_numbers(ErlNifEnv* env, std::initializer_list<std::pair<ERL_NIF_TERM, ErlNifUInt64*>> sizes,
                                        ERL_NIF_TERM flags_term, int* flags) {
  ERL_NIF_TERM wrong = 0;
  for (const auto& [t, value] : sizes) {
    if (!is_integer(env, t)) return enif_make_badarg(env);
    if (!wrong && !enif_get_uint64(env, t, value)) wrong = t;
  }
  if (!is_integer(env, flags_term)) return enif_make_badarg(env);
  if (!wrong && !enif_get_int(env, flags_term, flags)) wrong = flags_term;
  if (!wrong) return std::nullopt;
  return out_of_range(env, wrong);
}

}  // namespace

// args: socket, length, flags, reference
ERL_NIF_TERM nif_recv(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  ErlNifUInt64 length;
  int flags;
  if (!s || (!enif_is_ref(env, argv[3]) && argv[3] != am.zero)) return enif_make_badarg(env);
  if (auto refused = get_numbers(env, {{argv[1], &length}}, argv[2], &flags)) return *refused;
  std::lock_guard<std::mutex> hold(s->read_lock);
  Receiving receiving{env, *s, argv[3]};
  if (auto refused = receiving.obstacle()) return *refused;
  Buffer buffer(length ? length : s->read_size);
  if (!buffer.ok()) return error_of(env, ENOMEM);
  s->read.tries++;
  ssize_t result = ::recv(s->fd, buffer.data(), buffer.size(), flags);
  if (result < 0) return receiving.failed(errno);
  auto bytes = static_cast<std::size_t>(result);
  if (bytes == 0 && receiving.stream()) return receiving.failed(am.closed);
  if (bytes == buffer.size()) {
    return length == 0 && receiving.stream() ? receiving.filled(buffer) : receiving.finish(bytes, buffer.whole(env));
  }
  if (length > 0 && receiving.stream() && receiving.waits()) return receiving.stream_part(bytes, buffer);
  s->reads_done = 0;
  return receiving.finish(bytes, buffer.part(env, bytes));
}

// args: socket, length, flags, reference
ERL_NIF_TERM nif_recvfrom(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  ErlNifUInt64 length;
  int flags;
  if (!s || (!enif_is_ref(env, argv[3]) && argv[3] != am.zero)) return enif_make_badarg(env);
  if (auto refused = get_numbers(env, {{argv[1], &length}}, argv[2], &flags)) return *refused;
  std::lock_guard<std::mutex> hold(s->read_lock);
  Receiving receiving{env, *s, argv[3]};
  if (auto refused = receiving.obstacle()) return *refused;
  Buffer buffer(length ? length : s->read_size);
  if (!buffer.ok()) return error_of(env, ENOMEM);
  s->read.tries++;
  Address from;
  std::memset(&from, 0, sizeof from);
  socklen_t from_size = sizeof from;
  ssize_t result = ::recvfrom(s->fd, buffer.data(), buffer.size(), flags, &from.sa, &from_size);
  if (result < 0) return receiving.failed(errno);
  auto bytes = static_cast<std::size_t>(result);
  if (bytes == 0 && receiving.stream()) {
    s->read.fails++;
    return error(env, am.closed);
  }
  ERL_NIF_TERM source = encode_address(env, &from.sa, static_cast<int>(from_size));
  s->read.packages++;
  s->read.bytes += bytes;
  s->readers.next(env);
  return ok(env, enif_make_tuple2(env, source, buffer.part(env, bytes)));
}

// args: socket, length, length of control messages, flags, reference
ERL_NIF_TERM nif_recvmsg(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  ErlNifUInt64 length, control_length;
  int flags;
  if (!s || (!enif_is_ref(env, argv[4]) && argv[4] != am.zero)) return enif_make_badarg(env);
  if (auto refused = get_numbers(env, {{argv[1], &length}, {argv[2], &control_length}}, argv[3], &flags)) return *refused;
  std::lock_guard<std::mutex> hold(s->read_lock);
  Receiving receiving{env, *s, argv[4]};
  if (auto refused = receiving.obstacle()) return *refused;
  Buffer buffer(length ? length : s->read_size), control(control_length ? control_length : s->read_control_size);
  if (!buffer.ok() || !control.ok()) return error_of(env, ENOMEM);
  s->read.tries++;
  Address from;
  std::memset(&from, 0, sizeof from);
  iovec vector{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t result = ::recvmsg(s->fd, &message, flags);
  if (result < 0) return receiving.failed(errno);
  auto bytes = static_cast<std::size_t>(result);
  if (bytes == 0 && receiving.stream()) {
    s->read.fails++;
    return error(env, am.closed);
  }
  bool has_source = message.msg_namelen != 0;
  const unsigned char* start = control.data();
  ERL_NIF_TERM messages = encode_control(env, message, control.whole(env), start);
  ERL_NIF_TERM t = make_map(
      env, {{am.iov, enif_make_list1(env, buffer.part(env, bytes))},
            {am.ctrl, messages},
            {am.flags, message_flags(env, message.msg_flags)},
            {has_source ? am.addr : 0, has_source ? encode_address(env, &from.sa, static_cast<int>(message.msg_namelen)) : am.undefined}});
  s->read.packages++;
  s->read.bytes += bytes;
  s->readers.next(env);
  return ok(env, t);
}

}  // namespace vm::nifs::socket
