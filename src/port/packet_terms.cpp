// SPDX-License-Identifier: Apache-2.0
#include "port/packet_terms.h"

#include <functional>

#include "term/atoms.h"
#include "term/views.h"

namespace vm::port {

namespace {

Term number(int n) { return Term::small(n); }

Term atom_of(std::span<const std::string_view> names, int i) { return term::AtomTable::intern(names[static_cast<std::size_t>(i)]); }

}  // namespace

Term PacketTerms::string(std::string_view s) const {
  // Not every text is a part of the input: the path of a URI without one is not.
  const std::less_equal<const char*> before;
  if (as_binaries_ && bytes_.data() && before(bytes_.data(), s.data()) && before(s.data() + s.size(), bytes_.data() + bytes_.size()))
    return term::make_sub_bits(h_, input_, static_cast<std::size_t>(s.data() - bytes_.data()) * 8, s.size() * 8);
  if (as_binaries_) return term::make_binary(h_, {reinterpret_cast<const Byte*>(s.data()), s.size()});
  term::ListBuilder list(h_);
  for (const char c : s) list.add(Term::small(static_cast<unsigned char>(c)));
  return list.finish();
}

Term PacketTerms::http(const HttpMessage& m) const {
  using term::Tuple;
  switch (m.kind) {
    case HttpMessage::Kind::Request: {
      const Term method = m.known < 0 ? string(m.text) : atom_of(http_methods(), m.known);
      return Tuple::make(h_, atoms::http_request, method, uri(m.uri), Tuple::make(h_, number(m.major), number(m.minor)));
    }
    case HttpMessage::Kind::Response:
      return Tuple::make(h_, atoms::http_response, Tuple::make(h_, number(m.major), number(m.minor)), number(m.status), string(m.text));
    case HttpMessage::Kind::Header: {
      const Term name = m.known < 0 ? string(m.name) : atom_of(http_headers(), m.known);
      return Tuple::make(h_, atoms::http_header, number(m.known + 1), name, string(m.text), string(m.value));
    }
    case HttpMessage::Kind::EndOfHeaders: return atoms::http_eoh;
    case HttpMessage::Kind::Error: return Tuple::make(h_, atoms::http_error, string(m.text));
  }
  return atoms::http_eoh;
}

Term PacketTerms::uri(const HttpUri& u) const {
  using term::Tuple;
  switch (u.kind) {
    case HttpUri::Kind::Star: return atoms::star_;
    case HttpUri::Kind::AbsPath: return Tuple::make(h_, atoms::abs_path, string(u.first));
    case HttpUri::Kind::Scheme: return Tuple::make(h_, atoms::scheme, string(u.first), string(u.second));
    case HttpUri::Kind::String: return string(u.first);
    case HttpUri::Kind::Http:
    case HttpUri::Kind::Https: break;
  }
  const Term scheme = u.kind == HttpUri::Kind::Http ? atoms::http : atoms::https;
  const Term port = u.port == 0 ? Term(atoms::undefined) : number(u.port);
  return Tuple::make(h_, atoms::absoluteURI, scheme, string(u.first), port, string(u.second));
}

Term PacketTerms::ssl(term::HeapWriter& h, Term where, const SslRecord& r, Term data) {
  using term::Tuple;
  const Term version = Tuple::make(h, number(static_cast<int>(r.major)), number(static_cast<int>(r.minor)));
  return Tuple::make(h, atoms::ssl_tls, where, number(static_cast<int>(r.type)), version, data);
}

}  // namespace vm::port
