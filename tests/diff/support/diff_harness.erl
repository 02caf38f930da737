%% SPDX-License-Identifier: Apache-2.0
%%
%% Runs the cases of differential programs and prints one normalised line for each.
%%
%% The same .beam files run on two emulators and the lines are compared by run.py. The harness leans
%% on as little as possible, so that it works on an emulator that can do little: its own term printer,
%% no io_lib, no timers but `receive ... after`. Lines go to standard error through
%% erlang:display_string/1 because that is written at once and survives a crash right after.
%%
%% A program exports cases/0, a list of {Name, fun(() -> term())}, or main/0. Each case runs in a process
%% of its own, with a group leader that records output. Protocol, fields parted by tabs:
%%   @@B                         the emulator reached the harness
%%   @@M Module Count            a module was loaded
%%   @@S Module Index Name       a case begins
%%   @@R Module Index Name Text  its result
%%   @@L Module Text             the module could not be loaded or gave no cases
%%   @@E                         all done
-module(diff_harness).
-export([start/1, format/1]).

%% start([Options, Spec...]): Options is "inline", "process" or "bare" with an optional time limit in
%% milliseconds after a colon; a Spec is "module" or "module:first_index".
start([Options | Specs]) ->
    {Mode, Limit} = options(Options),
    say("@@B\n"),
    modules(Specs, Mode, Limit),
    say("@@E\n"),
    halt(0).

options(Options) ->
    case split(Options, $:, []) of
        {Mode, []} -> {list_to_atom(Mode), 10000};
        {Mode, Limit} -> {list_to_atom(Mode), list_to_integer(Limit)}
    end.

split([C | T], C, Acc) -> {rev(Acc), T};
split([H | T], C, Acc) -> split(T, C, [H | Acc]);
split([], _, Acc) -> {rev(Acc), []}.

modules([], _, _) -> ok;
modules([Spec | Specs], Mode, Limit) ->
    {Name, From} = split(Spec, $:, []),
    First = case From of [] -> 1; _ -> list_to_integer(From) end,
    module(Name, First, Mode, Limit),
    modules(Specs, Mode, Limit).

module(Name, First, Mode, Limit) ->
    Module = list_to_atom(Name),
    case load(Mode, Module, Name) of
        {ok, Cases} ->
            say(["@@M\t", Name, "\t", integer_to_list(count(Cases, 0)), "\n"]),
            cases(Cases, 1, First, Name, Mode, Limit);
        {error, Why} ->
            say(["@@L\t", Name, "\t", format(Why), "\n"])
    end.

count([_ | T], N) -> count(T, N + 1);
count([], N) -> N.

load(Mode, Module, Name) ->
    try
        case Mode of
            bare -> {module, Module} = bare_load(Module, Name);
            _ -> {module, Module} = ensure(Module)
        end,
        case erlang:function_exported(Module, cases, 0) of
            true -> {ok, Module:cases()};
            false -> {ok, [{main, fun Module:main/0}]}
        end
    catch
        Class:Reason:Stack -> {error, {Class, Reason, Stack}}
    end.

ensure(Module) ->
    case erlang:module_loaded(Module) of
        true -> {module, Module};
        false -> code:load_file(Module)
    end.

bare_load(Module, Name) ->
    case erlang:module_loaded(Module) of
        true -> {module, Module};
        false ->
            {ok, [[Dir]]} = init:get_argument(diff_dir),
            {ok, Bin, _} = erl_prim_loader:get_file(Dir ++ "/" ++ Name ++ ".beam"),
            erlang:load_module(Module, Bin)
    end.

cases([], _, _, _, _, _) -> ok;
cases([_ | Cases], N, First, Name, Mode, Limit) when N < First ->
    cases(Cases, N + 1, First, Name, Mode, Limit);
cases([{Case, Fun} | Cases], N, First, Name, Mode, Limit) ->
    Label = ["\t", Name, "\t", integer_to_list(N), "\t", format(Case)],
    say(["@@S", Label, "\n"]),
    Text = case Mode of
               inline -> inline(Fun);
               _ -> process(Fun, Limit)
           end,
    say(["@@R", Label, "\t", Text, "\n"]),
    cases(Cases, N + 1, First, Name, Mode, Limit).

%% Runs a case in the calling process: for an emulator without working processes.
inline(Fun) ->
    format(run(Fun)).

%% Runs a case in a fresh process that prints its result itself, so that pids, references and funs are
%% seen by their owner and numbered from one for each case.
process(Fun, Limit) ->
    Capture = spawn(fun() -> capture([]) end),
    {Pid, Monitor} = spawn_monitor(fun() -> case_process(Fun, Capture) end),
    receive
        {'DOWN', Monitor, process, Pid, {diff_case, Text}} ->
            output(Capture, Text);
        {'DOWN', Monitor, process, Pid, Other} ->
            output(Capture, format({died, Other}))
    after Limit ->
        exit(Pid, kill),
        exit(Capture, kill),
        "TIMEOUT"
    end.

case_process(Fun, Capture) ->
    group_leader(Capture, self()),
    Result = run(Fun),
    Text = case mailbox() of
               [] -> format(Result);
               Messages -> format({Result, messages, Messages})
           end,
    process_flag(trap_exit, false),
    exit({diff_case, Text}).

run(Fun) ->
    try {ok, Fun()}
    catch Class:Reason:Stack -> {Class, Reason, Stack}
    end.

mailbox() ->
    receive M -> [M | mailbox()]
    after 0 -> []
    end.

output(Capture, Text) ->
    Monitor = monitor(process, Capture),
    Capture ! {diff_stop, self()},
    receive
        {diff_output, []} -> demonitor(Monitor, [flush]), Text;
        {diff_output, Chunks} ->
            demonitor(Monitor, [flush]),
            [Text, " OUTPUT ", format(Chunks)];
        {'DOWN', Monitor, _, _, Reason} -> [Text, " OUTPUT-DIED ", format(Reason)]
    end.

%% A group leader that records what is written and has nothing to read.
capture(Acc) ->
    receive
        {io_request, From, ReplyAs, Request} ->
            {Reply, Acc1} = io_request(Request, Acc),
            From ! {io_reply, ReplyAs, Reply},
            capture(Acc1);
        {diff_stop, From} ->
            From ! {diff_output, joined(rev(Acc))};
        _ ->
            capture(Acc)
    end.

joined([]) -> [];
joined(Chunks) -> unicode:characters_to_list(Chunks).

io_request({put_chars, Encoding, Chars}, Acc) -> put_chars(Encoding, Chars, Acc);
io_request({put_chars, Encoding, M, F, A}, Acc) ->
    try put_chars(Encoding, apply(M, F, A), Acc)
    catch _:_ -> {{error, F}, Acc}
    end;
io_request({put_chars, Chars}, Acc) -> put_chars(latin1, Chars, Acc);
io_request({requests, Requests}, Acc) -> io_requests(Requests, ok, Acc);
io_request({setopts, _}, Acc) -> {ok, Acc};
io_request(getopts, Acc) -> {[{binary, false}, {encoding, unicode}], Acc};
io_request({get_geometry, _}, Acc) -> {{error, enotsup}, Acc};
io_request({get_line, _, _}, Acc) -> {eof, Acc};
io_request({get_chars, _, _, _}, Acc) -> {eof, Acc};
io_request({get_until, _, _, _, _, _}, Acc) -> {eof, Acc};
io_request(_, Acc) -> {{error, request}, Acc}.

io_requests([R | Rs], ok, Acc) ->
    {Reply, Acc1} = io_request(R, Acc),
    io_requests(Rs, Reply, Acc1);
io_requests(_, Reply, Acc) -> {Reply, Acc}.

put_chars(Encoding, Chars, Acc) ->
    case unicode:characters_to_list(Chars, Encoding) of
        List when is_list(List) -> {ok, [List | Acc]};
        _ -> {{error, put_chars}, Acc}
    end.

%% Writes an ASCII iolist at once, by the first way that the emulator has.
say(Deep) ->
    Text = flat(Deep, []),
    try erlang:display_string(Text)
    catch _:_ -> io:put_chars(user, Text)
    end.

flat([], Tail) -> Tail;
flat([H | T], Tail) -> flat(H, flat(T, Tail));
flat(C, Tail) -> [C | Tail].

%% ---- The term printer --------------------------------------------------------------------------
%% Output is collected in reverse. Seen numbers pids, references, ports in order of first appearance.

format(Term) ->
    {Acc, _} = term(Term, [], []),
    rev(Acc).

term(T, Acc, Seen) when is_integer(T) -> {text(integer_to_list(T), Acc), Seen};
term(T, Acc, Seen) when is_atom(T) -> {atom(atom_to_list(T), Acc), Seen};
term(T, Acc, Seen) when is_float(T) ->
    <<N:64>> = <<T/float>>,
    {hex(N, 16, text("0f", Acc)), Seen};
term([], Acc, Seen) -> {text("[]", Acc), Seen};
term([_ | _] = T, Acc, Seen) ->
    case printable(T) of
        true -> {[$" | string(T, $", [$" | Acc])], Seen};
        false -> list(T, [$[ | Acc], Seen)
    end;
term(T, Acc, Seen) when is_tuple(T) -> tuple(T, 1, tuple_size(T), [${ | Acc], Seen);
term(T, Acc, Seen) when is_binary(T) ->
    L = binary_to_list(T),
    case printable(L) of
        true -> {text("\">>", string(L, $", text("<<\"", Acc))), Seen};
        false -> {text(">>", bytes(L, text("<<16#", Acc))), Seen}
    end;
term(T, Acc, Seen) when is_bitstring(T) ->
    Bytes = bit_size(T) bsr 3,
    Rest = bit_size(T) band 7,
    <<Bin:Bytes/binary, Last:Rest>> = T,
    Acc1 = bytes(binary_to_list(Bin), text("<<16#", Acc)),
    {text(">>", text(integer_to_list(Rest), text(":", text(integer_to_list(Last), text("|", Acc1))))), Seen};
term(T, Acc, Seen) when is_map(T) ->
    map(sort(maps:to_list(T)), text("#{", Acc), Seen);
term(T, Acc, Seen) when is_pid(T) -> numbered("pid", T, Acc, Seen);
term(T, Acc, Seen) when is_reference(T) -> numbered("ref", T, Acc, Seen);
term(T, Acc, Seen) when is_port(T) -> numbered("port", T, Acc, Seen);
term(T, Acc, Seen) when is_function(T) ->
    try function(T, Acc, Seen)
    catch _:_ -> numbered("fun", T, Acc, Seen)
    end;
term(_, Acc, Seen) -> {text("<unknown>", Acc), Seen}.

function(T, Acc, Seen) ->
    {module, M} = erlang:fun_info(T, module),
    {arity, A} = erlang:fun_info(T, arity),
    case erlang:fun_info(T, type) of
        {type, external} ->
            {name, F} = erlang:fun_info(T, name),
            term({'fun', M, F, A}, Acc, Seen);
        {type, local} ->
            {new_index, I} = erlang:fun_info(T, new_index),
            term({'fun', M, I, A}, Acc, Seen)
    end.

list([H], Acc, Seen) ->
    {Acc1, Seen1} = term(H, Acc, Seen),
    {[$] | Acc1], Seen1};
list([H | T], Acc, Seen) when is_list(T) ->
    {Acc1, Seen1} = term(H, Acc, Seen),
    list(T, [$, | Acc1], Seen1);
list([H | T], Acc, Seen) ->
    {Acc1, Seen1} = term(H, Acc, Seen),
    {Acc2, Seen2} = term(T, [$| | Acc1], Seen1),
    {[$] | Acc2], Seen2}.

tuple(_, _, 0, Acc, Seen) -> {[$} | Acc], Seen};
tuple(T, N, N, Acc, Seen) ->
    {Acc1, Seen1} = term(element(N, T), Acc, Seen),
    {[$} | Acc1], Seen1};
tuple(T, I, N, Acc, Seen) ->
    {Acc1, Seen1} = term(element(I, T), Acc, Seen),
    tuple(T, I + 1, N, [$, | Acc1], Seen1).

map([], Acc, Seen) -> {[$} | Acc], Seen};
map([{K, V} | Rest], Acc, Seen) ->
    {Acc1, Seen1} = term(K, Acc, Seen),
    {Acc2, Seen2} = term(V, text("=>", Acc1), Seen1),
    Acc3 = case Rest of [] -> Acc2; _ -> [$, | Acc2] end,
    map(Rest, Acc3, Seen2).

%% An insertion into runs would do for small maps, but maps with a thousand keys are printed as well.
sort([]) -> [];
sort([X]) -> [X];
sort(L) ->
    {A, B} = halve(L, [], []),
    merge(sort(A), sort(B)).

halve([X, Y | T], A, B) -> halve(T, [X | A], [Y | B]);
halve([X], A, B) -> {[X | A], B};
halve([], A, B) -> {A, B}.

merge([{KA, _} = X | A], [{KB, _} = Y | B]) ->
    case before(KA, KB) of
        true -> [X | merge(A, [Y | B])];
        false -> [Y | merge([X | A], B)]
    end;
merge([], B) -> B;
merge(A, []) -> A.

%% 1 and 1.0 compare equal but are two keys of a map.
before(A, B) when A == B -> is_integer(A);
before(A, B) -> A < B.

numbered(Kind, T, Acc, Seen) ->
    {N, Seen1} = number(T, Seen),
    {text(">", text(integer_to_list(N), text(Kind, [$< | Acc]))), Seen1}.

number(T, Seen) ->
    case find(T, Seen) of
        0 ->
            N = count(Seen, 1),
            {N, [{T, N} | Seen]};
        N -> {N, Seen}
    end.

find(T, [{T, N} | _]) -> N;
find(T, [_ | Rest]) -> find(T, Rest);
find(_, []) -> 0.

atom([C | T] = L, Acc) when C >= $a, C =< $z ->
    case plain(T) of
        true -> text(L, Acc);
        false -> [$' | string(L, $', [$' | Acc])]
    end;
atom(L, Acc) -> [$' | string(L, $', [$' | Acc])].

plain([C | T]) when C >= $a, C =< $z; C >= $0, C =< $9; C >= $A, C =< $Z; C =:= $_; C =:= $@ -> plain(T);
plain([]) -> true;
plain(_) -> false.

printable([C | T]) when is_integer(C), C >= 32, C < 127 -> printable(T);
printable([10 | T]) -> printable(T);
printable([]) -> true;
printable(_) -> false.

string([C | T], Quote, Acc) when C =:= Quote; C =:= $\\ -> string(T, Quote, [C, $\\ | Acc]);
string([10 | T], Quote, Acc) -> string(T, Quote, [$n, $\\ | Acc]);
string([C | T], Quote, Acc) when C < 32; C >= 127 ->
    string(T, Quote, text("}", text(integer_to_list(C), text("\\x{", Acc))));
string([C | T], Quote, Acc) -> string(T, Quote, [C | Acc]);
string([], _, Acc) -> Acc.

bytes([B | T], Acc) -> bytes(T, hex(B, 2, Acc));
bytes([], Acc) -> Acc.

hex(_, 0, Acc) -> Acc;
hex(N, Digits, Acc) ->
    D = (N bsr ((Digits - 1) * 4)) band 15,
    hex(N, Digits - 1, [digit(D) | Acc]).

digit(D) when D < 10 -> $0 + D;
digit(D) -> $a + D - 10.

text([C | T], Acc) -> text(T, [C | Acc]);
text([], Acc) -> Acc.

rev(L) -> rev(L, []).
rev([H | T], Acc) -> rev(T, [H | Acc]);
rev([], Acc) -> Acc.
