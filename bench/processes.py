# SPDX-License-Identifier: LGPL-2.1-or-later
"""What processes cost: memory and time of the processor."""

import os
import subprocess
import time
from pathlib import Path

SAMPLE_S = 0.01


def pss(pid: int) -> int:
    """Bytes of memory; a page that n processes share counts as 1/n."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        for line in f:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"no Pss of process {pid}")


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = Path(f"/proc/{name}/stat").read_text(errors="replace")
        except OSError:
            continue  # it has ended
        parent = int(stat.rpartition(")")[2].split()[1])
        children.setdefault(parent, []).append(int(name))
    pids = [root]
    for pid in pids:
        pids += children.get(pid, [])
    return pids


def tree_pss(root: int) -> int:
    """Bytes that a process and its descendants have now."""
    total = 0
    for pid in tree(root):
        try:
            total += pss(pid)
        except (OSError, RuntimeError):
            pass  # it has ended
    return total


class Run:
    """A command that was run to its end.

    ``wall``: seconds; ``own``: seconds of processor time of the command itself,
    without its children; ``all``: with all that descend from it.
    """

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        start = time.perf_counter()
        with subprocess.Popen(
            argv, env=env, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            self.out = process.stdout.read()
            # No longer alive, and not yet forgotten.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            self.wall = time.perf_counter() - start
            # In nanoseconds; getrusage() can't tell a child from its children.
            schedstat = Path(f"/proc/{process.pid}/schedstat").read_text()
            self.own = int(schedstat.split()[0]) / 1e9
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.all = usage.ru_utime + usage.ru_stime
        if process.returncode:
            raise SystemExit(f"{self.end()}{' '.join(argv)} failed")

    def end(self) -> str:
        """The last lines that it printed."""
        return "".join(self.out.splitlines(keepends=True)[-20:])


def peak_pss(argv: list[str], env: dict[str, str]) -> int:
    """The most bytes that a command and its descendants have at once."""
    peak = 0
    with subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, tree_pss(process.pid))
            time.sleep(SAMPLE_S)
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)} failed")
    return peak
