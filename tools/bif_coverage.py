# SPDX-License-Identifier: Apache-2.0
"""Built-ins of stock Erlang/OTP against the rows of src/**/*.tab.

    bif_coverage.py                 count per module, then what is missing
    bif_coverage.py ets lists       only these modules
    bif_coverage.py --all           what is there, too
    bif_coverage.py --new m:f/2     what to write for a new built-in

Stock is asked, not remembered: erlang:system_info(snifs) for the emulator's own, and the exported functions of the
preloaded NIF modules whose code only raises nif_error.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools.gen import bifs  # noqa: E402
from tools.gen.__main__ import bif_specs  # noqa: E402

# Modules that are preloaded (or loaded at boot) and implemented by NIFs linked into the emulator.
NIF_MODULES = ("prim_file", "prim_buffer", "prim_socket", "prim_net", "zlib", "erl_tracer")

ASK = """
Print = fun({M, F, A}) -> io:format("~ts ~ts ~w~n", [M, F, A]) end,
lists:foreach(Print, lists:usort(erlang:system_info(snifs))),
Calls = fun(Code) -> lists:any(fun({call_ext, _, {extfunc, erlang, nif_error, _}}) -> true;
                                  ({call_ext_only, _, {extfunc, erlang, nif_error, _}}) -> true;
                                  ({call_ext_last, _, {extfunc, erlang, nif_error, _}, _}) -> true;
                                  (_) -> false end, Code) end,
lists:foreach(
  fun(Name) ->
    M = list_to_atom(Name),
    Bin = case code:get_object_code(M) of
            {M, B, _} -> B;
            error -> {ok, B} = file:read_file(filename:join([code:root_dir(), "lib", "erts-" ++ erlang:system_info(version), "ebin", Name ++ ".beam"])), B
          end,
    {beam_file, M, _, _, _, Functions} = beam_disasm:file(Bin),
    [Print({M, F, A}) || {function, F, A, _, Code} <- Functions, Calls(Code)]
  end, init:get_plain_arguments()),
halt().
"""


def stock() -> set[tuple[str, str, int]]:
    """Built-ins of the `erl` on PATH."""
    command = ["erl", "-noshell", "-noinput", "-eval", ASK, "-extra", *NIF_MODULES]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0:
        sys.exit(f"bif_coverage.py: stock erl failed: {run.stdout}{run.stderr}")
    rows = (line.rsplit(" ", 2) for line in run.stdout.splitlines())
    return {(module, name, int(arity)) for module, name, arity in rows}


def named_nifs() -> set[tuple[str, str, int]]:
    """NIF modules' own function tables: {"name", arity, function} rows in src/nifs/<module>*.cpp."""
    row = re.compile(r'\{\s*"([a-z_A-Z0-9]+)"\s*,\s*(\d+)\s*,')
    found = set()
    for path in sorted((ROOT / "src" / "nifs").rglob("*.cpp")):
        text = path.read_text(encoding="utf-8")
        for module in NIF_MODULES:
            if path.stem.startswith(module):
                found |= {(module, name, int(arity)) for name, arity in row.findall(text)}
    return found


def ours() -> set[tuple[str, str, int]]:
    rows = bifs.load(bif_specs(ROOT / "src"), ROOT)
    return {(row.module, row.name, row.arity) for row in rows} | named_nifs()


def report(modules: list[str], everything: bool) -> int:
    theirs, mine = stock(), ours()
    chosen = sorted({module for module, _, _ in theirs if not modules or module in modules})
    missing_total = 0
    for module in chosen:
        names = sorted(row for row in theirs if row[0] == module)
        missing = [row for row in names if row not in mine]
        missing_total += len(missing)
        print(f"{module}: {len(names) - len(missing)} of {len(names)}")
        for row in names if everything else missing:
            print(f"    {'missing' if row in missing else 'there  '} {row[0]}:{row[1]}/{row[2]}")
    extra = sorted(row for row in mine - theirs if not modules or row[0] in modules)
    if extra:
        print("not built in on stock:")
        for row in extra:
            print(f"    {row[0]}:{row[1]}/{row[2]}")
    total = sum(1 for row in theirs if row[0] in chosen)
    print(f"{total - missing_total} of {total} built-ins, {missing_total} missing, {len(extra)} extra")
    return 0


def new(name: str) -> int:
    match = re.fullmatch(r"([a-z]\w*):([a-z]\w*)/(\d+)", name)
    if not match:
        sys.exit("bif_coverage.py: expected module:name/arity")
    module, function, arity = match.group(1), match.group(2), int(match.group(3))
    args = "".join(f", Term a{index}" for index in range(1, arity + 1))
    print(f"row for src/bif/{module}.tab:\n    {function}/{arity}  pure  <what it returns>\n")
    print(f"body for src/bif/{module}.cpp:\n    BifResult {module}_{function}_{arity}(BifContext& cx{args}) {{ … }}\n")
    print(f"test: tests/erl/{module}_t.erl; compare with stock first: tests/erl/run.py --erl erl {module}_t")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--new", metavar="M:F/A")
    parser.add_argument("modules", nargs="*")
    args = parser.parse_args()
    return new(args.new) if args.new else report(args.modules, args.all)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
    sys.exit(main())
