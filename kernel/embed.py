#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed.py INPUT OUTPUT NAME: a text file as a C string constant."""

import sys


def escape(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")


def main() -> None:
    source, target, name = sys.argv[1:]
    with open(source, encoding="ascii") as file:
        lines = [f'\t"{escape(line.rstrip())}\\n"\n' for line in file]
    with open(target, "w", encoding="ascii") as file:
        file.write(f"/* made by {sys.argv[0].rsplit('/', 1)[-1]} */\n")
        file.write(f"static const char {name}[] =\n{''.join(lines)}\t;\n")


main()
