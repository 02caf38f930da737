# SPDX-License-Identifier: Apache-2.0
"""Prints the ten slowest outputs of a ninja build: build_times.py <.ninja_log>."""

import sys


def slowest(log: str, count: int) -> list[tuple[int, str]]:
    """(milliseconds, output) of the last run of each output, slowest first."""
    last: dict[str, int] = {}
    for line in log.splitlines():
        fields = line.split("\t")
        if len(fields) == 5 and not line.startswith("#"):
            last[fields[3]] = int(fields[1]) - int(fields[0])
    return sorted(((millis, name) for name, millis in last.items()), reverse=True)[:count]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as handle:
        for millis, name in slowest(handle.read(), 10):
            print(f"{millis / 1000:7.2f} s  {name}")
