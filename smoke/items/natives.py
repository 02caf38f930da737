# SPDX-License-Identifier: Apache-2.0
"""Native libraries and applications as Debian ships them: jiffy, bitcask, meck, PropEr, the p1 libraries, crypto's own checks, os_mon."""
from system import Figures, Machine, check

PACKAGES = ["erlang-crypto", "erlang-os-mon"]
UNPACKED = ["erlang-jiffy", "erlang-bitcask", "erlang-meck", "erlang-proper", "erlang-p1-utils", "erlang-p1-xml", "erlang-p1-yaml",
            "erlang-p1-stringprep", "erlang-p1-tls", "erlang-p1-zlib", "erlang-p1-cache-tab"]
PROGRAM = """
-module(natives).
-export([main/0]).
main() ->
    #{<<"a">> := [1, 2.5, null, <<"x">>]} = jiffy:decode(<<"{\\"a\\":[1,2.5,null,\\"x\\"]}">>, [return_maps]),
    <<"{\\"b\\":[true,2.5]}">> = iolist_to_binary(jiffy:encode(#{b => [true, 2.5]})),
    {'EXIT', _} = (catch jiffy:decode(<<"{]">>)),
    B = bitcask:open("bitcask", [read_write]),
    [ok = bitcask:put(B, <<I:32>>, <<0:800, I:32>>) || I <- lists:seq(1, 2000)],
    {ok, <<0:800, 77:32>>} = bitcask:get(B, <<77:32>>),
    ok = bitcask:merge("bitcask"),
    ok = bitcask:close(B),
    {ok, _} = application:ensure_all_started(p1_utils),
    {xmlel, <<"a">>, [{<<"x">>, <<"1">>}], [{xmlel, <<"b">>, [], [{xmlcdata, <<"t">>}]}]} = fxml_stream:parse_element(<<"<a x='1'><b>t</b></a>">>),
    {ok, [[{<<"a">>, 1}, {<<"b">>, [<<"x">>, <<"y">>]}]]} = fast_yaml:decode(<<"a: 1\\nb: [x, y]\\n">>),
    ok = stringprep:start(),
    <<"abc">> = stringprep:tolower(<<"ABC">>),
    meck:new(string, [unstick, passthrough]),
    meck:expect(string, strip, fun(_) -> mocked end),
    mocked = string:strip("a"),
    1 = meck:num_calls(string, strip, '_'),
    meck:unload(string),
    true = proper:quickcheck(proper:forall(proper_types:list(proper_types:integer()), fun(L) -> lists:reverse(lists:reverse(L)) =:= L end), [quiet]),
    crypto(),
    {ok, _} = application:ensure_all_started(os_mon),
    {Total, Used, _} = memsup:get_memory_data(),
    true = Total > Used,
    true = is_list(disksup:get_disk_data()),
    true = cpu_sup:nprocs() > 0,
    ok = application:stop(os_mon),
    io:format("all right~n"),
    receive after infinity -> ok end.
crypto() ->
    {ok, _} = application:ensure_all_started(crypto),
    <<16#BA, 16#78, 16#16, _/binary>> = crypto:hash(sha256, <<"abc">>),
    K = crypto:hash(sha256, "k"),
    N = binary:part(crypto:hash(md5, "n"), 0, 12),
    {C, T} = crypto:crypto_one_time_aead(aes_256_gcm, K, N, <<"hello">>, <<"more">>, true),
    <<"hello">> = crypto:crypto_one_time_aead(aes_256_gcm, K, N, C, <<"more">>, T, false),
    {P, S} = crypto:generate_key(rsa, {2048, 65537}),
    true = crypto:verify(rsa, sha256, <<"m">>, crypto:sign(rsa, sha256, <<"m">>, S), P),
    {X, Y} = crypto:generate_key(ecdh, x25519),
    {X2, Y2} = crypto:generate_key(ecdh, x25519),
    true = crypto:compute_key(ecdh, X2, Y, x25519) =:= crypto:compute_key(ecdh, X, Y2, x25519).
"""


def run(machine: Machine) -> Figures:
    machine.compile("natives", PROGRAM)
    libraries = machine.packages / "usr/lib"
    machine.environment["ERL_LIBS"] = f"{libraries}/erlang/lib:{libraries}/x86_64-linux-gnu/erlang/lib"
    machine.start("-noshell", "-s", "natives", "main", text="all right", seconds=90)
    check("error" not in machine.output().lower().replace("error_logger", ""), machine.output_tail())
    return machine.figures()
