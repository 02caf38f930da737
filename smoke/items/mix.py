# SPDX-License-Identifier: Apache-2.0
"""Elixir: a new project of mix, with several hundred tests."""
from system import Figures, Machine, check

PACKAGES = ["elixir"]
TESTS = 400
CASE = """
defmodule Numbers{n}Test do
  use ExUnit.Case, async: {together}
  for i <- 1..{each} do
    test "number #{{i}}" do
      assert Enum.sum(1..unquote(i)) == div(unquote(i) * (unquote(i) + 1), 2)
      assert_raise ArithmeticError, fn -> rem(unquote(i), String.length("")) end
      assert inspect(%{{i: unquote(i)}}) =~ "i: #{{unquote(i)}}"
    end
  end
end
"""


def run(machine: Machine) -> Figures:
    fresh = machine.tool("mix", "new", "demo")
    check("Your Mix project was created successfully" in fresh.output, fresh.output)
    for n in range(4):
        machine.write(f"demo/test/numbers_{n}_test.exs", CASE.format(n=n, together="true" if n % 2 else "false", each=TESTS // 4))
    tested = machine.tool("mix", "test", within="demo")
    check(f"1 doctest, {TESTS + 1} tests, 0 failures" in tested.output, tested.output)
    machine.write("demo/test/wrong_test.exs", "defmodule WrongTest do\n  use ExUnit.Case\n  test \"wrong\", do: assert 1 + 1 == 3\nend\n")
    wrong = machine.tool("mix", "test", "test/wrong_test.exs", within="demo", status=2)
    check("1 test, 1 failure" in wrong.output and "left:  2" in wrong.output, wrong.output)
    return Figures(fresh.seconds, tested.cpu, tested.megabytes, f"{tested.seconds:.2f} s for {TESTS} tests")
