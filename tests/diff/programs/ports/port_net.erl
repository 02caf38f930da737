%% SPDX-License-Identifier: Apache-2.0
%% The module net, and a sweep of bad arguments over the exports of prim_net and prim_socket, which reach their natives unchecked.
-module(port_net).
-export([cases/0]).

cases() ->
    [{{F, A}, fun() -> catching(fun() -> apply(net, F, A) end) end}
     || {F, As} <- [{gethostname, [[]]}, {if_names, [[]]}, {if_name2index, [["lo"], ["nosuch"], [""], [lo], [[$l, 0, $o]], ["a name that is far too long"]]},
                    {if_index2name, [[1], [9999], [-1], [x], [1 bsl 40]]},
                    {getaddrinfo, [["localhost"], [undefined], [x], ["no.such.host.invalid"], [""], [[300]], [undefined, "http"], ["localhost", "http"],
                                   ["localhost", "nosuchservice"], ["127.0.0.1", "80"], ["::1", undefined], ["localhost", x]]},
                    {getnameinfo, [[inet()], [inet(), undefined], [inet(), [numerichost, numericserv]], [inet(), [dgram, nofqdn]], [inet(), [namereqd]], [inet(), [idn]],
                                   [inet(), [x]], [inet(), x], [inet(), [numerichost | x]], [#{family => inet6, addr => loopback, port => 22}],
                                   [#{family => local, path => "/x"}], [#{family => 99, addr => <<>>}], [x], [#{}], [#{family => inet, nonsense => 1}],
                                   [#{family => inet, addr => x}], [#{family => inet, addr => {192, 0, 2, 77}, port => 65535}, [namereqd]]]},
                    {getifaddrs, [[], [all], [inet], [inet6], [packet], [hwaddr], [default], [x], [#{family => inet}], [#{family => any, flags => any}], [#{netns => "/no/such"}],
                                  [#{netns => x}], [default, "/no/such"], [loopback, x]]},
                    {info, [[]]}, {command, [[{debug, true}], [{debug, x}], [{debug}], [x], [{debug, false}]]}],
        A <- As] ++
    [{{prim_net, F, length(A), N}, fun() -> catching(fun() -> apply(prim_net, F, A) end) end}
     || {F, Good} <- net_calls(), {N, A} <- [{good, Good} | spoilt(Good)]] ++
    [{{prim_socket, F, length(Good), N}, fun() -> with_socket(F, Good, N) end} || {F, Good} <- socket_calls(), N <- [good | [W || {W, _} <- spoilt(Good)]]].

inet() -> #{family => inet, addr => {127, 0, 0, 1}, port => 80}.

catching(F) ->
    try plain(F()) catch C:R:T -> {M, Fun, A, _} = hd(T), {C, plain(R), M, Fun, if is_list(A) -> length(A); true -> A end} end.
plain(R) when is_reference(R) -> ref;
plain(P) when is_pid(P) -> pid;
plain(#{port := P} = M) when P > 1023 -> M#{port := port};
plain(M) when is_map(M) -> maps:map(fun(_, V) -> plain(V) end, M);
plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain([H | T]) -> [plain(H) | plain(T)];
plain(X) -> X.

%% The same call with one argument that is nothing the native could take, named by the position and the argument.
spoilt(Good) ->
    [{{P, B}, lists:sublist(Good, P - 1) ++ [B] ++ lists:nthtail(P, Good)} || P <- lists:seq(1, length(Good)), B <- bad()].
bad() -> [x, -1, 1 bsl 31, 1 bsl 64, 1.5, "", "ab", [<<"c">>, $d], [x], {}, #{}, <<>>, <<1:3>>, zero].

net_calls() ->
    [{getaddrinfo, ["127.0.0.1", undefined]}, {getnameinfo, [inet(), []]}, {getifaddrs, [#{}]}, {if_name2index, ["lo"]}, {if_index2name, [1]}, {command, [{debug, false}]},
     {get_adapters_addresses, [default]}, {get_if_entry, [#{index => 1}]}, {get_interface_info, [#{}]}, {get_ip_address_table, [#{}]}].

socket_calls() ->
    [{info, [socket]}, {supports, [options]}, {supports, [options, ip]}, {is_supported, [sctp]}, {is_supported, [options, {ip, tos}]}, {open, [99999, #{}]},
     {open, [inet, stream, tcp, #{}]}, {bind, [socket, inet0()]}, {bind, [socket, [inet0()], add]}, {connect, [socket]}, {connect, [socket, ref, #{family => 77, addr => <<>>}]},
     {listen, [socket, 5]}, {accept, [socket, ref]}, {send, [socket, <<"x">>, [], ref]}, {send, [socket, <<"x">>, 0, ref]}, {sendto, [socket, <<"x">>, inet0(), [], ref]},
     {sendto, [socket, <<"x">>, {inet0(), inet0(), 0}, ref]}, {sendmsg, [socket, #{}, [], ref, [<<"x">>]]}, {sendmsg, [socket, [<<"x">>], {#{}, #{}, 0}, ref]},
     {sendfile, [socket, 0, 1, ref]}, {sendfile, [socket, ref, 0, 1, ref]}, {sendfile_deferred_close, [socket]}, {recv, [socket, 0, [], zero]}, {recvfrom, [socket, 0, [], zero]},
     {recvmsg, [socket, 0, 0, [], zero]}, {close, [socket]}, {finalize_close, [socket]}, {shutdown, [socket, read]}, {setopt, [socket, {socket, reuseaddr}, true]},
     {setopt, [socket, {otp, rcvbuf}, 1]}, {setopt_native, [socket, {1, 2}, 1]}, {getopt, [socket, {socket, type}]}, {getopt, [socket, {otp, meta}]},
     {getopt_native, [socket, {1, 2}, integer]}, {sockname, [socket]}, {peername, [socket]}, {ioctl, [socket, gifconf]}, {ioctl, [socket, gifmtu, "lo"]},
     {ioctl, [socket, sifmtu, "nosuch", 1]}, {cancel, [socket, recv, ref]}, {cancel, [socket, accept, ref]}, {cancel, [socket, connect, ref]}, {cancel, [socket, send, ref]},
     {enc_sockaddr, [inet0()]}, {p_get, [msg_flags]}, {debug, [false]}, {socket_debug, [false]}, {use_registry, [true]}].
inet0() -> #{family => inet, addr => loopback, port => 0}.

with_socket(F, Good, Which) ->
    {ok, S} = prim_socket:open(inet, stream, tcp, #{}),
    Args = case Which of good -> Good; {P, B} -> lists:sublist(Good, P - 1) ++ [B] ++ lists:nthtail(P, Good) end,
    R = catching(fun() -> sorted(F, apply(prim_socket, F, [case A of socket -> S; ref -> make_ref(); _ -> A end || A <- Args])) end),
    case prim_socket:close(S) of ok -> prim_socket:finalize_close(S); _ -> ok end,
    R.
%% The order of what comes out of a map is no promise.
sorted(F, L) when is_list(L), F =:= supports -> lists:sort(L);
sorted(_, X) -> X.
