// SPDX-License-Identifier: Apache-2.0
//
// Socket addresses between the bytes of prim_inet, the system's structures and terms. Pure functions on bytes; any thread.
//
// In bytes an address is its family (inet::Family) and then: port (2), address (4) for IPv4; port (2), address (16), flow information (4) and
// scope (4, both only in requests) for IPv6; length (1), path for local sockets; port (2) alone for `any` and `loopback`.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "term/heap_writer.h"
#include "term/term.h"

namespace vm::port::inet {

class WireReader;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Reads an address for a socket of the family `domain` (AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC takes any). Answers null, or the error's name.
const char* read_address(WireReader& in, int domain, Address* out);
// Appends an address as answers carry it.
void put_address(std::string& to, const Address& address);
// The same without port: only family and address, as interfaces have them.
void put_host(std::string& to, const Address& address);
std::uint16_t port_number(const Address& address);
// {Host, Port} as messages of datagram sockets carry them, in two terms: {A,B,C,D} and a number, or {local, Path} and 0.
struct AddressTerms {
  Term host, port;
};
AddressTerms address_terms(term::HeapWriter& h, const Address& address);

}  // namespace vm::port::inet
