# SPDX-License-Identifier: Apache-2.0
"""Module ssh under the OpenSSH client: a command, and a file through sftp and back."""
import os
import subprocess
import time

from system import Figures, Machine, check, client, free_port

PACKAGES = ["openssh-client", "erlang-ssh"]
SERVER = """
-module(shell_server).
-export([start/0]).
start() ->
    {ok, _} = application:ensure_all_started(ssh),
    {ok, Cwd} = file:get_cwd(),
    Port = list_to_integer(os:getenv("SSH_PORT")),
    {ok, _} = ssh:daemon({127, 0, 0, 1}, Port, [{system_dir, Cwd ++ "/system"}, {user_dir, Cwd ++ "/user"},
                         {subsystems, [ssh_sftpd:subsystem_spec([{cwd, Cwd ++ "/files"}])]}]),
    io:format("ready~n").
"""


def run(machine: Machine) -> Figures:
    port = free_port()
    for name in ["system/.keep", "user/.keep", "files/.keep"]:
        machine.write(name, "")
    folder = machine.folder
    client("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(folder / "system/ssh_host_rsa_key"))
    client("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
    machine.write("user/authorized_keys", (folder / "key.pub").read_text())
    machine.compile("shell_server", SERVER)
    machine.environment["SSH_PORT"] = str(port)
    machine.start("-noshell", "-s", "shell_server", "start", text="ready")
    how = ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known", "-o", "LogLevel=ERROR", "-i", str(folder / "key")]
    said = client("ssh", *how, "-p", str(port), "tester@127.0.0.1", "lists:sum([1,2,3]).")
    check(said.strip() == "6", said)
    content = os.urandom(20_000_000)
    machine.write("local", content)
    began = time.monotonic()
    batch = f"put {folder}/local remote\nget remote {folder}/back\n"
    done = subprocess.run(["sftp", *how, "-P", str(port), "-b", "-", "tester@127.0.0.1"], input=batch, text=True, capture_output=True, timeout=120)
    check(done.returncode == 0, done.stdout + done.stderr)
    took = time.monotonic() - began
    check((folder / "back").read_bytes() == content, "the file")
    return machine.figures(f"sftp {2 * len(content) / took / 1e6:.0f} MB/s")
