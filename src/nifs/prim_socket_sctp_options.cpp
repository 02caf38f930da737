// SPDX-License-Identifier: Apache-2.0
//
// prim_socket: options of SCTP, whose values are maps with all the fields.
#include <netinet/in.h>
#include <sys/socket.h>
// Behind the library's own headers, which it takes for granted.
#include <linux/sctp.h>

#include <cerrno>

#include "nifs/prim_socket_options.h"

namespace vm::nifs::socket {

namespace {

// Numbers out of a map; one that is missing or out of range spoils all.
class Fields {
 public:
  Fields(ErlNifEnv* env, ERL_NIF_TERM map) : env_(env), map_(map) {}
  bool ok() const { return ok_; }

  template <class T>
  void number(ERL_NIF_TERM key, T* to) {
    ERL_NIF_TERM t;
    unsigned value = 0;
    if (!enif_get_map_value(env_, map_, key, &t) || !enif_get_uint(env_, t, &value)) ok_ = false;
    *to = static_cast<T>(value);
  }
  void association(ERL_NIF_TERM key, sctp_assoc_t* to) {
    ERL_NIF_TERM t;
    unsigned value = 0;
    if (!enif_get_map_value(env_, map_, key, &t) || (!enif_get_int(env_, t, to) && !enif_get_uint(env_, t, &value))) ok_ = false;
    else if (value) *to = static_cast<sctp_assoc_t>(value);
  }
  void flag(ERL_NIF_TERM key, __u8* to) {
    ERL_NIF_TERM t;
    bool value = false;
    if (!enif_get_map_value(env_, map_, key, &t) || !get_boolean(t, &value)) ok_ = false;
    *to = value;
  }

 private:
  ErlNifEnv* env_;
  ERL_NIF_TERM map_;
  bool ok_ = true;
};

template <class T>
ERL_NIF_TERM set(ErlNifEnv* env, Socket& s, const Option& o, const Fields& fields, const T& value) {
  return fields.ok() ? set_raw_option(env, s, IPPROTO_SCTP, o.number, &value, sizeof value) : invalid(env, am.value);
}

ERL_NIF_TERM set_events(ErlNifEnv* env, Socket& s, const Option& o, Fields& f) {
  sctp_event_subscribe v{};
  f.flag(am.data_io, &v.sctp_data_io_event);
  f.flag(am.association, &v.sctp_association_event);
  f.flag(am.address, &v.sctp_address_event);
  f.flag(am.send_failure, &v.sctp_send_failure_event);
  f.flag(am.peer_error, &v.sctp_peer_error_event);
  f.flag(am.shutdown, &v.sctp_shutdown_event);
  f.flag(am.partial_delivery, &v.sctp_partial_delivery_event);
  f.flag(am.adaptation_layer, &v.sctp_adaptation_layer_event);
  f.flag(am.authentication, &v.sctp_authentication_event);
  f.flag(am.sender_dry, &v.sctp_sender_dry_event);
  return set(env, s, o, f, v);
}

}  // namespace

ERL_NIF_TERM set_sctp_option(ErlNifEnv* env, Socket& s, const Option& o, ERL_NIF_TERM value) {
  Fields f(env, value);
  if (o.kind == Kind::SctpEvents) return set_events(env, s, o, f);
  if (o.kind == Kind::SctpAssociation) {
    sctp_assocparams v{};
    f.association(am.assoc_id, &v.sasoc_assoc_id);
    f.number(am.asocmaxrxt, &v.sasoc_asocmaxrxt);
    f.number(am.number_peer_destinations, &v.sasoc_number_peer_destinations);
    f.number(am.peer_rwnd, &v.sasoc_peer_rwnd);
    f.number(am.local_rwnd, &v.sasoc_local_rwnd);
    f.number(am.cookie_life, &v.sasoc_cookie_life);
    return set(env, s, o, f, v);
  }
  sctp_initmsg v{};
  f.number(am.num_outstreams, &v.sinit_num_ostreams);
  f.number(am.max_instreams, &v.sinit_max_instreams);
  f.number(am.max_attempts, &v.sinit_max_attempts);
  f.number(am.max_init_timeo, &v.sinit_max_init_timeo);
  return set(env, s, o, f, v);
}

namespace {

template <class T>
ERL_NIF_TERM get(ErlNifEnv* env, const Socket& s, const Option& o, ERL_NIF_TERM (*encode)(ErlNifEnv*, const T&)) {
  T value{};
  socklen_t size = sizeof value;
  if (getsockopt(s.fd, IPPROTO_SCTP, o.number, &value, &size) != 0) return error_of(env, errno);
  return ok(env, encode(env, value));
}

ERL_NIF_TERM number(ErlNifEnv* env, unsigned n) { return enif_make_uint(env, n); }

}  // namespace

ERL_NIF_TERM get_sctp_option(ErlNifEnv* env, const Socket& s, const Option& o) {
  if (o.kind == Kind::SctpAssociation) {
    return get<sctp_assocparams>(env, s, o, [](ErlNifEnv* e, const sctp_assocparams& v) {
      return make_map(e, {{am.assoc_id, number(e, static_cast<unsigned>(v.sasoc_assoc_id))},
                          {am.asocmaxrxt, number(e, v.sasoc_asocmaxrxt)},
                          {am.number_peer_destinations, number(e, v.sasoc_number_peer_destinations)},
                          {am.peer_rwnd, number(e, v.sasoc_peer_rwnd)},
                          {am.local_rwnd, number(e, v.sasoc_local_rwnd)},
                          {am.cookie_life, number(e, v.sasoc_cookie_life)}});
    });
  }
  return get<sctp_initmsg>(env, s, o, [](ErlNifEnv* e, const sctp_initmsg& v) {
    return make_map(e, {{am.num_outstreams, number(e, v.sinit_num_ostreams)},
                        {am.max_instreams, number(e, v.sinit_max_instreams)},
                        {am.max_attempts, number(e, v.sinit_max_attempts)},
                        {am.max_init_timeo, number(e, v.sinit_max_init_timeo)}});
  });
}

}  // namespace vm::nifs::socket
