# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the man page of the command out of what it says itself.

    man.py ROADTEST CLI_MD VERSION >roadtest.1

Each subcommand is a section, with its --help; the environment is the table of
docs/cli.md. So there is one text, and an option can't be missing.
"""

from __future__ import annotations

import re
import subprocess
import sys

LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
SUBCOMMAND = re.compile(r"^  ([a-z]+) +(.*)$", re.M)
WORD = r"--?[\w-]+(?:\[?[= ](?:[A-Z]+|[a-z]+\|)[A-Za-z|/]*\]?)?"
OPTION = re.compile(rf"^  ({WORD}(?:, {WORD})*)(?: +(.*))?$")


def escape(text: str) -> str:
    """Text that troff leaves alone."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def bold(text: str) -> str:
    """A word or more in bold."""
    return f"\\fB{escape(text)}\\fR"


def helps(command: str, *arguments: str) -> str:
    """What the command says about itself."""
    return subprocess.run([command, *arguments, "--help"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def section(text: str) -> list[str]:
    """Help of a subcommand as troff: paragraphs, and lists of options."""
    out: list[str] = []
    last = ""   # what the line before was: "", "usage", "option", "text"
    for line in text.rstrip("\n").split("\n"):
        option = OPTION.match(line)
        if not line:
            last = ""
        elif line.startswith("Usage: ") or (last == "usage" and line[0] == " "):
            if last == "usage":
                out.append(".br")
            out.append(bold(line.removeprefix("Usage: ").strip()))
            last = "usage"
        elif option:
            out += [".TP", bold(option[1])]
            out += [escape(option[2])] if option[2] else []
            last = "option"
        elif last == "option" and line[0] == " ":
            out.append(escape(line.strip()))
        elif line[0] == " ":
            # A list or an example: as it stands.
            out += ([".PP"] if last == "" else [".br"]) + [escape(line.strip())]
            last = "list"
        else:
            if last != "text":
                out.append(".PP")
            label = re.match(r"(Exit status|Environment):(.*)", line)
            out.append(bold(f"{label[1]}:") + escape(label[2]) if label
                       else escape(line))
            last = "text"
    return out


def environment(markdown: str) -> list[str]:
    """The table of variables."""
    table = markdown.partition("\n## Environment\n")[2]
    out = []
    for name, meaning in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.M):
        out += [".TP", bold(name), escape(LINK.sub(r"\1", meaning.replace("`", "")))]
    if not out:
        raise SystemExit("man.py: no table below \"## Environment\"")
    return out


def page(command: str, markdown: str, version: str) -> str:
    """The whole page."""
    commands = SUBCOMMAND.findall(helps(command))
    out = [
        '.\\" SPDX-License-Identifier: LGPL-2.1-or-later',
        '.\\" Made by cli/man.py out of "roadtest COMMAND --help".',
        f'.TH ROADTEST 1 "" "roadtest {version}" "User Commands"',
        ".nh",
        ".SH NAME",
        "roadtest \\- test Linux drivers without their hardware",
        ".SH SYNOPSIS",
        bold("roadtest") + " COMMAND [ARGUMENT]...",
        ".SH DESCRIPTION",
        "The driver under test runs unmodified in a User Mode Linux kernel, the",
        "chip is a model in the test, and time is virtual.",
    ]
    for name, summary in commands:
        out += [".TP", bold(name), escape(summary)]
    for name, _ in commands:
        out += [f".SH ROADTEST {name.upper()}"]
        out += section(helps(command, name))
    out += [".SH ENVIRONMENT", *environment(markdown)]
    out += [
        ".SH FILES", ".TP", bold("~/.cache/roadtest"),
        "kernels, the sources and objects that they are made from, and what",
        "earlier runs took. All of it may be removed when nothing runs.",
        ".SH SEE ALSO",
        bold("gdb") + "(1), " + bold("dtc") + "(1)",
    ]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as file:
        sys.stdout.write(page(sys.argv[1], file.read(), sys.argv[3]))
