# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of the host that are to run in the guest."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # not in the PATH of every user


def find(program: str) -> str:
    """Path of a program on the host; a name without a slash is looked up as
    a shell of root would. FileNotFoundError when there is none."""
    if "/" in program:
        return program
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if path is None:
        raise FileNotFoundError(f"the host has no program {program}")
    return path


@functools.lru_cache(maxsize=None)
def libraries(program: str) -> tuple[str, ...]:
    """Absolute paths of a host program's shared libraries (ldd(1)); none for
    a static one."""
    out = subprocess.run(["ldd", program], capture_output=True, text=True)
    words = [line.split() for line in out.stdout.splitlines()]
    # "libc.so.6 => /lib/libc.so.6 (0x1)" or "/lib64/ld-linux.so.2 (0x1)"
    return tuple(
        w[-2] for w in words if len(w) > 1 and w[-2].startswith("/")
    )
