// SPDX-License-Identifier: Apache-2.0
//
// prim_file: open files. The Erlang module checks little: what it takes for granted of each function's arguments and answers is written
// beside the function.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/assert.h"
#include "nifs/entry.h"
#include "nifs/prim_file_internal.h"
#include "os/errno_name.h"

namespace vm::nifs::file {

Atoms am;
ErlNifResourceType* file_type;

namespace {

ErlNifPid helper;  // the process that closes files whose owner died
constexpr mode_t kFileMode = 0666, kOpenedDirectoryMode = 0777;
constexpr std::size_t kVectorLength = 64;

}  // namespace

ERL_NIF_TERM error_tuple(ErlNifEnv* env, int error) { return enif_make_tuple2(env, am.error, enif_make_atom(env, os::errno_name(error))); }

Path::Path(ErlNifEnv* env, ERL_NIF_TERM t) {
  if (!enif_inspect_binary(env, t, &bytes_) || bytes_.size == 0) return;
  const auto* zero = static_cast<const unsigned char*>(std::memchr(bytes_.data, 0, bytes_.size));
  const unsigned char* end = bytes_.data + bytes_.size;
  // Several closing zeros are fine; anything behind a zero is not.
  ok_ = zero && std::all_of(zero, static_cast<const unsigned char*>(end), [](unsigned char c) { return c == 0; });
}

int close_file(File* f) {
  int fd = f->fd;
  f->fd = -1;
  enif_release_resource(f);
  // The descriptor is gone even when close is interrupted: no second try.
  return close(fd) < 0 ? errno : 0;
}

namespace {

// --- opening and closing -----------------------------------------------------------------------------------------------------

struct OpenMode {
  bool read = false, write = false, append = false, exclusive = false, sync = false, skip_type_check = false, directory = false;

  OpenMode(ErlNifEnv* env, ERL_NIF_TERM modes) {
    ERL_NIF_TERM mode;
    while (enif_get_list_cell(env, modes, &mode, &modes)) {
      if (mode == am.read) read = true;
      else if (mode == am.write) write = true;
      else if (mode == am.append) append = true;
      else if (mode == am.exclusive) exclusive = true;
      else if (mode == am.sync) sync = true;
      else if (mode == am.skip_type_check) skip_type_check = true;
      else if (mode == am.directory) directory = true;
      // others belong to the layers above
    }
    if (append || exclusive) write = true;
    else if (!read && !write) read = true;
  }

  int flags() const {
    int f = O_CLOEXEC;
    if (read && write) f |= O_RDWR | O_CREAT;
    else if (write) f |= O_WRONLY | O_CREAT | (append ? 0 : O_TRUNC);
    else f |= O_RDONLY;
    if (append) f |= O_APPEND;
    if (exclusive) f |= O_EXCL;
    if (sync) f |= O_SYNC;
    if (directory) f |= O_DIRECTORY;
    return f;
  }
};

int open_fd(const char* path, const OpenMode& mode, int* error) {
  int fd;
  do {
    fd = open(path, mode.flags(), mode.directory ? kOpenedDirectoryMode : kFileMode);
  } while (fd < 0 && errno == EINTR);
  *error = errno;
  if (fd < 0 || mode.skip_type_check || mode.directory) return fd;
  struct stat st;
  if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
    close(fd);
    *error = EISDIR;
    return -1;
  }
  return fd;
}

// {ok, Ref}: a new resource of the calling process, which it monitors.
ERL_NIF_TERM make_file(ErlNifEnv* env, int fd) {
  auto* f = static_cast<File*>(enif_alloc_resource(file_type, sizeof(File)));
  new (&f->state) std::atomic<int>(kIdle);
  f->fd = fd;
  ErlNifPid owner;
  enif_self(env, &owner);
  if (enif_monitor_process(env, f, &owner, &f->monitor) != 0) {
    f->state = kClosed;
    close_file(f);
    return error_tuple(env, EINVAL);
  }
  // The reference of enif_alloc_resource stays until the file is closed: a collection must not close (and block).
  return enif_make_tuple2(env, am.ok, enif_make_resource(env, f));
}

ERL_NIF_TERM open_nif(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  if (!enif_is_list(env, argv[1])) return enif_make_badarg(env);
  OpenMode mode(env, argv[1]);
  Path path(env, argv[0]);
  if (!path.ok()) return error_tuple(env, EINVAL);
  int error = 0;
  int fd = open_fd(path.c_str(), mode, &error);
  return fd < 0 ? error_tuple(env, error) : make_file(env, fd);
}

ERL_NIF_TERM file_desc_to_ref_nif(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  int fd;
  if (!enif_get_int(env, argv[0], &fd)) return enif_make_badarg(env);
  if (fcntl(fd, F_GETFL) == -1 && errno == EBADF) return error_tuple(env, EBADF);
  return make_file(env, fd);
}

File* file_of(ErlNifEnv* env, ERL_NIF_TERM t) {
  void* f = nullptr;
  return enif_get_resource(env, t, file_type, &f) ? static_cast<File*>(f) : nullptr;
}

ERL_NIF_TERM close_nif(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  File* f = file_of(env, argv[0]);
  if (!f) return enif_make_badarg(env);
  int expected = kIdle;
  if (!f->state.compare_exchange_strong(expected, kClosed)) return error_tuple(env, EINVAL);
  enif_demonitor_process(env, f, &f->monitor);
  int error = close_file(f);
  return error ? error_tuple(env, error) : am.ok;
}

// For the helper process: the file was marked closed when its owner died.
ERL_NIF_TERM delayed_close_nif(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  File* f = file_of(env, argv[0]);
  if (!f) return enif_make_badarg(env);
  close_file(f);
  return am.ok;
}

void owner_died(ErlNifEnv* env, void* object, ErlNifPid*, ErlNifMonitor*) {
  auto* f = static_cast<File*>(object);
  for (;;) {
    int state = kIdle;
    if (f->state.compare_exchange_strong(state, kClosed)) {
      enif_send(env, &helper, nullptr, enif_make_tuple2(env, am.close, enif_make_resource(env, f)));
      return;
    }
    if (state != kBusy) return;
    // Whoever is at it closes at the end; unless it ended just now.
    if (f->state.compare_exchange_strong(state, kCloseWhenIdle)) return;
  }
}

// Takes the file for one operation. Ends the operation, and the file if its owner died meanwhile.
class Busy {
 public:
  explicit Busy(File* f) : file_(f) {
    int expected = kIdle;
    taken_ = f->state.compare_exchange_strong(expected, kBusy);
  }
  ~Busy() {
    int expected = kBusy;
    if (!taken_ || file_->state.compare_exchange_strong(expected, kIdle)) return;
    file_->state = kClosed;
    close_file(file_);
  }
  bool taken() const { return taken_; }

 private:
  File* file_;
  bool taken_;
};

using Operation = ERL_NIF_TERM (*)(ErlNifEnv*, File&, const ERL_NIF_TERM*);

// A native whose first argument is a file; `args` of the operation are the others.
template <Operation operation>
ERL_NIF_TERM on_file(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  File* f = file_of(env, argv[0]);
  if (!f) return enif_make_badarg(env);
  Busy busy(f);
  return busy.taken() ? operation(env, *f, argv + 1) : error_tuple(env, EINVAL);
}

// --- reading ------------------------------------------------------------------------------------------------------------------

// Reads until `n` bytes are there or the file ends. at < 0: from the current position. Negative: errno is set.
ssize_t read_fully(int fd, unsigned char* to, std::size_t n, std::int64_t at) {
  std::size_t got = 0;
  while (got < n) {
    std::size_t want = std::min<std::size_t>(n - got, SSIZE_MAX);
    ssize_t r = at < 0 ? read(fd, to + got, want) : pread(fd, to + got, want, at + static_cast<std::int64_t>(got));
    if (r < 0 && errno == EINTR) continue;
    if (r < 0) return r;
    if (r == 0) break;
    got += static_cast<std::size_t>(r);
  }
  return static_cast<ssize_t>(got);
}

// {ok, Binary}, eof or {error, Reason}.
ERL_NIF_TERM read_answer(ErlNifEnv* env, File& f, long size, std::int64_t at) {
  ErlNifBinary bytes;
  if (!enif_alloc_binary(static_cast<std::size_t>(size), &bytes)) return error_tuple(env, ENOMEM);
  ssize_t n = read_fully(f.fd, bytes.data, bytes.size, at);
  if (n <= 0) {
    int error = errno;
    enif_release_binary(&bytes);
    return n == 0 ? am.eof : error_tuple(env, error);
  }
  if (n < size) enif_realloc_binary(&bytes, static_cast<std::size_t>(n));
  return enif_make_tuple2(env, am.ok, enif_make_binary(env, &bytes));
}

// Two numbers, badarg when they are none, false (einval) when they are negative or do not fit.
bool sizes(ErlNifEnv* env, const ERL_NIF_TERM* args, long* a, long* b) {
  return enif_get_long(env, args[0], a) && enif_get_long(env, args[1], b) && *a >= 0 && *b >= 0;
}
bool numbers(ErlNifEnv* env, const ERL_NIF_TERM* args, int n) {
  for (int i = 0; i < n; i++)
    if (!enif_is_number(env, args[i])) return false;
  return true;
}

ERL_NIF_TERM read_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  long size;
  if (!numbers(env, args, 1)) return enif_make_badarg(env);
  if (!enif_get_long(env, args[0], &size) || size < 0) return error_tuple(env, EINVAL);
  return read_answer(env, f, size, -1);
}

ERL_NIF_TERM pread_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  long offset, size;
  if (!numbers(env, args, 2)) return enif_make_badarg(env);
  if (!sizes(env, args, &offset, &size)) return error_tuple(env, EINVAL);
  return read_answer(env, f, size, offset);
}

std::uint32_t big_endian(const unsigned char* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

// At `offset` lie two 32-bit numbers, size and position of a block: {ok, {Size, Position, Block | eof}}, or eof when there are none or the
// block is larger than the limit.
ERL_NIF_TERM ipread_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  long offset, limit;
  if (!numbers(env, args, 2)) return enif_make_badarg(env);
  if (!enif_get_long(env, args[0], &offset) || !enif_get_long(env, args[1], &limit) || offset < 0 || limit >= 1l << 31)
    return error_tuple(env, EINVAL);
  unsigned char pointer[8];
  ssize_t n = read_fully(f.fd, pointer, sizeof pointer, offset);
  if (n < 0) return error_tuple(env, errno);
  if (n < static_cast<ssize_t>(sizeof pointer)) return am.eof;
  std::uint32_t size = big_endian(pointer);
  std::uint32_t position = big_endian(pointer + 4);
  if (static_cast<long>(size) > limit) return am.eof;
  ErlNifBinary bytes;
  if (!enif_alloc_binary(size, &bytes)) return error_tuple(env, ENOMEM);
  n = read_fully(f.fd, bytes.data, size, position);
  if (n < 0) {
    int error = errno;
    enif_release_binary(&bytes);
    return error_tuple(env, error);
  }
  ERL_NIF_TERM block = am.eof;
  if (n == 0) {
    enif_release_binary(&bytes);
  } else {
    if (static_cast<std::size_t>(n) < bytes.size) enif_realloc_binary(&bytes, static_cast<std::size_t>(n));
    block = enif_make_binary(env, &bytes);
  }
  return enif_make_tuple2(env, am.ok, enif_make_tuple3(env, enif_make_uint(env, size), enif_make_uint(env, position), block));
}

// The whole of a file by name.
ERL_NIF_TERM read_file_nif(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Path path(env, argv[0]);
  if (!path.ok()) return error_tuple(env, EINVAL);
  int error = 0;
  int fd = open_fd(path.c_str(), OpenMode(env, enif_make_list(env, 0)), &error);
  if (fd < 0) return error_tuple(env, error);
  constexpr std::size_t kFirstBuffer = 16 << 10;
  struct stat st;
  std::size_t expected = fstat(fd, &st) == 0 ? static_cast<std::size_t>(st.st_size) : 0;
  ErlNifBinary bytes;
  std::size_t got = 0;
  if (!enif_alloc_binary(expected ? expected : kFirstBuffer, &bytes)) error = ENOMEM;
  else error = 0;
  while (!error) {
    ssize_t n = read_fully(fd, bytes.data + got, bytes.size - got, -1);
    if (n < 0) {
      error = errno;
      enif_release_binary(&bytes);
      break;
    }
    got += static_cast<std::size_t>(n);
    if (got < bytes.size || got == expected) break;
    if (!enif_realloc_binary(&bytes, got * 2)) error = ENOMEM;  // its size was unknown
  }
  close(fd);
  if (error) return error_tuple(env, error);
  if (got < bytes.size) enif_realloc_binary(&bytes, got);
  return enif_make_tuple2(env, am.ok, enif_make_binary(env, &bytes));
}

// --- writing ------------------------------------------------------------------------------------------------------------------

// Writes all of the vector. Negative: errno is set.
ssize_t write_fully(int fd, SysIOVec* vec, int count, std::int64_t at) {
  static_assert(sizeof(SysIOVec) == sizeof(struct iovec));
  ssize_t total = 0;
  while (count > 0) {
    auto* iov = reinterpret_cast<struct iovec*>(vec);
    int n = std::min(count, IOV_MAX);
    ssize_t r = at < 0 ? writev(fd, iov, n) : pwritev(fd, iov, n, at + total);
    if (r < 0 && errno == EINTR) continue;
    if (r < 0) return r;
    total += r;
    bool progress = r > 0;
    for (; count > 0 && static_cast<std::size_t>(r) >= vec->iov_len; vec++, count--) {
      r -= static_cast<ssize_t>(vec->iov_len);
      progress = true;
    }
    if (!progress) break;
    if (count > 0) {
      vec->iov_base += r;
      vec->iov_len -= static_cast<std::size_t>(r);
    }
  }
  return total;
}

// args: a list of binaries. Of a long list the front is written: {continue, Rest}.
ERL_NIF_TERM write_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  ErlNifIOVec vec, *input = &vec;
  ERL_NIF_TERM rest;
  if (!enif_inspect_iovec(env, kVectorLength, args[0], &rest, &input)) return enif_make_badarg(env);
  if (write_fully(f.fd, input->iov, input->iovcnt, -1) < 0) return error_tuple(env, errno);
  return enif_is_empty_list(env, rest) ? am.ok : enif_make_tuple2(env, am.continue_, rest);
}

ERL_NIF_TERM pwrite_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  ErlNifIOVec vec, *input = &vec;
  ERL_NIF_TERM rest;
  long offset;
  if (!numbers(env, args, 1) || !enif_inspect_iovec(env, kVectorLength, args[1], &rest, &input)) return enif_make_badarg(env);
  if (!enif_get_long(env, args[0], &offset) || offset < 0) return error_tuple(env, EINVAL);
  ssize_t written = write_fully(f.fd, input->iov, input->iovcnt, offset);
  if (written < 0) return error_tuple(env, errno);
  if (enif_is_empty_list(env, rest)) return am.ok;
  return enif_make_tuple3(env, am.continue_, enif_make_long(env, written), rest);
}

// --- the rest -----------------------------------------------------------------------------------------------------------------

ERL_NIF_TERM done(ErlNifEnv* env, int returned) { return returned < 0 ? error_tuple(env, errno) : am.ok; }

ERL_NIF_TERM seek_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  long offset;
  if (!enif_get_long(env, args[1], &offset)) return enif_make_badarg(env);
  int whence = args[0] == am.bof ? SEEK_SET : args[0] == am.cur ? SEEK_CUR : args[0] == am.eof ? SEEK_END : -1;
  if (whence < 0) return enif_make_badarg(env);
  off_t position = lseek(f.fd, offset, whence);
  if (position < 0) return error_tuple(env, errno);
  return enif_make_tuple2(env, am.ok, enif_make_ulong(env, static_cast<unsigned long>(position)));
}

ERL_NIF_TERM sync_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  int data_only;
  if (!enif_get_int(env, args[0], &data_only)) return enif_make_badarg(env);
  return done(env, data_only ? fdatasync(f.fd) : fsync(f.fd));
}

ERL_NIF_TERM truncate_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM*) {
  off_t here = lseek(f.fd, 0, SEEK_CUR);
  return done(env, here < 0 ? -1 : ftruncate(f.fd, here));
}

ERL_NIF_TERM allocate_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  long offset, length;
  if (!numbers(env, args, 2)) return enif_make_badarg(env);
  if (!sizes(env, args, &offset, &length)) return error_tuple(env, EINVAL);
  int r;
  do {
    r = fallocate(f.fd, 0, offset, length);
  } while (r < 0 && errno == EINTR);
  if (r == 0) return am.ok;
  // Not every file system can; the C library then writes.
  do {
    r = posix_fallocate(f.fd, offset, length);
  } while (r == EINTR);
  return r ? error_tuple(env, r) : am.ok;
}

ERL_NIF_TERM advise_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM* args) {
  long offset, length;
  if (!numbers(env, args, 2)) return enif_make_badarg(env);
  if (!sizes(env, args, &offset, &length)) return error_tuple(env, EINVAL);
  const struct {
    ERL_NIF_TERM atom;
    int advice;
  } all[] = {{am.normal, POSIX_FADV_NORMAL},      {am.random, POSIX_FADV_RANDOM},      {am.sequential, POSIX_FADV_SEQUENTIAL},
             {am.will_need, POSIX_FADV_WILLNEED}, {am.dont_need, POSIX_FADV_DONTNEED}, {am.no_reuse, POSIX_FADV_NOREUSE}};
  for (const auto& a : all) {
    if (a.atom != args[2]) continue;
    posix_fadvise(f.fd, offset, length, a.advice);  // advice only: stock shows no error either
    return am.ok;
  }
  return error_tuple(env, EINVAL);
}

// The descriptor's bytes, for sendfile.
ERL_NIF_TERM get_handle_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM*) {
  ERL_NIF_TERM t;
  std::memcpy(enif_make_new_binary(env, sizeof f.fd, &t), &f.fd, sizeof f.fd);
  return t;
}

ERL_NIF_TERM read_handle_info_op(ErlNifEnv* env, File& f, const ERL_NIF_TERM*) {
  struct stat st;
  if (fstat(f.fd, &st) < 0) return error_tuple(env, errno);
  return file_info(env, st, access_by_mode(st));
}

// --- loading ------------------------------------------------------------------------------------------------------------------

// Other native modules ask for a duplicate of the descriptor (prim_socket:sendfile): operation 0, {op, result, descriptor}.
struct DuplicateCall {
  int operation;
  int result;
  int descriptor;
};

void dynamic_call(ErlNifEnv*, void* object, void* data) {
  auto* call = static_cast<DuplicateCall*>(data);
  auto* f = static_cast<File*>(object);
  if (call->operation != 0) {
    call->result = ENOTSUP;
    return;
  }
  Busy busy(f);
  if (!busy.taken()) {
    call->result = EINVAL;
    return;
  }
  call->descriptor = dup(f->fd);
  call->result = call->descriptor < 0 ? errno : 0;
}

int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM helper_pid) {
  if (!enif_get_local_pid(env, helper_pid, &helper)) return -1;
  const struct {
    ERL_NIF_TERM* atom;
    const char* name;
  } all[] = {{&am.ok, "ok"},
             {&am.error, "error"},
             {&am.eof, "eof"},
             {&am.close, "close"},
             {&am.continue_, "continue"},
             {&am.file_info, "file_info"},
             {&am.read, "read"},
             {&am.write, "write"},
             {&am.append, "append"},
             {&am.exclusive, "exclusive"},
             {&am.sync, "sync"},
             {&am.skip_type_check, "skip_type_check"},
             {&am.directory, "directory"},
             {&am.read_write, "read_write"},
             {&am.none, "none"},
             {&am.normal, "normal"},
             {&am.random, "random"},
             {&am.sequential, "sequential"},
             {&am.will_need, "will_need"},
             {&am.dont_need, "dont_need"},
             {&am.no_reuse, "no_reuse"},
             {&am.device, "device"},
             {&am.regular, "regular"},
             {&am.symlink, "symlink"},
             {&am.other, "other"},
             {&am.bof, "bof"},
             {&am.cur, "cur"}};
  for (const auto& a : all) *a.atom = enif_make_atom(env, a.name);
  ErlNifResourceTypeInit callbacks{};
  callbacks.down = owner_died;
  callbacks.dyncall = dynamic_call;
  callbacks.members = 4;
  file_type = enif_init_resource_type(env, "efile", &callbacks, ERL_NIF_RT_CREATE, nullptr);
  *private_data = nullptr;
  return file_type ? 0 : -1;
}

ErlNifFunc functions[] = {
    {"open_nif", 2, open_nif, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"close_nif", 1, close_nif, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"read_nif", 2, on_file<read_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"write_nif", 2, on_file<write_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"pread_nif", 3, on_file<pread_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"pwrite_nif", 3, on_file<pwrite_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"seek_nif", 3, on_file<seek_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"sync_nif", 2, on_file<sync_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"truncate_nif", 1, on_file<truncate_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"allocate_nif", 3, on_file<allocate_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"advise_nif", 4, on_file<advise_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"read_handle_info_nif", 1, on_file<read_handle_info_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"make_hard_link_nif", 2, make_hard_link, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"make_soft_link_nif", 2, make_soft_link, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"rename_nif", 2, rename, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"read_info_nif", 2, read_info, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"set_permissions_nif", 2, set_permissions, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"set_owner_nif", 3, set_owner, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"set_time_nif", 4, set_time, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"read_link_nif", 1, read_link, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"list_dir_nif", 1, list_dir, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"make_dir_nif", 1, make_dir, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"del_file_nif", 1, del_file, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"del_dir_nif", 1, del_dir, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"get_device_cwd_nif", 1, get_device_cwd, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"set_cwd_nif", 1, set_cwd, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"get_cwd_nif", 0, get_cwd, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"ipread_s32bu_p32bu_nif", 3, on_file<ipread_op>, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"read_file_nif", 1, read_file_nif, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"get_handle_nif", 1, on_file<get_handle_op>, 0},
    {"delayed_close_nif", 1, delayed_close_nif, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"altname_nif", 1, altname, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"file_desc_to_ref_nif", 1, file_desc_to_ref_nif, ERL_NIF_DIRTY_JOB_IO_BOUND},
};

ErlNifEntry entry = entry_of("prim_file", functions, load);

}  // namespace
}  // namespace vm::nifs::file

extern "C" ErlNifEntry* prim_file_nif_init() { return &vm::nifs::file::entry; }
