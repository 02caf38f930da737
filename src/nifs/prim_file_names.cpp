// SPDX-License-Identifier: Apache-2.0
//
// prim_file: operations on file names.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "nifs/prim_file_internal.h"

namespace vm::nifs::file {

namespace {

constexpr mode_t kDirectoryMode = 0777;
// Times before this (1902) are shown as this.
constexpr std::int64_t kEarliest = -2145916800;

ERL_NIF_TERM done(ErlNifEnv* env, int error) { return error ? error_tuple(env, error) : am.ok; }
int result_of(int returned) { return returned < 0 ? errno : 0; }

ERL_NIF_TERM binary(ErlNifEnv* env, const char* bytes, std::size_t n) {
  ERL_NIF_TERM t;
  std::memcpy(enif_make_new_binary(env, n, &t), bytes, n);
  return t;
}

// One path, one system call.
template <typename Call>
ERL_NIF_TERM on_path(ErlNifEnv* env, ERL_NIF_TERM t, Call&& call) {
  Path path(env, t);
  return path.ok() ? done(env, call(path.c_str())) : error_tuple(env, EINVAL);
}
template <typename Call>
ERL_NIF_TERM on_two_paths(ErlNifEnv* env, const ERL_NIF_TERM argv[], Call&& call) {
  Path from(env, argv[0]);
  Path to(env, argv[1]);
  return from.ok() && to.ok() ? done(env, call(from.c_str(), to.c_str())) : error_tuple(env, EINVAL);
}

ERL_NIF_TERM type_of(const struct stat& st) {
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) return am.device;
  if (S_ISDIR(st.st_mode)) return am.directory;
  if (S_ISREG(st.st_mode)) return am.regular;
  return S_ISLNK(st.st_mode) ? am.symlink : am.other;
}

bool is_current_directory(const char* path) {
  struct stat one, other;
  return stat(path, &one) == 0 && stat(".", &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

}  // namespace

Access access_by_mode(const struct stat& st) {
  if (st.st_uid == geteuid()) return {(st.st_mode & S_IRUSR) != 0, (st.st_mode & S_IWUSR) != 0};
  if (st.st_gid == getegid()) return {(st.st_mode & S_IRGRP) != 0, (st.st_mode & S_IWGRP) != 0};
  return {(st.st_mode & S_IROTH) != 0, (st.st_mode & S_IWOTH) != 0};
}

ERL_NIF_TERM file_info(ErlNifEnv* env, const struct stat& st, Access access) {
  auto number = [&](auto v) { return enif_make_uint(env, static_cast<unsigned>(v)); };  // 32 bits, as stock shows them
  auto time = [&](std::int64_t seconds) { return enif_make_long(env, std::max(kEarliest, seconds)); };
  ERL_NIF_TERM mode = access.read ? (access.write ? am.read_write : am.read) : access.write ? am.write : am.none;
  return enif_make_tuple(env, 14, am.file_info, enif_make_ulong(env, static_cast<unsigned long>(st.st_size)), type_of(st), mode,
                         time(st.st_atime), time(st.st_mtime), time(st.st_ctime), number(st.st_mode), number(st.st_nlink),
                         number(st.st_dev), number(st.st_rdev), number(st.st_ino), number(st.st_uid), number(st.st_gid));
}

ERL_NIF_TERM make_hard_link(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return on_two_paths(env, argv, [](const char* existing, const char* made) { return result_of(::link(existing, made)); });
}
ERL_NIF_TERM make_soft_link(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return on_two_paths(env, argv, [](const char* existing, const char* made) { return result_of(::symlink(existing, made)); });
}
ERL_NIF_TERM rename(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return on_two_paths(env, argv, [](const char* from, const char* to) {
    int error = result_of(::rename(from, to));
    if (error == ENOTEMPTY) return EEXIST;
    return error && std::strcmp(from, "/") == 0 ? EINVAL : error;
  });
}

ERL_NIF_TERM read_info(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  int follow_links;
  if (!enif_get_int(env, argv[1], &follow_links)) return enif_make_badarg(env);
  Path path(env, argv[0]);
  if (!path.ok()) return error_tuple(env, EINVAL);
  struct stat st;
  if ((follow_links ? stat(path.c_str(), &st) : lstat(path.c_str(), &st)) < 0) return error_tuple(env, errno);
  return file_info(env, st, {access(path.c_str(), R_OK) == 0, access(path.c_str(), W_OK) == 0});
}

ERL_NIF_TERM set_permissions(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  unsigned permissions;
  if (!enif_get_uint(env, argv[1], &permissions)) return enif_make_badarg(env);
  return on_path(env, argv[0], [&](const char* path) {
    mode_t mode = permissions & (S_ISUID | S_ISGID | S_IRWXU | S_IRWXG | S_IRWXO);
    if (chmod(path, mode) == 0) return 0;
    return result_of(chmod(path, mode & ~static_cast<mode_t>(S_ISUID | S_ISGID)));  // who may not set those may set the rest
  });
}

ERL_NIF_TERM set_owner(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  int user, group;
  if (!enif_get_int(env, argv[1], &user) || !enif_get_int(env, argv[2], &group)) return enif_make_badarg(env);
  return on_path(env, argv[0],
                 [&](const char* path) { return result_of(chown(path, static_cast<uid_t>(user), static_cast<gid_t>(group))); });
}

ERL_NIF_TERM set_time(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  long accessed, modified, created;
  if (!enif_get_long(env, argv[1], &accessed) || !enif_get_long(env, argv[2], &modified) || !enif_get_long(env, argv[3], &created))
    return enif_make_badarg(env);
  return on_path(env, argv[0], [&](const char* path) {
    struct utimbuf times = {accessed, modified};
    return result_of(utime(path, &times));
  });
}

ERL_NIF_TERM read_link(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Path path(env, argv[0]);
  if (!path.ok()) return error_tuple(env, EINVAL);
  char text[PATH_MAX + 1];
  ssize_t n = readlink(path.c_str(), text, sizeof text);
  if (n < 0) return error_tuple(env, errno);
  return enif_make_tuple2(env, am.ok, binary(env, text, static_cast<std::size_t>(n)));
}

ERL_NIF_TERM list_dir(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Path path(env, argv[0]);
  if (!path.ok()) return error_tuple(env, EINVAL);
  DIR* dir = opendir(path.c_str());
  if (!dir) return error_tuple(env, errno);
  ERL_NIF_TERM names = enif_make_list(env, 0);
  while (const struct dirent* entry = readdir(dir)) {
    const char* name = entry->d_name;
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
    names = enif_make_list_cell(env, binary(env, name, std::strlen(name)), names);
  }
  closedir(dir);
  return enif_make_tuple2(env, am.ok, names);
}

ERL_NIF_TERM make_dir(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return on_path(env, argv[0], [](const char* path) { return result_of(mkdir(path, kDirectoryMode)); });
}

ERL_NIF_TERM del_file(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return on_path(env, argv[0], [](const char* path) {
    int error = result_of(unlink(path));
    return error == EISDIR ? EPERM : error;  // what POSIX says for a directory; Linux differs
  });
}

ERL_NIF_TERM del_dir(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return on_path(env, argv[0], [](const char* path) {
    int error = result_of(rmdir(path));
    if (error == ENOTEMPTY) error = EEXIST;
    return error == EEXIST && is_current_directory(path) ? EINVAL : error;
  });
}

ERL_NIF_TERM get_device_cwd(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  int index;
  if (!enif_get_int(env, argv[0], &index)) return enif_make_badarg(env);
  return error_tuple(env, ENOTSUP);  // there are no drive letters here
}

ERL_NIF_TERM set_cwd(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return on_path(env, argv[0], [](const char* path) { return result_of(chdir(path)); });
}

ERL_NIF_TERM get_cwd(ErlNifEnv* env, int, const ERL_NIF_TERM[]) {
  char* path = getcwd(nullptr, 0);
  if (!path) return error_tuple(env, errno);
  ERL_NIF_TERM t = binary(env, path, std::strlen(path));
  std::free(path);
  return enif_make_tuple2(env, am.ok, t);
}

ERL_NIF_TERM altname(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  return error_tuple(env, Path(env, argv[0]).ok() ? ENOTSUP : EINVAL);
}

}  // namespace vm::nifs::file
