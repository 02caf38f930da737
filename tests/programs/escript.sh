# SPDX-License-Identifier: Apache-2.0
# needs: escript erlc
# escript from source, compiled, and as an archive with modules inside; arguments, statuses, errors.
cat > hello <<'END'
#!/usr/bin/env escript
%% -*- erlang -*-
main(["fail"]) -> halt(7);
main(["crash"]) -> erlang:error({on, purpose});
main(Args) -> io:format("~p ~ts~n", [Args, "grüße"]), lists:foreach(fun(N) -> io:format("~w ", [N * N]) end, lists:seq(1, 5)), io:nl().
END
escript hello a "b c" é; echo "status $?"
escript hello fail; echo "status $?"
escript hello crash; echo "status $?"
escript -c hello x; echo "status $?"
escript nothing_here; echo "status $?"
printf '#!/usr/bin/env escript\nmain(_) -> foo(.\n' > broken
escript broken; echo "status $?"
printf '#!/usr/bin/env escript\nmain(_) -> X = 1, ok.\n' > warns
escript warns; echo "status $?"
printf '%s\n' '-module(square).' '-export([main/1]).' 'main(Args) -> io:format("~p ~p~n", [square(7), Args]).' 'square(X) -> X * X.' > square.erl
erlc square.erl
cat > pack.escript <<'END'
#!/usr/bin/env escript
main(_) ->
    {ok, Beam} = file:read_file("square.beam"),
    {ok, {_, Zip}} = zip:create("x.zip", [{"square.beam", Beam}], [memory]),
    ok = escript:create("packed", [shebang, {emu_args, "-escript main square"}, {archive, Zip}]).
END
escript pack.escript && escript packed one two; echo "status $?"
