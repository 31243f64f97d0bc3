# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a suite that has just been begun lacks: see ``roadtest new``.

:func:`next_step` tries a driver on a model that is not finished, and says what
to do next. It reports what the driver does, never what is right: that is in
the datasheet.
"""

from __future__ import annotations

import errno
import textwrap

from .errors import GuestError, ModelError
from .models import I2CModel, RegisterModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .device import BoundDevice
    from .guest import GuestPath
    from .testcase import TestCase

__unittest = True  # no frames of this file in tracebacks

_MAX_LINES = 24
_LOG_LINES = 8

_CAUSES = {
    errno.ENODEV: "the driver did not accept the chip, an id or a revision that "
    "it read for example, or the kernel has no module for this compatible",
    errno.EAGAIN: "the driver waits for something else (EPROBE_DEFER): a "
    "supply, a clock, a line or an interrupt that its node names",
    errno.ENOENT: "the driver misses something in its devicetree node",
    errno.EINVAL: "the driver misses something in its devicetree node, or read "
    "a value that it does not accept",
    errno.ETIMEDOUT: "the driver waited for the chip, which did not become "
    "ready: a status bit or an interrupt that the model has to set",
    errno.EIO: "a transfer failed",
    errno.ENXIO: "a transfer was not acknowledged",
}


class Explorer(I2CModel):
    """Stands in for a chip whose registers are not known: it notes what the
    driver does, and answers with the values of the registers that its model
    declares, and 0 for the others."""

    def __init__(self, model: RegisterModel) -> None:
        self.model = model
        self.pointer: int | None = None
        self.seen: list[str] = []
        """Each access to a register that is not declared, once, in order."""
        self.first = 0, 0
        """Address and width of the first of them."""
        self.bare_reads = 0
        """Reads before any register was selected."""

    def write(self, data: bytes) -> None:
        """The address of a register, and what goes into it."""
        size = self.model.addr_bytes
        if len(data) < size:
            return
        self.pointer = int.from_bytes(data[:size], "big")
        if len(data) > size:
            self._note("write", data[size:])

    def read(self, length: int) -> bytes:
        """What the register holds."""
        if self.pointer is None:
            self.bare_reads += 1
            return bytes(length)
        declared = self.model.registers.get(self.pointer)
        if declared is None:
            self._note("read", bytes(length))
            return bytes(length)
        model = self.model
        width = declared.width or model.value_bytes
        order = "little" if model.byteorder == "little" else "big"
        value = declared.reset.to_bytes(width, order)  # type: ignore[arg-type]
        return (value * length)[:length]

    def _note(self, what: str, data: bytes) -> None:
        if self.pointer is None or self.pointer in self.model.registers:
            return
        if not self.seen:
            self.first = self.pointer, len(data)
        size = f"{len(data)} byte" + ("s" if len(data) > 1 else "")
        line = f"{what:5} 0x{self.pointer:02x}, {size}"
        if what == "write":
            line += f": {data.hex(' ')}"
        if len(data) > self.model.value_bytes:
            line += " (more than one register? see auto_increment)"
        if line not in self.seen:
            self.seen.append(line)


def next_step(test: TestCase) -> NoReturn:
    """Fail the test, and say what its suite needs next.

    The class declares one device with ``bind=False`` and a
    :class:`~roadtest.models.RegisterModel`. Raises AssertionError.
    """
    device, chip = test.dev, test.chip
    name = type(chip).__name__
    if not chip.registers and isinstance(chip, RegisterModel):
        _explore(test, f"{name} has no registers yet")
    error = _bind(device)
    if isinstance(error, ModelError):
        if "which the model does not have" in str(error):
            _explore(test, str(error))
        _fail(
            f"the driver did what {name} does not allow:\n    {error}",
            "Look the register up in the datasheet: its width, access or "
            "reserved bits\nmay be others than in the model. If the model is "
            "right, the driver is not:\nsee known_bug() in "
            "docs/writing-tests.md.",
        )
    if error is not None:
        _fail(_failed(error), _look_at(test))
    _bound(device)


def _bind(device: BoundDevice) -> GuestError | ModelError | None:
    """Bind it, and return what failed."""
    error: GuestError | ModelError
    try:
        device.bind()
    except (GuestError, ModelError) as caught:
        error = caught
    else:
        return None
    if "no module of this kernel" in str(error):
        _no_driver(str(error))
    return error


def _no_driver(error: str) -> NoReturn:
    _fail(
        error,
        "Is the driver's option in the file config beside the suite? roadtest "
        "run builds\na kernel with it, unless ROADTEST_KERNEL or --kernel "
        "names one that has it not.",
    )


def _explore(test: TestCase, why: str) -> NoReturn:
    """Name all registers that the driver touches, not only the first."""
    device, chip = test.dev, test.chip
    explorer = Explorer(chip)
    test.board.detach(chip)
    test.board.attach(explorer, device.addr)
    error = _bind(device)
    end = "it binds then" if error is None else _failed(error)
    if not explorer.seen:
        if explorer.bare_reads:
            _fail(
                f"{why}; the driver reads without selecting a register",
                "Its chip is no register map: derive the model from I2CModel "
                "(docs/models.md).",
            )
        if error is None:
            _bound(device)
        _fail(f"{why}; {end}", _look_at(test))
    name = type(chip).__name__
    lines = "\n".join(f"    {line}" for line in explorer.seen[:_MAX_LINES])
    if len(explorer.seen) > _MAX_LINES:
        lines += f"\n    and {len(explorer.seen) - _MAX_LINES} more"
    first, width = explorer.first
    sized = f", width={width}" if width < chip.value_bytes else ""
    _fail(
        f"{why}.\n"
        f"With 0 in each register that {name} does not have, the driver did\n"
        f"{lines}\n"
        f"and {end}.",
        "Look these registers up in the datasheet and declare them in "
        f"{name}, as in\n"
        f"    NAME = Register(0x{first:02x}, reset=0x00{sized})\n"
        "with what the datasheet has: reset value, width, access, fields "
        "(docs/models.md).",
    )


def _failed(error: GuestError | ModelError) -> str:
    """A probe that gave an errno, in words."""
    number = error.errno if isinstance(error, GuestError) else 0
    cause = _CAUSES.get(number or 0, "see the driver's probe function")
    return f"{error}\n    ({cause})"


def _look_at(test: TestCase) -> str:
    """What the driver said, and what it did last."""
    log = test.guest.log.splitlines()
    lines = [line for line in log if test.dev.name in line][-_LOG_LINES:]
    text = "Where to look: what the driver read last, and what it printed.\n"
    text += "\n".join(f"    {line}" for line in lines)
    entries = test.chip.traffic().entries[-_LOG_LINES:]
    text += "\n".join(["", *(f"    {entry}" for entry in entries)])
    return text.rstrip()


_NOT_OFFERED = ("driver", "subsystem", "of_node", "supplier", "consumer")
"""Links to other devices."""


def interface(device: GuestPath) -> dict[str, list[str]]:
    """What a driver has registered for a device: by its path below the
    device the attributes, sorted."""
    found: dict[str, list[str]] = {}
    for pattern in ("*/subsystem", "*/*/subsystem"):
        for link in device.glob(pattern):
            path = link.parent
            name = str(path)[len(str(device)) + 1 :]
            if name.partition("/")[0].partition(":")[0] in _NOT_OFFERED:
                continue
            found[name] = sorted(
                entry.name
                for entry in path.iterdir()
                if entry.name not in ("uevent", "dev") and entry.is_file()
            )
    return found


_USES = {
    "hwmon": "reads self.dev.hwmon[NAME]",
    "iio": "reads self.dev.iio[NAME]",
    "rtc": "calls self.dev.rtc.read_time() (docs/subsystems.md has the others)",
    "regulator": "reads self.dev.regulator[NAME]",
}


def _bound(device: BoundDevice) -> NoReturn:
    """The driver is there: what can be tested?"""
    offers = interface(device)
    lines = [
        f"    {name}: {' '.join(offers[name])}".rstrip(" :")
        for name in sorted(offers)
    ]
    where = min(offers) if offers else "..."
    use = f"reads (self.dev / {where!r} / NAME).read_text()"
    for name in _USES:
        if any(n.startswith(name) for n in offers):
            use = _USES[name]
            break
    advice = (
        "Write a test in place of this one that sets a register of self.chip, "
        f"{use} and asserts what it must be. Take out bind=False: then the "
        "device is bound before each test. docs/tutorial.md goes on from here."
    )
    _fail(
        f"the driver {device.driver} has bound the chip. It offers\n"
        + ("\n".join(lines) or "    nothing in sysfs"),
        textwrap.fill(advice, 80, break_on_hyphens=False),
    )


def _fail(what: str, then: str) -> NoReturn:
    raise AssertionError(f"next step: {what}\n{then}")
