# SPDX-License-Identifier: Apache-2.0
# needs: elixir
# replace: #PID<[0-9.]+> => #PID<>
# `elixir -e` and a script: values, protocols, structs, errors with traces, exit statuses.
elixir -e 'IO.puts("hello"); IO.inspect(Enum.map(1..10, &(&1 * &1))); IO.inspect(System.version())'
elixir -e 'IO.inspect({:ok, %{a: 1, b: [2.5, "héllo", ?x]}, 1..3, ~D[2024-02-29], :erlang.make_tuple(3, nil)}, pretty: true)'
elixir -e 'IO.inspect(for <<c <- "grüße">>, do: c); IO.inspect(String.split("a,b;c", [",", ";"])); IO.inspect(String.upcase("straße"))'
elixir -e 'raise ArgumentError, "wrong"'; echo "status $?"
elixir -e 'String.to_integer("x1")'; echo "status $?"
elixir -e 'exit({:shutdown, 3})'; echo "status $?"
elixir -e 'throw(:ball)'; echo "status $?"
elixir -e 'IO.puts('; echo "status $?"
elixir -e 'undefined_function(1)'; echo "status $?"
elixir -e 'IO.inspect(Task.async_stream(1..5, fn x -> x * 10 end) |> Enum.to_list())'
elixir -e '{:ok, a} = Agent.start_link(fn -> 0 end); for _ <- 1..100, do: Agent.update(a, &(&1 + 1)); IO.inspect(Agent.get(a, & &1))'
elixir -e 'IO.inspect(Regex.scan(~r/(?<y>\d+)-(\w+)/u, "12-ab 7-éx")); IO.inspect(Regex.named_captures(~r/(?<y>\d+)/, "a42"))'
elixir -e 'IO.inspect(Integer.digits(2 ** 200) |> Enum.sum()); IO.inspect(:math.pow(2, 0.5)); IO.inspect(Float.round(2.675, 2))'
cat > counter.exs <<'END'
defmodule Counter do
  use GenServer
  def start_link(n), do: GenServer.start_link(__MODULE__, n, name: __MODULE__)
  def init(n), do: {:ok, n}
  def handle_call(:next, _from, n), do: {:reply, n, n + 1}
  def handle_cast(:crash, _n), do: raise("asked to")
end

defprotocol Size do
  def size(x)
end

defimpl Size, for: BitString do
  def size(x), do: byte_size(x)
end

defimpl Size, for: List do
  def size(x), do: length(x)
end

Process.flag(:trap_exit, true)
{:ok, pid} = Counter.start_link(5)
IO.inspect([GenServer.call(pid, :next), GenServer.call(Counter, :next)])
Logger.configure(level: :none)
GenServer.cast(pid, :crash)
receive do
  {:EXIT, ^pid, {%RuntimeError{message: m}, [{mod, fun, arity, _} | _]}} -> IO.inspect({m, mod, fun, arity})
end
IO.inspect({Size.size("abc"), Size.size([1, 2])})
IO.inspect(try do Size.size(1.5) rescue e in Protocol.UndefinedError -> Exception.message(e) end)
IO.inspect(Code.eval_string("x = 3; x * y", y: 7))
IO.inspect(with {:ok, a} <- {:ok, 1}, :error <- {:ok, 2}, do: a)
END
elixir counter.exs; echo "status $?"
