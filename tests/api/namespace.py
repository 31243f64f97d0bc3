# SPDX-License-Identifier: LGPL-2.1-or-later
"""File systems of a test's own, for which it need not be root."""

import subprocess
import unittest


def with_own_mounts(script, *args):
    """A command that runs a shell script with these arguments, in which `mount`
    works and is nobody else's."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise unittest.SkipTest("this host gives users no namespaces of their own")
    return [*unshare, "sh", "-c", script, "sh", *args]
