# SPDX-License-Identifier: Apache-2.0
# needs: iex mix
# replace: #PID<[0-9.]+> => #PID<>
# replace: #Reference<[0-9.]+> => #Reference<>
# IEx with a script on standard input, alone and inside a project.
cat > session.exs <<'END'
1 + 2
x = [a: 1, b: 2]
x[:a]
raise "boom"
defmodule M do
  def f(x), do: x * 2
end
M.f(21)
M.g(1)
"héllo" |> String.upcase()
Enum.at(1)
i 5
:erlang.foo()
~r/a(b+)/ |> Regex.run("xabbby")
Task.async(fn -> 7 end) |> Task.await()
1 / 0
hd([])
%{a: 1}.b
v(1)
{1,
 2}
Enum.to_list(1..200)
self() |> is_pid
:timer.tc(fn -> 1 end) |> elem(1)
import Bitwise
bor(5, 2)
END
iex < session.exs
mix new demo >/dev/null; cd demo || exit 1
printf 'Demo.hello()\nr Demo\nrecompile()\nMix.env()\n' | iex -S mix
