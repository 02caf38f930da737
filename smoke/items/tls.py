# SPDX-License-Identifier: Apache-2.0
"""Module ssl: 100 MB through TLS 1.3 to `openssl s_client`, and back."""
import subprocess
import time
import zlib

from system import Figures, Machine, check, client, free_port

PACKAGES = ["openssl", "erlang-ssl"]
SIZE = 100_000_000
SERVER = """
-module(tls_server).
-export([start/0]).
start() ->
    {ok, _} = application:ensure_all_started(ssl),
    Port = list_to_integer(os:getenv("TLS_PORT")),
    {ok, L} = ssl:listen(Port, [{certfile, "cert.pem"}, {keyfile, "key.pem"}, {versions, ['tlsv1.3']}, {reuseaddr, true}, {ip, {127, 0, 0, 1}},
                                binary, {active, false}]),
    io:format("ready~n"),
    accept(L).
accept(L) ->
    {ok, T} = ssl:transport_accept(L),
    {ok, S} = ssl:handshake(T),
    {ok, <<Command, Size:32>>} = ssl:recv(S, 5),
    case Command of
        $g -> give(S, Size);
        $t -> take(S, Size, 0)
    end,
    ssl:close(S),
    accept(L).
give(_, 0) -> ok;
give(S, Left) ->
    N = min(Left, 65536),
    ok = ssl:send(S, binary:copy(<<(128 + Left rem 101)>>, N)),
    give(S, Left - N).
take(S, 0, Sum) -> ok = ssl:send(S, integer_to_list(Sum));
take(S, Left, Sum) ->
    {ok, B} = ssl:recv(S, 0),
    take(S, Left - byte_size(B), erlang:crc32(Sum, B)).
"""


def expected() -> bytes:
    parts, left = [], SIZE
    while left:
        n = min(left, 65536)
        parts.append(bytes([128 + left % 101]) * n)
        left -= n
    return b"".join(parts)


def session(port: int, request: bytes) -> bytes:
    """What the server answers until it closes."""
    peer = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3", "-quiet", "-no_ign_eof"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    peer.stdin.write(request)
    peer.stdin.flush()
    answer = peer.stdout.read()
    peer.stdin.close()
    peer.wait(10)
    return answer


def run(machine: Machine) -> Figures:
    port = free_port()
    client("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30", "-subj", "/CN=localhost",
           cwd=machine.folder)
    machine.compile("tls_server", SERVER)
    machine.environment["TLS_PORT"] = str(port)
    machine.start("-noshell", "-s", "tls_server", "start", text="ready")
    content = expected()
    began = time.monotonic()
    check(session(port, b"g" + SIZE.to_bytes(4, "big")) == content, "what the server sent")
    down = time.monotonic() - began
    began = time.monotonic()
    # What s_client reads at once and begins with Q, R or K would be a command to it: none of these bytes is sent.
    check(session(port, b"t" + SIZE.to_bytes(4, "big") + content) == str(zlib.crc32(content)).encode(), "what the server took")
    up = time.monotonic() - began
    return machine.figures(f"out {SIZE / down / 1e6:.0f} MB/s, in {SIZE / up / 1e6:.0f} MB/s")
