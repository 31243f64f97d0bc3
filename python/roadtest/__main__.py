# SPDX-License-Identifier: LGPL-2.1-or-later
"""``python3 -m roadtest FILE|DIR...``: run test files and print KTAP."""

import sys

from .runner import leave, main

leave(*main(sys.argv[1:]))
