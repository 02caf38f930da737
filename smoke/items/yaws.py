# SPDX-License-Identifier: Apache-2.0
"""The web server yaws under wrk: a static page, a page with Erlang in it that is compiled in the running server, 135 KB files."""
import re
import urllib.request

from system import Figures, Machine, check, client, free_port

PACKAGES = ["wrk"]
UNPACKED = ["yaws", "erlang-yaws"]
LARGE = bytes((7 * i + i // 256) % 256 for i in range(135_000))


def run(machine: Machine) -> Figures:
    port = free_port()
    machine.write("www/page.html", "x" * 1024)
    machine.write("www/large.bin", LARGE)
    machine.write("www/dynamic.yaws", '<html><erl>\nout(_) -> {html, f("~p", [lists:sum(lists:seq(1, 100))])}.\n</erl></html>\n')
    machine.write("log/.keep", "")
    conf = machine.write("yaws.conf", f"logdir = {machine.folder}/log\nebin_dir = {machine.folder}/log\n<server localhost>\n port = {port}\n"
                                      f" listen = 127.0.0.1\n docroot = {machine.folder}/www\n access_log = false\n</server>\n")
    machine.start("-noinput", "+K", "true", "-pa", f"{machine.packages}/usr/lib/yaws/ebin", "-run", "yaws", "-conf", str(conf), "-yaws", "id", "t1",
                  "-yaws", "conf", f'"{conf}"', port=port)
    url = f"http://127.0.0.1:{port}/"

    def get(name: str) -> bytes:
        with urllib.request.urlopen(url + name, timeout=20) as answer:
            return answer.read()

    check(get("page.html") == b"x" * 1024, "static page")
    check(get("large.bin") == LARGE, "large file")
    check(get("dynamic.yaws").strip() == b"<html>5050</html>", "dynamic page")
    rates = []
    for name in ["page.html", "dynamic.yaws", "large.bin"]:
        said = client("wrk", "-t1", "-c32", "-d3s", url + name)
        check("Non-2xx" not in said and "Socket errors" not in said, said)
        rates.append(f"{name} {float(re.search(r'Requests/sec: *([0-9.]+)', said)[1]):.0f}/s")
    check(get("large.bin") == LARGE, "large file after the load")
    return machine.figures(", ".join(rates))
