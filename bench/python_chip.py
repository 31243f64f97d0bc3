# SPDX-License-Identifier: LGPL-2.1-or-later
"""The I2C and memory benchmarks with a model in Python; prints one number.

    python_chip.py i2c GUEST_LOOP COUNT     nanoseconds of COUNT register reads
    python_chip.py memory                   bytes (PSS) of guest and this process
"""

import os
import sys
import time

from processes import pss
from roadtest import Machine
from roadtest.models import Register, RegisterModel


class Chip(RegisterModel):
    value_bytes, byteorder = 2, "big"
    VALUE = Register(0x00, reset=0xA5A5)


def loop(machine: Machine, count: int) -> int:
    start = time.perf_counter_ns()
    machine.guest.run(["/tmp/loop", "0x44", str(count)], check=True)
    return time.perf_counter_ns() - start


def i2c(machine: Machine, program: str, count: int) -> int:
    with open(program, "rb") as f:
        machine.guest.put("/tmp/loop", f.read(), 0o755)
    machine.board.attach(Chip(), 0x44)
    loop(machine, 100)
    return loop(machine, count) - loop(machine, 0)


def group(leader: int) -> list[int]:
    """Processes of the guest: its kernel leads their process group."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    found = []
    for pid in pids:
        try:
            if os.getpgid(pid) == leader:
                found.append(pid)
        except ProcessLookupError:
            pass
    return found


def memory(machine: Machine) -> int:
    machine.board.attach(Chip(), 0x44)
    machine.guest.path("/proc/version").read_text()
    return sum(pss(pid) for pid in [os.getpid(), *group(machine.pid)])


def main() -> None:
    machine = Machine()
    machine.boot()
    if sys.argv[1] == "i2c":
        print(i2c(machine, sys.argv[2], int(sys.argv[3])))
    else:
        print(memory(machine))
    machine.close()


if __name__ == "__main__":
    main()
