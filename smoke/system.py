# SPDX-License-Identifier: Apache-2.0
"""What the items of smoke/ share: a machine under test in a folder of its own, its time and memory."""
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Figures:
    """What is printed of a run: seconds until ready, processor seconds and resident megabytes of the machine, a rate in words."""
    ready: float
    cpu: float
    megabytes: float
    rate: str = ""


@dataclass
class Done:
    """A program that ended: its output, seconds, processor seconds and the resident megabytes it and its children had at most."""
    output: str
    seconds: float
    cpu: float
    megabytes: float


class Machine:
    """An Erlang machine: `erl` started in an empty folder, its output kept there."""

    def __init__(self, erl: str, folder: Path, packages: Path) -> None:
        self.erl, self.folder, self.packages = shutil.which(erl) or erl, folder, packages
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "home").mkdir(parents=True)
        self.environment = dict(os.environ, HOME=str(folder / "home"), PATH=f"{Path(self.erl).parent}:{os.environ['PATH']}")
        self.environment.pop("ERL_LIBS", None)
        self.process: subprocess.Popen | None = None
        self.ready = 0.0
        self.ended_cpu = 0.0

    def write(self, name: str, text: str | bytes) -> Path:
        """A file in the machine's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def compile(self, module: str, source: str) -> None:
        """Compiles a module of the item's with the machine itself."""
        self.write(f"{module}.erl", source)
        self.run("-noshell", "-eval", f"case compile:file({module}, [report]) of {{ok, _}} -> halt(0); error -> halt(1) end.")

    def run(self, *arguments: str, seconds: float = 120, status: int = 0) -> str:
        """erl with these arguments, to its end; its output."""
        done = subprocess.run([self.erl, *arguments], cwd=self.folder, env=self.environment, timeout=seconds, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != status:
            raise AssertionError(f"{arguments}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def tool(self, *command: str, within: str = "", seconds: float = 240, status: int = 0) -> Done:
        """A program that starts `erl` itself, to its end, in a folder below the machine's."""
        began = time.monotonic()
        with open(self.folder / "tool", "wb") as output:
            process = subprocess.Popen(command, cwd=self.folder / within, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            ended = 0
            while not ended:
                time.sleep(0.005)
                ended, left, used = os.wait4(process.pid, os.WNOHANG)
                if not ended and time.monotonic() - began > seconds:
                    os.killpg(process.pid, signal.SIGKILL)
                    seconds = float("inf")
        process.returncode = os.waitstatus_to_exitcode(left)
        spent = time.monotonic() - began
        said = (self.folder / "tool").read_text(errors="replace")
        check(process.returncode == status, f"{command}: status {process.returncode}\n{said[-2000:]}")
        return Done(said, spent, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)

    def start(self, *arguments: str, port: int | None = None, text: str | None = None, seconds: float = 30) -> None:
        """Starts erl and waits until it listens on a port, or said something."""
        began = time.monotonic()
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen([self.erl, *arguments], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        while not self.is_up(port, text):
            if time.monotonic() - began > seconds or self.process.poll() is not None:
                raise AssertionError("the machine did not get ready")
            time.sleep(0.01)
        self.ready = time.monotonic() - began

    def is_up(self, port: int | None, text: str | None) -> bool:
        if port:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        return text is None or text in self.output()

    def output(self) -> str:
        path = self.folder / "output"
        return path.read_text(errors="replace") if path.exists() else ""

    def output_tail(self) -> str:
        return self.output()[-2000:]

    def figures(self, rate: str = "") -> Figures:
        """Of the machine that runs."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return Figures(self.ready, (int(fields[11]) + int(fields[12])) / TICKS, int(fields[21]) * PAGE / 1e6, rate)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self, seconds: float = 10) -> None:
        """Ends it as a service manager would."""
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def check(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def client(*command: str, seconds: float = 60, **how) -> str:
    """A client's output; it must end well."""
    done = subprocess.run(command, timeout=seconds, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **how)
    check(done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout
