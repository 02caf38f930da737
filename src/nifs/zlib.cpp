// SPDX-License-Identifier: Apache-2.0
//
// zlib: streams over the system's zlib. The Erlang module queues input (enqueue_nif) and then asks again and again for output
// (deflate_nif, inflate_nif): {continue, Output} until {finished, Output}. Each step works off a limited amount of both, so no step is long.
//
// A stream belongs to its controlling process; nobody else may use it, so nothing here needs a lock but the owner's name.
#include <erl_nif.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "nifs/entry.h"

namespace {

struct Atoms {
  ERL_NIF_TERM ok, error, continue_, finished, empty, need_dictionary, not_on_controlling_process, not_initialized, already_initialized;
  ERL_NIF_TERM stream_end, stream_error, data_error, mem_error, buf_error, version_error, unknown_error;
} am;

ErlNifResourceType* stream_type;
constexpr std::size_t kVectorLength = 256;
constexpr std::size_t kDictionaryLimit = 32768;
constexpr int kOldBufferSize = 4000;

enum class State { None, Deflate, Inflate, Closed };
// What becomes of input behind the end of a compressed stream.
enum class AfterEnd { Error = 0, Reset = 1, Cut = 2 };

struct Stream {
  z_stream z{};
  State state = State::None;
  AfterEnd after_end = AfterEnd::Cut;
  bool raw = false;
  bool ended = false;
  // Checksum of the plain side, kept for raw streams only (zlib:crc32/1).
  bool plain_is_input = false, plain_is_output = false;
  uLong input_crc = crc32(0, nullptr, 0), output_crc = crc32(0, nullptr, 0);
  int old_buffer_size = kOldBufferSize;
  ErlNifPid owner{};
  ErlNifMutex* owner_lock = enif_mutex_create(const_cast<char*>("zlib_owner"));
  ErlNifIOQueue* input = enif_ioq_create(ERL_NIF_IOQ_NORMAL);
  ErlNifEnv* stash_env = nullptr;  // keeps one term from call to call
  ERL_NIF_TERM stash = 0;

  void end() {
    if (state == State::Deflate) deflateEnd(&z);
    if (state == State::Inflate) inflateEnd(&z);
  }
  void drop_stash() {
    if (stash_env) enif_free_env(stash_env);
    stash_env = nullptr;
  }
  void drop_input() {
    enif_ioq_destroy(input);
    input = enif_ioq_create(ERL_NIF_IOQ_NORMAL);
    drop_stash();
  }
  void start(State s, int window_bits) {
    state = s;
    ended = false;
    raw = window_bits < 0;
    plain_is_input = raw && s == State::Deflate;
    plain_is_output = raw && s == State::Inflate;
    input_crc = output_crc = crc32(0, nullptr, 0);
  }
};

void destroy(ErlNifEnv*, void* object) {
  auto* s = static_cast<Stream*>(object);
  s->end();
  s->drop_stash();
  enif_mutex_destroy(s->owner_lock);
  enif_ioq_destroy(s->input);
  s->~Stream();
}

ERL_NIF_TERM answer(ErlNifEnv* env, int code) {
  switch (code) {
    case Z_OK: return am.ok;
    case Z_STREAM_END: return am.stream_end;
    case Z_ERRNO: return enif_make_int(env, errno);
    case Z_STREAM_ERROR: return enif_raise_exception(env, am.stream_error);
    case Z_DATA_ERROR: return enif_raise_exception(env, am.data_error);
    case Z_MEM_ERROR: return am.mem_error;
    case Z_BUF_ERROR: return am.buf_error;
    case Z_VERSION_ERROR: return am.version_error;
    default: return am.unknown_error;
  }
}

// --- arguments ----------------------------------------------------------------------------------------------------------------

Stream* stream_of(ErlNifEnv* env, ERL_NIF_TERM t) {
  void* s = nullptr;
  return enif_get_resource(env, t, stream_type, &s) ? static_cast<Stream*>(s) : nullptr;
}

bool is_owner(ErlNifEnv* env, Stream& s) {
  ErlNifPid self;
  enif_self(env, &self);
  enif_mutex_lock(s.owner_lock);
  bool same = self.pid == s.owner.pid;
  enif_mutex_unlock(s.owner_lock);
  return same;
}

template <int kCount>
bool ints(ErlNifEnv* env, const ERL_NIF_TERM* args, int (&values)[kCount]) {
  for (int i = 0; i < kCount; i++)
    if (!enif_get_int(env, args[i], &values[i])) return false;
  return true;
}

// The state a function wants its stream in; kAny for all.
enum class Needs { kAny, kNone, kDeflate, kInflate, kStarted, kOpen };

// Why the stream may not be used so; 0: it may.
ERL_NIF_TERM refuse(ErlNifEnv* env, Stream& s, Needs needs) {
  if (!is_owner(env, s)) return enif_raise_exception(env, am.not_on_controlling_process), am.not_on_controlling_process;
  bool fits = true;
  switch (needs) {
    case Needs::kAny: break;
    case Needs::kNone:
      if (s.state != State::None) return enif_raise_exception(env, am.already_initialized), am.already_initialized;
      break;
    case Needs::kDeflate: fits = s.state == State::Deflate; break;
    case Needs::kInflate: fits = s.state == State::Inflate; break;
    case Needs::kStarted: fits = s.state == State::Deflate || s.state == State::Inflate; break;
    case Needs::kOpen: fits = s.state != State::Closed; break;
  }
  if (!fits) return enif_raise_exception(env, am.not_initialized), am.not_initialized;
  return 0;
}

// --- compressing and decompressing ----------------------------------------------------------------------------------------------

using Codec = int (*)(z_stream*, int);

struct Step {
  std::size_t produced = 0, consumed = 0, remaining = 0;
  int code = Z_OK;
};

// One step: at most `input_limit` bytes of input (per element) into `output`.
Step run_step(ErlNifEnv* env, Stream& s, Codec codec, std::size_t input_limit, ErlNifBinary& output, int flush) {
  Step step;
  z_stream& z = s.z;
  z.next_out = output.data;
  z.avail_out = static_cast<uInt>(output.size);
  int count;
  const SysIOVec* part = enif_ioq_peek(s.input, &count);
  for (int i = 0; step.code == Z_OK && i < count && step.consumed < input_limit; i++) {
    std::size_t n = std::min(part[i].iov_len, input_limit);
    z.next_in = reinterpret_cast<Bytef*>(part[i].iov_base);
    z.avail_in = static_cast<uInt>(n);
    step.code = codec(&z, Z_NO_FLUSH);  // flushing is for the end of the input
    std::size_t used = n - z.avail_in;
    step.consumed += used;
    if (s.plain_is_input) s.input_crc = crc32(s.input_crc, reinterpret_cast<Bytef*>(part[i].iov_base), static_cast<uInt>(used));
    if (z.avail_in > 0) break;  // the output is full
    if (enif_consume_timeslice(env, std::max(1, static_cast<int>(100 * used / input_limit)))) break;
  }
  if (!enif_ioq_deq(s.input, step.consumed, &step.remaining)) step.code = Z_BUF_ERROR;
  if (step.code == Z_OK && step.remaining == 0 && z.avail_out > 0) {
    // Also without a flush wanted: the output may have been full last time.
    z.next_in = nullptr;
    z.avail_in = 0;
    step.code = codec(&z, flush);
  }
  step.produced = output.size - z.avail_out;
  return step;
}

ERL_NIF_TERM run_codec(ErlNifEnv* env, Stream& s, Codec codec, const int (&args)[3]) {
  const auto [input_limit, output_limit, flush] = args;
  if (input_limit <= 0 || output_limit < 0) return enif_make_badarg(env);
  ErlNifBinary output;
  if (!enif_alloc_binary(static_cast<std::size_t>(output_limit), &output)) return answer(env, Z_MEM_ERROR);
  Step step = run_step(env, s, codec, static_cast<std::size_t>(input_limit), output, flush);
  if (step.code < 0 && step.code != Z_BUF_ERROR) {
    enif_release_binary(&output);
    return answer(env, step.code);
  }
  if (step.code == Z_STREAM_END) s.ended = true;
  if (s.plain_is_output) s.output_crc = crc32(s.output_crc, output.data, static_cast<uInt>(step.produced));
  if (step.consumed == 0 && step.produced == 0 && step.remaining != 0) {
    enif_release_binary(&output);  // no progress: the caller would ask for ever
    return answer(env, Z_DATA_ERROR);
  }
  ERL_NIF_TERM list = enif_make_list(env, 0);
  if (step.produced > 0) {
    if (step.produced < output.size) enif_realloc_binary(&output, step.produced);
    list = enif_make_list_cell(env, enif_make_binary(env, &output), list);
  } else {
    enif_release_binary(&output);
  }
  if (step.remaining == 0 && step.produced < static_cast<std::size_t>(output_limit)) return enif_make_tuple2(env, am.finished, list);
  if (step.code != Z_NEED_DICT) return enif_make_tuple2(env, am.continue_, list);
  return enif_make_tuple3(env, am.need_dictionary, enif_make_int(env, static_cast<int>(s.z.adler)), list);
}

// --- functions; args are those behind the stream ----------------------------------------------------------------------------------

ERL_NIF_TERM open_stream(ErlNifEnv* env, int, const ERL_NIF_TERM[]) {
  void* memory = enif_alloc_resource(stream_type, sizeof(Stream));
  auto* s = new (memory) Stream;
  s->z.data_type = Z_BINARY;
  enif_self(env, &s->owner);
  ERL_NIF_TERM t = enif_make_resource(env, s);
  enif_release_resource(s);
  return t;
}

ERL_NIF_TERM close_stream(ErlNifEnv*, Stream& s, const ERL_NIF_TERM*) {
  s.end();
  s.drop_stash();
  s.state = State::Closed;
  return am.ok;
}

ERL_NIF_TERM set_controller(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  ErlNifPid pid;
  if (!enif_get_local_pid(env, args[0], &pid)) return enif_make_badarg(env);
  enif_mutex_lock(s.owner_lock);
  s.owner = pid;
  enif_mutex_unlock(s.owner_lock);
  return am.ok;
}

ERL_NIF_TERM deflate_init(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  int v[5];  // level, method, window bits, memory level, strategy
  if (!ints(env, args, v)) return enif_make_badarg(env);
  int code = deflateInit2(&s.z, v[0], v[1], v[2], v[3], v[4]);
  if (code == Z_OK) s.start(State::Deflate, v[2]);
  return answer(env, code);
}

ERL_NIF_TERM deflate_set_dictionary(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  ErlNifBinary bytes;
  if (!enif_inspect_iolist_as_binary(env, args[0], &bytes)) return enif_make_badarg(env);
  auto size = static_cast<uInt>(bytes.size);
  int code = deflateSetDictionary(&s.z, bytes.data, size);
  if (code != Z_OK) return answer(env, code);
  // zlib does not compute the checksum for raw streams.
  uLong checksum = s.raw ? adler32(0, bytes.data, size) : s.z.adler;
  return enif_make_int(env, static_cast<int>(checksum));
}

ERL_NIF_TERM deflate_reset(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  int code = deflateReset(&s.z);
  s.input_crc = crc32(0, nullptr, 0);
  s.ended = false;
  s.drop_input();
  return answer(env, code);
}

ERL_NIF_TERM deflate_end(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  int code = deflateEnd(&s.z);
  if (code == Z_OK && enif_ioq_size(s.input) > 0) code = Z_DATA_ERROR;
  s.drop_input();
  s.state = State::None;
  return answer(env, code);
}

// The Erlang side flushed everything before; the one byte of room is for zlib versions that insist on some.
ERL_NIF_TERM deflate_params(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  int v[2];  // level, strategy
  if (!ints(env, args, v)) return enif_make_badarg(env);
  Bytef room;
  s.z.next_out = &room;
  s.z.avail_out = 1;
  int code = deflateParams(&s.z, v[0], v[1]);
  return answer(env, s.z.avail_out == 0 ? Z_STREAM_ERROR : code);
}

ERL_NIF_TERM deflate_step(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  int v[3];
  return ints(env, args, v) ? run_codec(env, s, deflate, v) : enif_make_badarg(env);
}

ERL_NIF_TERM inflate_init(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  int v[2];  // window bits, what to do at the end
  if (!ints(env, args, v)) return enif_make_badarg(env);
  int code = inflateInit2(&s.z, v[0]);
  if (code == Z_OK) {
    s.start(State::Inflate, v[0]);
    s.after_end = static_cast<AfterEnd>(v[1]);
  }
  return answer(env, code);
}

ERL_NIF_TERM inflate_set_dictionary(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  ErlNifBinary bytes;
  if (!enif_inspect_iolist_as_binary(env, args[0], &bytes)) return enif_make_badarg(env);
  return answer(env, inflateSetDictionary(&s.z, bytes.data, static_cast<uInt>(bytes.size)));
}

ERL_NIF_TERM inflate_get_dictionary(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  ErlNifBinary bytes;
  if (!enif_alloc_binary(kDictionaryLimit, &bytes)) return answer(env, Z_MEM_ERROR);
  uInt size = 0;
  int code = inflateGetDictionary(&s.z, bytes.data, &size);
  if (code < 0) {
    enif_release_binary(&bytes);
    return answer(env, code);
  }
  enif_realloc_binary(&bytes, size);
  return enif_make_binary(env, &bytes);
}

ERL_NIF_TERM inflate_reset(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  int code = inflateReset(&s.z);
  s.output_crc = crc32(0, nullptr, 0);
  s.ended = false;
  s.drop_input();
  return answer(env, code);
}

ERL_NIF_TERM inflate_end(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  int code = inflateEnd(&s.z);
  if (code == Z_OK && (!s.ended || enif_ioq_size(s.input) > 0)) code = Z_DATA_ERROR;
  s.drop_input();
  s.state = State::None;
  return answer(env, code);
}

ERL_NIF_TERM inflate_step(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  int v[3];
  if (!ints(env, args, v)) return enif_make_badarg(env);
  if (s.ended && enif_ioq_size(s.input) > 0) {
    switch (s.after_end) {
      case AfterEnd::Error: return answer(env, Z_DATA_ERROR);
      case AfterEnd::Reset:
        if (int code = inflateReset(&s.z); code != Z_OK) return answer(env, code);
        s.ended = false;
        break;
      case AfterEnd::Cut: s.drop_input(); break;
    }
  }
  return run_codec(env, s, inflate, v);
}

ERL_NIF_TERM checksum(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  return enif_make_ulong(env, s.state == State::Deflate ? s.input_crc : s.output_crc);
}

ERL_NIF_TERM get_stash(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  return s.stash_env ? enif_make_tuple2(env, am.ok, enif_make_copy(env, s.stash)) : am.empty;
}
ERL_NIF_TERM clear_stash(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) {
  if (!s.stash_env) return enif_raise_exception(env, am.error);
  s.drop_stash();
  return am.ok;
}
ERL_NIF_TERM set_stash(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  if (s.stash_env) return enif_raise_exception(env, am.error);
  s.stash_env = enif_alloc_env();
  s.stash = enif_make_copy(s.stash_env, args[0]);
  return am.ok;
}

ERL_NIF_TERM get_buffer_size(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM*) { return enif_make_int(env, s.old_buffer_size); }
ERL_NIF_TERM set_buffer_size(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  return enif_get_int(env, args[0], &s.old_buffer_size) ? am.ok : enif_make_badarg(env);
}

ERL_NIF_TERM enqueue(ErlNifEnv* env, Stream& s, const ERL_NIF_TERM* args) {
  ErlNifIOVec vec, *data = &vec;
  ERL_NIF_TERM rest;
  if (!enif_inspect_iovec(env, kVectorLength, args[0], &rest, &data) || !enif_ioq_enqv(s.input, data, 0)) return enif_make_badarg(env);
  return enif_is_empty_list(env, rest) ? am.ok : enif_make_tuple2(env, am.continue_, rest);
}

using Function = ERL_NIF_TERM (*)(ErlNifEnv*, Stream&, const ERL_NIF_TERM*);

template <Function function, Needs needs>
ERL_NIF_TERM on(ErlNifEnv* env, int, const ERL_NIF_TERM argv[]) {
  Stream* s = stream_of(env, argv[0]);
  if (!s) return enif_make_badarg(env);
  if (ERL_NIF_TERM refused = refuse(env, *s, needs)) return refused;
  return function(env, *s, argv + 1);
}

int load(ErlNifEnv* env, void** private_data, ERL_NIF_TERM) {
  const struct {
    ERL_NIF_TERM* atom;
    const char* name;
  } all[] = {{&am.ok, "ok"},
             {&am.error, "error"},
             {&am.continue_, "continue"},
             {&am.finished, "finished"},
             {&am.empty, "empty"},
             {&am.need_dictionary, "need_dictionary"},
             {&am.not_on_controlling_process, "not_on_controlling_process"},
             {&am.not_initialized, "not_initialized"},
             {&am.already_initialized, "already_initialized"},
             {&am.stream_end, "stream_end"},
             {&am.stream_error, "stream_error"},
             {&am.data_error, "data_error"},
             {&am.mem_error, "mem_error"},
             {&am.buf_error, "buf_error"},
             {&am.version_error, "version_error"},
             {&am.unknown_error, "unknown_error"}};
  for (const auto& a : all) *a.atom = enif_make_atom(env, a.name);
  stream_type = enif_open_resource_type(env, nullptr, "gc_zlib", destroy, ERL_NIF_RT_CREATE, nullptr);
  *private_data = nullptr;
  return stream_type ? 0 : -1;
}

ErlNifFunc functions[] = {
    {"open_nif", 0, open_stream, 0},
    {"close_nif", 1, on<close_stream, Needs::kOpen>, 0},
    {"set_controller_nif", 2, on<set_controller, Needs::kAny>, 0},
    {"deflateInit_nif", 6, on<deflate_init, Needs::kNone>, 0},
    {"deflateSetDictionary_nif", 2, on<deflate_set_dictionary, Needs::kDeflate>, 0},
    {"deflateReset_nif", 1, on<deflate_reset, Needs::kDeflate>, 0},
    {"deflateEnd_nif", 1, on<deflate_end, Needs::kDeflate>, 0},
    {"deflateParams_nif", 3, on<deflate_params, Needs::kDeflate>, 0},
    {"deflate_nif", 4, on<deflate_step, Needs::kDeflate>, 0},
    {"inflateInit_nif", 3, on<inflate_init, Needs::kNone>, 0},
    {"inflateSetDictionary_nif", 2, on<inflate_set_dictionary, Needs::kInflate>, 0},
    {"inflateGetDictionary_nif", 1, on<inflate_get_dictionary, Needs::kInflate>, 0},
    {"inflateReset_nif", 1, on<inflate_reset, Needs::kInflate>, 0},
    {"inflateEnd_nif", 1, on<inflate_end, Needs::kInflate>, 0},
    {"inflate_nif", 4, on<inflate_step, Needs::kInflate>, 0},
    {"crc32_nif", 1, on<checksum, Needs::kStarted>, 0},
    {"getStash_nif", 1, on<get_stash, Needs::kAny>, 0},
    {"clearStash_nif", 1, on<clear_stash, Needs::kAny>, 0},
    {"setStash_nif", 2, on<set_stash, Needs::kAny>, 0},
    {"getBufSize_nif", 1, on<get_buffer_size, Needs::kAny>, 0},
    {"setBufSize_nif", 2, on<set_buffer_size, Needs::kAny>, 0},
    {"enqueue_nif", 2, on<enqueue, Needs::kStarted>, 0},
};

ErlNifEntry entry = vm::nifs::entry_of("zlib", functions, load);

}  // namespace

extern "C" ErlNifEntry* zlib_nif_init() { return &entry; }
