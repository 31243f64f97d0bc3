# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes that keep all processors busy: what runs beside them is held up at
places that differ from run to run."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType

# Ends with its parent, however that ended.
BUSY = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1000000):
        pass
"""


class Load:
    """One such process for each processor, inside of a ``with``. ``wanted``:
    False for none."""

    def __init__(self, wanted: bool = True) -> None:
        self.number = len(os.sched_getaffinity(0)) if wanted else 0
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Load:
        argv = [sys.executable, "-c", BUSY, str(os.getpid())]
        for _ in range(self.number):
            # A Ctrl-C is not for them; nor do they hold a pipe open.
            process = subprocess.Popen(
                argv, stdout=subprocess.DEVNULL, start_new_session=True
            )
            self.processes.append(process)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
