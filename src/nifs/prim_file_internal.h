// SPDX-License-Identifier: Apache-2.0
//
// Open files and paths of the prim_file natives.
//
// A file is a resource of one owner process, which it monitors. Only one operation runs on it at a time (`state`): when the owner dies in the
// middle of one, that operation closes the file at its end; otherwise the helper process of prim_file is told to (close may block, which
// nobody but a dirty thread should). The resource's memory goes with its last reference, which closing drops.
#pragma once

#include <erl_nif.h>

#include <atomic>
#include <cstdint>

namespace vm::nifs::file {

enum State : int { kIdle, kBusy, kCloseWhenIdle, kClosed };

struct File {
  std::atomic<int> state;
  int fd;
  ErlNifMonitor monitor;
};

// Atoms the natives compare with and answer; made when the library is loaded.
struct Atoms {
  ERL_NIF_TERM ok, error, eof, close, continue_, file_info;
  ERL_NIF_TERM read, write, append, exclusive, sync, skip_type_check, directory, read_write, none;
  ERL_NIF_TERM normal, random, sequential, will_need, dont_need, no_reuse;
  ERL_NIF_TERM device, regular, symlink, other, bof, cur;
};
extern Atoms am;
extern ErlNifResourceType* file_type;

ERL_NIF_TERM error_tuple(ErlNifEnv* env, int error);

// A path as prim_file:internal_name2native made it: bytes with a closing 0.
class Path {
 public:
  Path(ErlNifEnv* env, ERL_NIF_TERM t);
  bool ok() const { return ok_; }
  const char* c_str() const { return reinterpret_cast<const char*>(bytes_.data); }

 private:
  ErlNifBinary bytes_{};
  bool ok_ = false;
};

// Closes the descriptor of a file in state kClosed and drops the reference that open made. Answers the error or 0.
int close_file(File* f);

// {file_info, ...} for a file's status.
struct Access {
  bool read, write;
};
ERL_NIF_TERM file_info(ErlNifEnv* env, const struct stat& st, Access access);
Access access_by_mode(const struct stat& st);

using Function = ERL_NIF_TERM (*)(ErlNifEnv*, int, const ERL_NIF_TERM[]);

// Operations on names (prim_file_names.cpp).
ERL_NIF_TERM make_hard_link(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM make_soft_link(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM rename(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM read_info(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM set_permissions(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM set_owner(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM set_time(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM read_link(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM list_dir(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM make_dir(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM del_file(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM del_dir(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM get_device_cwd(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM set_cwd(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM get_cwd(ErlNifEnv*, int, const ERL_NIF_TERM[]);
ERL_NIF_TERM altname(ErlNifEnv*, int, const ERL_NIF_TERM[]);

}  // namespace vm::nifs::file
