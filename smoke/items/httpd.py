# SPDX-License-Identifier: Apache-2.0
"""inets: httpd serves files to wrk and to its own httpc."""
import re
import urllib.request

from system import Figures, Machine, check, client, free_port

PACKAGES = ["wrk", "erlang-inets"]
SERVER = """
-module(web).
-export([start/0]).
start() ->
    {ok, _} = application:ensure_all_started(inets),
    Port = list_to_integer(os:getenv("WEB_PORT")),
    {ok, Cwd} = file:get_cwd(),
    {ok, _} = inets:start(httpd, [{port, Port}, {server_name, "localhost"}, {server_root, Cwd}, {document_root, filename:join(Cwd, "www")},
                                  {bind_address, {127, 0, 0, 1}}]),
    Url = "http://127.0.0.1:" ++ integer_to_list(Port) ++ "/page.html",
    {ok, {{_, 200, _}, _, Body}} = httpc:request(Url),
    1024 = length(Body),
    {ok, {{_, 404, _}, _, _}} = httpc:request(Url ++ "x"),
    io:format("ready~n").
"""


def run(machine: Machine) -> Figures:
    port = free_port()
    machine.write("www/page.html", "y" * 1024)
    machine.compile("web", SERVER)
    machine.environment["WEB_PORT"] = str(port)
    machine.start("-noshell", "-s", "web", "start", text="ready")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/page.html", timeout=20) as answer:
        check(answer.read() == b"y" * 1024, "the page")
    said = client("wrk", "-t1", "-c8", "-d3s", f"http://127.0.0.1:{port}/page.html")
    check("Non-2xx" not in said, said)
    return machine.figures(f"{float(re.search(r'Requests/sec: *([0-9.]+)', said)[1]):.0f}/s")
