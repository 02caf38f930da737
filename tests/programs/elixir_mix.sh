# SPDX-License-Identifier: Apache-2.0
# needs: mix elixir
# seconds: 240
# replace: in [0-9.]+ seconds \([0-9.]+s async, [0-9.]+s sync\) => in T
# replace: \([0-9.]+ms\) => (T)
# replace: (?m)^[.*]*\n => 
# A new project: compiled, tested (passing, failing, raising, skipped), formatted, documented tasks, a script packed.
mix new demo; cd demo || exit 1
mix test --seed 1
mix test --trace --seed 1
mix format --check-formatted; echo "status $?"
printf 'defmodule   X do\ndef  f( a,b ),do: a+b\nend\n' > lib/x.ex
mix format --check-formatted; echo "status $?"
mix format; cat lib/x.ex
rm test/demo_test.exs  # the order of two modules is not fixed
cat > test/more_test.exs <<'END'
defmodule MoreTest do
  use ExUnit.Case
  test "different" do
    assert Demo.hello() == :wrld
  end
  test "match" do
    assert {:ok, _} = {:error, %{list: Enum.to_list(1..40)}}
  end
  test "raises" do
    raise "on purpose"
  end
  test "exits" do
    exit(:bye)
  end
  test "receives" do
    assert_receive :never, 20
  end
  @tag :skip
  test "skipped" do
    flunk("not run")
  end
end
END
mix test --seed 0; echo "status $?"
printf 'defmodule Bad do\n  def f(x), do: y\nend\n' > lib/bad.ex
mix compile; echo "status $?"
printf 'defmodule Bad do\n  def f(x), do: 1\nend\n' > lib/bad.ex
mix compile; echo "status $?"
mix run -e 'IO.inspect(Demo.hello())'
mix help new
mix no_such_task; echo "status $?"
mix compile --force
