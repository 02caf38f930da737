%% SPDX-License-Identifier: Apache-2.0
%% Native functions: a library built for the test (support/nif_t.c), the errors of load_nif/2, and the natives of the emulator itself.
-module(nif_t).
-export([test_library/0, test_unload/0, test_declared/0, test_traced/0, test_files/0, test_file_owner/0, test_buffer/0, test_zlib/0, test_crypto/0]).
-export([describe/1, pairs/1, elements/1, raise_it/1, make/1, get/1, counts/0, thread/0, sum/2, on_normal/0, on_cpu/0, on_io/0,
         select_pipe/0, select_stop/1, select_error/0, keys/0, outlive/1, spend/1, tell/2]).

describe(_) -> not_loaded().
pairs(_) -> not_loaded().
elements(_) -> not_loaded().
raise_it(_) -> not_loaded().
make(_) -> not_loaded().
get(_) -> not_loaded().
counts() -> not_loaded().
thread() -> not_loaded().
sum(_, _) -> not_loaded().
on_normal() -> not_loaded().
on_cpu() -> not_loaded().
on_io() -> not_loaded().
select_pipe() -> not_loaded().
select_stop(_) -> not_loaded().
select_error() -> not_loaded().
keys() -> not_loaded().
outlive(_) -> not_loaded().
spend(_) -> not_loaded().
tell(_, _) -> not_loaded().
not_loaded() -> erlang:nif_error(not_loaded).

directory() ->
    Dir = filename:join(os:getenv("TMPDIR", "/tmp"), "girder_nif_t_" ++ os:getpid()),
    _ = file:make_dir(Dir),
    Dir.

clean(Dir) -> _ = os:cmd("rm -rf '" ++ Dir ++ "'"), ok.

%% Without a compiler or the header there is nothing to test.
%% Native code that goes on when its process has ended speaks for nobody.
outlived() ->
    Me = self(),
    {P, M} = spawn_monitor(fun() -> outlive(Me) end),
    receive waiting -> ok end,
    exit(P, kill),
    receive {'DOWN', M, process, P, killed} -> ok end,
    {0, 0, 0} = receive Found when Found =/= waiting -> Found end.

test_library() ->
    load_errors(),
    Include = filename:join([code:root_dir(), "usr", "include"]),
    case os:find_executable("cc") =/= false andalso filelib:is_file(filename:join(Include, "erl_nif.h")) of
        true -> library(Include);
        false -> ok
    end.

make_library(Include, Dir, Name) ->
    Source = filename:join([filename:dirname(proplists:get_value(source, module_info(compile))), "support", Name ++ ".c"]),
    "" = os:cmd(lists:concat(["cc -w -shared -fPIC -I'", Include, "' -o '", Dir, "/", Name, ".so' '", Source, "'"])).

%% A library ends when the code that loaded it is purged, not before, and once.
test_unload() ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    case os:find_executable("cc") =/= false andalso filelib:is_file(filename:join(Include, "erl_nif.h")) of
        true -> unload(Include);
        false -> ok
    end.

unload(Include) ->
    Dir = directory(),
    make_library(Include, Dir, "nif_unload_t"),
    Mark = filename:join(Dir, "unloaded"),
    Forms = [{attribute, 1, module, nif_unloaded}, {attribute, 1, export, [{load, 2}, {value, 0}]},
             {function, 1, load, 2, [{clause, 1, [{var, 1, 'P'}, {var, 1, 'I'}], [], [{call, 1, {remote, 1, {atom, 1, erlang}, {atom, 1, load_nif}}, [{var, 1, 'P'}, {var, 1, 'I'}]}]}]},
             {function, 1, value, 0, [{clause, 1, [], [], [{call, 1, {remote, 1, {atom, 1, erlang}, {atom, 1, nif_error}}, [{atom, 1, not_loaded}]}]}]}],
    {ok, nif_unloaded, Beam} = compile:forms(Forms, [deterministic]),
    {module, nif_unloaded} = code:load_binary(nif_unloaded, "", Beam),
    M = nif_unloaded,
    {'EXIT', {not_loaded, _}} = catch M:value(),
    ok = M:load(filename:join(Dir, "nif_unload_t"), Mark),
    7 = M:value(),
    F = fun M:value/0,
    {module, nif_unloaded} = code:load_binary(nif_unloaded, "", Beam),
    {'EXIT', {not_loaded, _}} = catch F(),
    {error, enoent} = file:read_file(Mark),
    false = code:purge(nif_unloaded),
    {ok, <<"unloaded\n">>} = file:read_file(Mark),
    {ok, Maps} = file:read_file("/proc/self/maps"),
    nomatch = binary:match(Maps, <<"nif_unload_t.so">>),
    true = code:delete(nif_unloaded),
    false = code:purge(nif_unloaded),
    {ok, <<"unloaded\n">>} = file:read_file(Mark),
    clean(Dir).

%% A small module on the library of test_unload.
small_module(Attributes) ->
    Call = fun(F, Args) -> {call, 1, {remote, 1, {atom, 1, erlang}, {atom, 1, F}}, Args} end,
    Forms = [{attribute, 1, module, nif_unloaded}, {attribute, 1, export, [{load, 2}, {value, 0}]}] ++ Attributes ++
            [{function, 1, load, 2, [{clause, 1, [{var, 1, 'P'}, {var, 1, 'I'}], [], [Call(load_nif, [{var, 1, 'P'}, {var, 1, 'I'}])]}]},
             {function, 1, value, 0, [{clause, 1, [], [], [{atom, 1, erlang}]}]}],
    {ok, M, Beam} = compile:forms(Forms, [deterministic]),
    {module, M} = code:load_binary(M, "", Beam),
    M.

with_small_library(Test) ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    case os:find_executable("cc") =/= false andalso filelib:is_file(filename:join(Include, "erl_nif.h")) of
        true ->
            Dir = filename:join(os:getenv("TMPDIR", "/tmp"), "girder_small_nif_t_" ++ os:getpid() ++ integer_to_list(erlang:unique_integer([positive]))),
            ok = file:make_dir(Dir),
            make_library(Include, Dir, "nif_unload_t"),
            try Test(filename:join(Dir, "nif_unload_t"), filename:join(Dir, "unloaded")) after
                code:purge(nif_unloaded), code:delete(nif_unloaded), code:purge(nif_unloaded), clean(Dir)
            end;
        false -> ok
    end.

%% Where a module says what may be native, nothing else is.
test_declared() -> with_small_library(fun(Path, Mark) ->
    M = small_module([{attribute, 1, nifs, [{load, 2}]}]),
    {error, {bad_lib, "Function not declared as nif nif_unloaded:value/0"}} = M:load(Path, Mark),
    erlang = M:value(),
    small_module([{attribute, 1, nifs, [{load, 2}]}, {attribute, 1, nifs, [{value, 0}]}]),
    code:purge(M),
    ok = M:load(Path, Mark),
    7 = M:value()
end).

%% What is traced when native code takes its place stays traced.
test_traced() -> with_small_library(fun(Path, Mark) ->
    [begin
         M = small_module([]),
         code:purge(M),
         file:delete(Mark),
         1 = erlang:trace_pattern({M, value, 0}, true, Flags),
         1 = erlang:trace(self(), true, [call, {tracer, Tracer}]),
         erlang = M:value(),
         ok = M:load(Path, Mark),
         7 = M:value(),
         7 = apply(M, value, []),
         1 = erlang:trace(self(), false, [call]),
         Tracer ! {calls, self()},
         receive {calls, 3} -> ok end
     end || Flags <- [[local], [global]], Tracer <- [spawn_link(fun() -> count_calls(0) end)]]
end).

count_calls(N) ->
    receive
        {trace, _, call, {nif_unloaded, value, []}} -> count_calls(N + 1);
        {calls, Whom} -> Whom ! {calls, N}
    end.

library(Include) ->
    Dir = directory(),
    make_library(Include, Dir, "nif_t"),
    ok = erlang:load_nif(filename:join(Dir, "nif_t"), 0),
    {error, {reload, "NIF library already loaded (reload disallowed since OTP 20)."}} = erlang:load_nif(filename:join(Dir, "nif_t"), 0),
    clean(Dir),
    terms(),
    resources(),
    calls(),
    slices(),
    told(),
    ok.

%% What tracing tells of a process that runs the fun.
traced(Flags, F) ->
    P = spawn(fun() -> receive go -> F() end end),
    1 = erlang:trace(P, true, Flags),
    M = monitor(process, P),
    P ! go,
    receive {'DOWN', M, process, P, normal} -> ok end,
    Ref = erlang:trace_delivered(P),
    receive {trace_delivered, P, Ref} -> ok end,
    traces(P).

traces(P) ->
    receive T when element(1, T) =:= trace, element(2, T) =:= P -> [list_to_tuple(tl(tl(tuple_to_list(T)))) | traces(P)]
    after 0 -> [] end.

%% A process that a native function left without reductions stops in front of the next.
slices() ->
    {P, M} = spawn_monitor(fun() -> exit(spend(1)) end),
    receive
        {'DOWN', M, process, P, 0} -> whole_slices();
        {'DOWN', M, process, P, 1} -> ok  % slices are of one reduction
    end.

whole_slices() ->
    Here = {?MODULE, spend, 1},
    Own = traced([running], fun() -> [0, 1, 0] = [spend(60), spend(60), spend(60)] end),
    [{out, Here}, {in, Here}] = [T || T <- Own, element(2, T) =:= Here].

%% Between coming onto a dirty scheduler and leaving it.
told() ->
    Me = self(),
    Events = traced([running, send], fun() -> 1 = tell(Me, hello) end),
    receive hello -> ok end,
    [in, send, out] = [element(1, T) || T <- around(Events)].

around([A, B, C | _]) when element(1, B) =:= send -> [A, B, C];
around([_ | Events]) -> around(Events).

terms() ->
    {5, {long, 0}, "0|ab  |007"} = describe(0),
    {5, {long, -9223372036854775808}, _} = describe(-(1 bsl 63)),
    {5, {ulong, 18446744073709551615}, _} = describe((1 bsl 64) - 1),
    {5, {other, 18446744073709551616}, _} = describe(1 bsl 64),
    {3, {double, 1.5}, _} = describe(1.5),
    {1, {other, a}, "a|ab  |007"} = describe(a),
    {6, {bytes, <<"abcx">>}, _} = describe([<<"ab">>, ["c", $x]]),
    {6, {bytes, <<>>}, "[]" ++ _} = describe([]),
    {6, {other, [1 | 2]}, _} = describe([1 | 2]),
    {2, {other, <<1:3>>}, _} = describe(<<1:3>>),
    <<_:3, Rest/bits>> = <<0:3, "unaligned">>,
    {2, {bytes, <<"unaligned">>}, _} = describe(Rest),
    {11, {other, {0, a}}, "{0,a}|ab  |007"} = describe({0, a}),
    {[ok, 0, [0], 1.5], 1} = elements({ok, 0, [0], 1.5}),
    {[1, 2], 0} = elements({1, 2}),
    {[], 0} = elements({}),
    {'EXIT', {badarg, [{?MODULE, elements, [x], _} | _]}} = (catch elements(x)),
    {'EXIT', {{some, 0}, [{?MODULE, raise_it, [{some, 0}], _} | _]}} = (catch raise_it({some, 0})),
    [{a, 1}, {b, 0}] = pairs(#{b => 0, a => 1}),
    Large = maps:from_list([{I, I * I} || I <- lists:seq(0, 99)]),
    true = lists:sort(pairs(Large)) =:= lists:sort(maps:to_list(Large)),
    [] = pairs(#{}),
    ok.

resources() ->
    {Resource, Binary, 0} = make(self()),
    true = is_reference(Resource),
    <<"static bytes">> = Binary,
    17 = ?MODULE:get(Resource),
    17 = ?MODULE:get(Binary),
    {'EXIT', {badarg, _}} = (catch ?MODULE:get(make_ref())),
    {Pid, Monitor} = spawn_monitor(fun() -> receive stop -> ok end end),
    {Watching, _, 0} = make(Pid),
    {monitored_by, Watchers} = process_info(Pid, monitored_by),
    [Watching] = Watchers -- [self()],
    Pid ! stop,
    receive {'DOWN', Monitor, _, _, _} -> ok end,
    ok = wait(fun() -> element(1, counts()) =:= 1 end),
    17 = ?MODULE:get(Watching),
    {_, _, 1} = make(Pid),
    {_, Before, 42} = counts(),
    {_, M} = spawn_monitor(fun() -> make(x) end),
    receive {'DOWN', M, _, _, _} -> ok end,
    ok = wait(fun() -> element(2, counts()) > Before end).

wait(Condition) -> wait(Condition, 100).
wait(Condition, N) when N > 0 ->
    case Condition() of
        true -> ok;
        false -> timer:sleep(10), wait(Condition, N - 1)
    end.

calls() ->
    ok = thread(),
    [0, 1, 2] = [receive {from_thread, I} -> I end || _ <- [1, 2, 3]],
    5050 = sum(100, 0),
    %% Whichever of its calls fails, it is the one that Erlang made.
    [{badarg, [{?MODULE, sum, [N, M], _}, {?MODULE, _, _, _} | _]} = try sum(N, M) catch error:R:Stack -> {R, Stack} end
     || {N, M} <- [{0, 1000001}, {1, 1000000}, {2, 1000000}, {3, 1000000}, {7, 999990}]],
    {1, 2, 3} = {on_normal(), on_cpu(), on_io()},
    outlived(),
    {Pipe, Ref, 0} = select_pipe(),
    receive {select, Pipe, Ref, ready_input} -> ok after 5000 -> error(no_message) end,
    1 = select_stop(Pipe),
    {Broken, BrokenRef, 0} = select_error(),
    receive {select, Broken, BrokenRef, ready_error} -> ok after 5000 -> error(no_message) end,
    1 = select_stop(Broken),
    1 = keys(),
    true = lists:member(?MODULE, erlang:system_info(taints)),
    19 = length(?MODULE:module_info(nifs)),
    ok.

load_errors() ->
    {error, {load_failed, "Failed to load NIF library: '/nonexistent/lib.so: cannot open shared object file: " ++ _}} =
        erlang:load_nif("/nonexistent/lib", 0),
    {error, {bad_lib, "load_nif/2 must be explicitly called" ++ _}} = apply(erlang, load_nif, list_to_tuple_and_back(["/nonexistent/lib", 0])),
    ok.

%% Keeps the compiler from making a call of the apply.
list_to_tuple_and_back(L) -> tuple_to_list(list_to_tuple(L)).

test_files() ->
    Dir = directory(),
    Name = filename:join(Dir, "x"),
    {error, eexist} = file:make_dir(Dir),
    {error, enoent} = file:read_file(Name),
    {error, eisdir} = file:read_file(Dir),
    {error, badarg} = file:read_file("a\0b"),
    {ok, F} = file:open(Name, [read, write, raw, binary]),
    ok = file:write(F, [integer_to_binary(I) || I <- lists:seq(1, 1000)]),
    {ok, 2893} = file:position(F, cur),
    ok = file:pwrite(F, 3000, "xyz"),
    {ok, [<<"123">>, <<0, $x>>, eof]} = file:pread(F, [{0, 3}, {2999, 2}, {4000, 1}]),
    {ok, 3001} = file:position(F, {eof, -2}),
    ok = file:truncate(F),
    ok = file:sync(F),
    {error, einval} = file:position(F, {bof, -1}),
    ok = file:close(F),
    {error, einval} = file:close(F),
    3001 = filelib:file_size(Name),
    {error, eexist} = file:open(Name, [exclusive, raw]),
    ok = file:make_symlink(Name, Name ++ "s"),
    {ok, Name} = file:read_link(Name ++ "s"),
    {error, eperm} = file:delete(Dir),
    {error, eexist} = file:del_dir(Dir),
    ok = file:write_file(filename:join(Dir, [1076, 1077]), "u"),
    ["x", "xs", [1076, 1077]] = lists:sort(element(2, file:list_dir(Dir))),
    clean(Dir).

%% A file is closed when the process that opened it ends.
test_file_owner() ->
    Dir = directory(),
    Name = filename:join(Dir, "owned"),
    Self = self(),
    {Pid, M} = spawn_monitor(fun() -> Self ! {file, file:open(Name, [write, raw])}, receive stop -> ok end end),
    {file, {ok, F}} = receive {file, _} = T -> T end,
    {'EXIT', {not_on_controlling_process, _}} = (catch file:write(F, "x")),
    Open = fun() -> string:find(os:cmd("ls -l /proc/" ++ os:getpid() ++ "/fd"), Name) =/= nomatch end,
    true = Open() orelse not filelib:is_dir("/proc/self/fd"),
    Pid ! stop,
    receive {'DOWN', M, _, _, _} -> ok end,
    ok = wait(fun() -> not Open() end),
    clean(Dir).

test_buffer() ->
    B = prim_buffer:new(),
    ok = prim_buffer:write(B, [<<"abc">>]),
    ok = prim_buffer:write(B, lists:duplicate(200, <<"0123456789">>)),
    2003 = prim_buffer:size(B),
    <<"abc01">> = prim_buffer:read(B, 5),
    {ok, 7} = prim_buffer:find_byte_index(B, $9),
    not_found = prim_buffer:find_byte_index(B, $z),
    ok = prim_buffer:skip(B, 1000),
    998 = prim_buffer:size(B),
    [acquired, busy] = [prim_buffer:try_lock(B), prim_buffer:try_lock(B)],
    ok = prim_buffer:unlock(B),
    {'EXIT', {lock_order_violation, _}} = (catch prim_buffer:unlock(B)),
    {'EXIT', {badarg, _}} = (catch prim_buffer:skip(B, 100000)),
    ok.

test_zlib() ->
    Data = list_to_binary([integer_to_binary(I rem 77) || I <- lists:seq(1, girder_size:scaled(100000))]),
    Data = zlib:uncompress(zlib:compress(Data)),
    Data = zlib:gunzip(zlib:gzip(Data)),
    Data = zlib:unzip(zlib:zip(Data)),
    {'EXIT', {data_error, _}} = (catch zlib:uncompress(<<"garbage">>)),
    Z = zlib:open(),
    ok = zlib:inflateInit(Z, 31, reset),
    true = 2 * byte_size(Data) =:= iolist_size(zlib:inflate(Z, [zlib:gzip(Data), zlib:gzip(Data)])),
    {'EXIT', {already_initialized, _}} = (catch zlib:inflateInit(Z)),
    ok = zlib:close(Z),
    {'EXIT', {not_initialized, _}} = (catch zlib:close(Z)),
    ok.

%% An installed library; left out where there is none.
test_crypto() ->
    case code:ensure_loaded(crypto) of
        {module, crypto} ->
            <<16#ba7816bf:32, _/binary>> = crypto:hash(sha256, "abc"),
            20 = byte_size(crypto:strong_rand_bytes(20)),
            true = lists:member(aes_256_gcm, crypto:supports(ciphers)),
            {Public, Private} = crypto:generate_key(ecdh, secp256r1),
            Signature = crypto:sign(ecdsa, sha256, "message", [Private, secp256r1]),
            true = crypto:verify(ecdsa, sha256, "message", Signature, [Public, secp256r1]),
            {'EXIT', {{badarg, {"hash.c", _}, "Bad digest type"}, _}} = (catch crypto:hash(none, "abc")),
            ok;
        {error, _} -> ok
    end.
