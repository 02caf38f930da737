// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: sending files. These natives run on dirty schedulers: reading a file may block. The socket keeps a duplicate of the file's
// descriptor from the first call until the last byte is sent, or something fails.
#include <sys/sendfile.h>
#include <unistd.h>

#include <cerrno>

#include "nifs/prim_socket_internal.h"

namespace vm::nifs::socket {

namespace {

// What prim_file's resource takes to give a duplicate of its descriptor.
struct DuplicateCall {
  int operation = 0;
  int result = EINVAL;
  int descriptor = -1;
};

constexpr std::size_t kChunk = 512u << 20;

enum class Outcome { Done, Wait, Failed };

struct FileSending {
  ErlNifEnv* env;
  Socket& s;
  ERL_NIF_TERM ref;
  std::size_t sent = 0;
  int number = 0;  // of the error

  SendfileCounters& counters() {
    if (!s.sendfile) s.sendfile = std::make_unique<SendfileCounters>();
    return *s.sendfile;
  }

  void close_file() {
    if (s.sendfile_fd >= 0) ::close(s.sendfile_fd);
    s.sendfile_fd = -1;
  }

  // Sends `count` bytes, or to the end of the file if count is 0, as far as the socket takes them.
  Outcome send(off_t offset, std::size_t count) {
    SendfileCounters& c = counters();
    for (;;) {
      ssize_t n = ::sendfile(s.fd, s.sendfile_fd, &offset, count > 0 && count < kChunk ? count : kChunk);
      number = errno;
      c.calls++;
      if (n > 0) {
        auto bytes = static_cast<std::size_t>(n);
        sent += bytes;
        c.packages++;
        c.bytes += bytes;
        c.running += bytes;
        if (sent > c.largest_package) c.largest_package = sent;
        if (c.running > c.largest) c.largest = c.running;
        if (count > 0 && (count -= bytes) == 0) return Outcome::Done;
      } else if (n == 0) {
        return Outcome::Done;
      } else if (number == EAGAIN) {
        return Outcome::Wait;
      } else if (number != EINTR) {
        return Outcome::Failed;
      }
    }
  }

  ERL_NIF_TERM failed(ERL_NIF_TERM reason) {
    close_file();
    counters().fails++;
    s.writers.fail(env, reason);
    return error(env, reason);
  }

  ERL_NIF_TERM answer(Outcome outcome) {
    ERL_NIF_TERM count = enif_make_uint64(env, sent);
    if (outcome == Outcome::Failed) return failed(errno_atom(env, number));
    if (outcome == Outcome::Done) {
      s.writers.next(env);
      s.written.running = 0;
      close_file();
      return ok(env, count);
    }
    s.writers.stay(env, ref);
    if (int result = s.writers.select(env, ref); result < 0) {
      ERL_NIF_TERM reason = enif_make_tuple2(env, am.select_write, enif_make_int(env, result));
      s.writers.fail(env, reason);
      close_file();
      return enif_raise_exception(env, reason);
    }
    counters().waits++;
    return enif_make_tuple2(env, am.select, count);
  }

  ERL_NIF_TERM start(off_t offset, std::size_t count, ERL_NIF_TERM file) {
    ErlNifPid caller = self(env);
    if (s.writers.busy() && !s.writers.is_first(caller)) {
      if (s.writers.waits(caller)) return raise_invalid(env, am.state);
      s.writers.enter(env, ref);
      return am.select;
    }
    if (s.sendfile_fd >= 0) return error_invalid(env, am.state);
    DuplicateCall call;
    if (enif_dynamic_resource_call(env, am.prim_file, am.efile, file, &call) != 0) return failed(invalid(env, am.efile));
    if (call.result != 0) return failed(errno_atom(env, call.result));
    s.sendfile_fd = call.descriptor;
    counters().tries++;
    counters().running = 0;
    return answer(send(offset, count));
  }

  ERL_NIF_TERM go_on(off_t offset, std::size_t count) {
    if (s.sendfile_fd < 0 || !s.writers.is_first(self(env))) return raise_invalid(env, am.state);
    return answer(send(offset, count));
  }
};

}  // namespace

// args: socket (the file is no more wanted) | socket, reference, offset, count | socket, reference, offset, count, file
ERL_NIF_TERM nif_sendfile(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  Socket* s = socket_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  if (argc == 1) {
    std::lock_guard<std::mutex> hold(s->write_lock);
    FileSending sending{env, *s, am.undefined};
    if (s->sendfile_fd < 0) return error_invalid(env, am.state);
    sending.close_file();
    return am.ok;
  }
  ErlNifSInt64 offset;
  ErlNifUInt64 count;
  if (!enif_is_ref(env, argv[1])) return enif_make_badarg(env);
  bool offset_fits = enif_get_int64(env, argv[2], &offset);
  if (!offset_fits || !enif_get_uint64(env, argv[3], &count)) {
    if (!is_integer(env, argv[3])) return enif_make_badarg(env);
    return out_of_range(env, offset_fits ? argv[3] : argv[2]);
  }
  if (argc == 5 && !enif_is_ref(env, argv[4])) return enif_make_badarg(env);
  std::lock_guard<std::mutex> hold(s->write_lock);
  if (!is_open(s->write_state)) return error(env, am.closed);
  if (s->connectors.busy()) return error_invalid(env, am.state);
  FileSending sending{env, *s, argv[1]};
  return argc == 5 ? sending.start(offset, count, argv[4]) : sending.go_on(offset, count);
}

}  // namespace vm::nifs::socket
