# SPDX-License-Identifier: Apache-2.0
# needs: erl
# replace: (total_heap_size|heap_size|stack_size|reductions|minor_gcs)(,|: )\d+ => \1
# replace: <0\.\d+\.\d+> => PID
# replace: #Ref<[0-9.]+> => REF
# replace: #Port<[0-9.]+> => PORT
# replace: \d\d?-[A-Z][a-z][a-z]-\d{4}::\d\d:\d\d:\d\d\.\d+ => TIME
# The shell with a script on standard input: values, bindings, errors with their traces, compiling, help, records, jobs' output.
cat > calc.erl <<'END'
-module(calc).
-export([area/1, sum/1, loop/0]).
-record(circle, {r = 1}).
area(#circle{r = R}) -> math:pi() * R * R;
area({square, S}) -> S * S.
sum(L) -> lists:foldl(fun(X, A) -> X + A end, 0, L).
loop() -> receive stop -> ok; X -> io:format("got ~p~n", [X]), loop() end.
END
cat > script <<'END'
1 + 2.
X = [1, 2, 3], Y = #{a => X, "k" => <<"bin">>}.
Y.
X = 5.
c(calc).
calc:area({square, 3}).
calc:area(triangle).
calc:sum([1, a]).
calc:nothing().
nothing:at_all().
P = spawn(calc, loop, []), P ! hello, timer:sleep(100), is_process_alive(P).
P ! stop, timer:sleep(100), is_process_alive(P).
rr(calc).
#circle{}.
rl().
F = fun(0, _) -> 1; (N, G) -> N * G(N - 1, G) end.
F(20, F).
F(a, F).
catch throw(ball).
throw(ball).
exit(because).
error({my, reason}).
1 / 0.
list_to_integer("x").
lists:nth(5, [1]).
element(3, {a, b}).
hd([]).
maps:get(k, #{}).
case 3 of 4 -> ok end.
if 1 > 2 -> ok end.
(fun() -> 1 end)(2).
begin A = 1, {A, B} = {2, 3} end.
1 +.
"unterminated
".
<<1:3, 5:13/little, "abc"/utf8>>.
<<H:4, T/bits>> = <<16#AB, 1:1>>, {H, T}.
lists:seq(1, 100).
lists:duplicate(3, "wide text that fills the line a bit more than the rest of it would").
{self(), make_ref()} =:= {self(), make_ref()}.
[{K, V} || {K, V} <- maps:to_list(#{1 => 2, 3 => 4}), K > 1].
io:format("~p ~w ~s ~ts ~.3f ~e ~10.2.0f|~-10s|~c~n", ["list", [1, 2], "str", [228, 8364], 3.14159, 1.0e10, 2.5, "left", $x]).
io:format("~d~n", [a]).
v(1).
v(-1).
e(2).
b().
f(X).
X.
h().
spawn(fun() -> error(in_process) end), timer:sleep(200), ok.
spawn(fun() -> exit(quietly) end), timer:sleep(100), ok.
io:get_line("line> ").
this is the line
io:read("term> ").
{a, term}.
m(calc).
pid(0, 1, 0).
i(0, 0, 0).
q().
END
erl < script; echo "status $?"
printf '1 + 1.\n' | erl; echo "status $?"
printf 'halt(4).\n' | erl; echo "status $?"
