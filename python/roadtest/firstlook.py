# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a suite that has just been begun lacks: see ``roadtest new``.

:func:`next_step` tries a driver on a model that is not finished, and says what
to do next. It reports what the driver does, never what is right: that is in
the datasheet.
"""

from __future__ import annotations

import errno
import textwrap

from . import raised
from .errors import GuestError, ModelError, NoDriverError
from .models import I2CModel, Model, Nak, RegisterModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .device import BoundDevice
    from .guest import GuestPath
    from .testcase import TestCase

__unittest = True  # no frames of this file in tracebacks

_MAX_LINES = 24
_LOG_LINES = 8
_SETTLED = 10**9  # ns: work that a probe leaves to a queue is through by then
_PATIENCE = 2000  # messages in which the driver does nothing that it has not done

_CAUSES = {
    errno.ENODEV: "the driver did not accept the chip, an id or a revision that "
    "it read for example, or misses something in its devicetree node",
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
    """Stands in for a chip that is not known yet: it notes what the driver
    does, and answers with the values of the registers that its model declares,
    and 0 for all else. A model that is no map of registers is told by its
    messages."""

    def __init__(self, model: Model) -> None:
        self.map = model if isinstance(model, RegisterModel) else None
        self.pointer: int | None = None
        self.seen: list[str] = []
        """Each access to a register that is not declared, or each message,
        once, in order."""
        self.first = 0, 0
        """Address and width of the first of them."""
        self.bare_reads = 0
        """Reads before any register was selected."""
        self.waits_for = ""
        """What the driver did over and over until the chip was silent."""
        self._last = ""
        self._old = 0

    def start(self, read: bool, first: bool) -> None:
        """One that waits for an answer other than 0 would do so for ever: the
        chip acknowledges nothing more then."""
        self._old += 1
        if self._old > _PATIENCE:
            self.waits_for = self._last
            raise Nak

    def write(self, data: bytes) -> None:
        """The address of a register and what goes into it, or a command."""
        if self.map is None:
            self._add(f"write {data.hex(' ')}" if data else "write, no bytes")
            return
        size = self.map.addr_bytes
        if len(data) < size:
            if data:
                self._add(
                    f"write {data.hex(' ')}, which is no address of {size} bytes"
                )
            return
        self.pointer = int.from_bytes(data[:size], "big")
        if len(data) > size:
            self._note(self.map, "write", data[size:])

    def read(self, length: int) -> bytes:
        """What the register holds."""
        if self.map is None:
            self._add(f"read {_bytes(length)}")
            return bytes(length)
        if self.pointer is None:
            self.bare_reads += 1
            self._last = f"read {_bytes(length)}"
            return bytes(length)
        model = self.map
        declared = model.registers.get(self.pointer)
        if declared is None:
            self._note(model, "read", bytes(length))
            return bytes(length)
        self._last = f"read {declared.name}"
        width = declared.width or model.value_bytes
        order = "little" if model.byteorder == "little" else "big"
        value = declared.reset.to_bytes(width, order)  # type: ignore[arg-type]
        return (value * length)[:length]

    def _note(self, model: RegisterModel, what: str, data: bytes) -> None:
        if self.pointer is None or self.pointer in model.registers:
            return
        if not self.seen:
            self.first = self.pointer, len(data)
        digits = 2 + 2 * model.addr_bytes
        line = f"{what:5} {self.pointer:#0{digits}x}, {_bytes(len(data))}"
        if what == "write":
            line += f": {data.hex(' ')}"
        if len(data) > model.value_bytes:
            more = "" if model.auto_increment else "? see auto_increment"
            line += f" (more than one register{more})"
        self._add(line)

    def _add(self, line: str) -> None:
        self._last = " ".join(line.partition(" (")[0].split())
        if line not in self.seen:
            self.seen.append(line)
            self._old = 0


def _bytes(number: int) -> str:
    return f"{number} byte" + ("s" if number > 1 else "")


def next_step(test: TestCase) -> NoReturn:
    """Fail the test, and say what its suite needs next.

    The class declares one device with ``bind=False`` and a
    :class:`~roadtest.models.RegisterModel` or an
    :class:`~roadtest.models.I2CModel`. Raises AssertionError.
    """
    device, chip = test.dev, test.chip
    name = type(chip).__name__
    if isinstance(chip, RegisterModel):
        if not chip.registers:
            _explore(test, f"{name} has no registers yet")
    elif not _answers(chip):
        _explore(test, f"{name} does not answer yet")
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
        _fail(_failed(error), _look_at(test, error))
    _bound(device)


def _bind(device: BoundDevice) -> GuestError | ModelError | None:
    """Bind it, and return what failed."""
    error: GuestError | ModelError | NoDriverError
    try:
        device.bind()
    except (GuestError, ModelError, NoDriverError) as caught:
        raised.close(caught)
        error = caught
    else:
        device._machine.advance(_SETTLED)
        return None
    if isinstance(error, NoDriverError):
        _no_driver(str(error))
    return error


def _answers(chip: Model) -> bool:
    """Has its class a hook for messages?"""
    return any(
        name in vars(base)
        for base in type(chip).__mro__
        if base not in I2CModel.__mro__
        for name in ("write", "read", "start")
    )


def _no_driver(error: str) -> NoReturn:
    _fail(
        error,
        "Is the driver's option in the file config beside the suite? roadtest "
        "run builds\na kernel with it, unless ROADTEST_KERNEL or --kernel "
        "names one that has it not.",
    )


def _explore(test: TestCase, why: str) -> NoReturn:
    """Name all that the driver touches, not only the first."""
    device, chip = test.dev, test.chip
    explorer = Explorer(chip)
    test.board.detach(chip)
    test.board.attach(explorer, device.addr)
    error = _bind(device)
    if not explorer.seen and not explorer.bare_reads and not explorer.waits_for:
        if error is None:
            _bound(device)
        _fail(
            f"the probe failed before the driver used the chip.\n{_failed(error)}",
            _look_at(test, error),
        )
    end = "it binds then" if error is None else _failed(error)
    if explorer.waits_for:
        end = (
            f"waits for another answer: in {_PATIENCE} messages it did nothing "
            f'new, at last "{explorer.waits_for}".\n'
            f"Then the chip did not acknowledge, and {end}"
        )
    if not explorer.seen and explorer.waits_for:
        _fail(
            f"{why}.\nThe driver {end}.",
            "Let the model answer what the driver waits for: see its source for the "
            "bit.",
        )
    if not explorer.seen:
        _fail(
            f"{why}; the driver reads without selecting a register, and {end}",
            "Its chip is no register map: derive the model from I2CModel "
            "(docs/models.md).",
        )
    name = type(chip).__name__
    lines = "\n".join(f"    {line}" for line in explorer.seen[:_MAX_LINES])
    if len(explorer.seen) > _MAX_LINES:
        lines += f"\n    and {len(explorer.seen) - _MAX_LINES} more"
    if explorer.map is None:
        _fail(
            f"{why}.\n"
            f"With 0 in each byte that it reads, the driver did\n{lines}\n"
            f"and {end}.",
            "Look these messages up in the datasheet and answer them in "
            f"write(self, data) and\nread(self, length) of {name} "
            "(docs/models.md, raw chips).",
        )
    first, width = explorer.first
    digits = 2 + 2 * explorer.map.addr_bytes
    sized = f", width={width}" if width < explorer.map.value_bytes else ""
    _fail(
        f"{why}.\n"
        f"With 0 in each register that {name} does not have, the driver did\n"
        f"{lines}\n"
        f"and {end}.",
        "Look these registers up in the datasheet and declare them in "
        f"{name}, as in\n"
        f"    NAME = Register({first:#0{digits}x}, reset=0x00{sized})\n"
        "with what the datasheet has: reset value, width, access, fields "
        "(docs/models.md).",
    )


def _failed(error: GuestError | ModelError | None) -> str:
    """A probe that gave an errno, in words."""
    number = error.errno if isinstance(error, GuestError) else 0
    cause = _CAUSES.get(number or 0, "see the driver's probe function")
    return f"{error}\n    ({cause})"


def _look_at(test: TestCase, error: GuestError | ModelError | None) -> str:
    """What the driver said, what its node has, and what it did last."""
    lines = [
        line
        for line in test.guest.log.splitlines()
        if test.dev.name in line and line not in str(error)
    ]
    text = ""
    if isinstance(error, GuestError) and error.errno == errno.EAGAIN:
        lines += _deferred(test.dev)
    if lines:
        text = "The kernel said\n"
        text += "\n".join(f"    {line}" for line in lines[-_LOG_LINES:]) + "\n"
    chip = test.chip
    if chip.attached and chip.traffic().entries:
        entries = chip.traffic().entries[-_LOG_LINES:]
        text += "The last of what the driver did to the chip:\n"
        return text + "\n".join(f"    {entry}" for entry in entries)
    return text + (
        f"Its node has {_node(test.dev)}.\n"
        "See its probe function for what else it asks for: a property, an "
        "interrupt (irq=),\na line, a supply. What the binding has stands at "
        "the head of the suite."
    )


def _node(device: BoundDevice) -> str:
    """Names of the properties and children of its devicetree node."""
    names = sorted(
        path.name + ("" if path.is_file() else " {}")
        for path in (device / "of_node").iterdir()
    )
    return ", ".join(n for n in names if n not in ("name", "phandle"))


def _deferred(device: BoundDevice) -> list[str]:
    """Why a probe is deferred: the kernel tells it to debuggers alone."""
    machine = device._machine
    control = device._at("/sys/kernel/debug/dynamic_debug/control")
    functions = "func dev_err_probe", "func __dev_probe_failed"
    mark = machine.log_mark()
    try:
        for function in functions:
            control.write_text(f"{function} +p")
        device.bind()
    except GuestError:
        pass
    finally:
        for function in functions:
            control.write_text(f"{function} -p")
    log = machine.log_since(mark).splitlines()
    return [line for line in log if device.id in line]


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
    "pwm": 'writes "0" to (self.dev / "{name}/export"), then period, '
    "duty_cycle and enable of pwm0 below it,",
    "input": 'opens (self.guest / "dev/input/{event}") for what is reported, 24 '
    "bytes an event,",
    "gpio": 'writes the number of a line, from that in base of "{name}" on, to '
    '(self.guest / "sys/class/gpio/export") and uses value and direction of '
    "gpioNUMBER there,",
    "leds": 'writes to (self.dev / "{name}/brightness")',
    "backlight": 'writes to (self.dev / "{name}/brightness")',
    "power_supply": 'reads (self.dev / "{name}" / ATTRIBUTE).read_text()',
    "i2c-": "attaches models of chips behind it",
}
_NODE = 'opens (self.guest / "dev/{node}") and uses read(), write() or ioctl() of it'


def _use(device: BoundDevice, offers: dict[str, list[str]]) -> str:
    """How a test uses the first thing of what it offers."""
    for kind, text in _USES.items():
        for name in sorted(offers):
            if name.startswith(kind):
                events = [n for n in offers if "/event" in n]
                event = events[0].rpartition("/")[2] if events else "eventN"
                return text.format(name=name, event=event)
    for name in sorted(offers):
        node = _devname(device / name)
        if node:
            return _NODE.format(node=node)
    where = min(offers) if offers else "..."
    return f"reads (self.dev / {where!r} / NAME).read_text()"


def _devname(device: GuestPath) -> str:
    """Name of its node below /dev; "" if it has none."""
    try:
        lines = (device / "uevent").read_text().splitlines()
    except GuestError:
        return ""
    names = [n.partition("=")[2] for n in lines if n.startswith("DEVNAME=")]
    return names[0] if names else ""


def _bound(device: BoundDevice) -> NoReturn:
    """The driver is there: what can be tested?"""
    offers = interface(device)
    lines = [
        f"    {name}: {' '.join(offers[name])}".rstrip(" :")
        for name in sorted(offers)
    ]
    advice = (
        "Write a test in place of this one that sets what self.chip answers, "
        if not isinstance(device.chip, RegisterModel)
        else "Write a test in place of this one that sets a register of self.chip, "
    ) + (
        f"{_use(device, offers)} and asserts what it must be. Take out bind=False: "
        "then the device is bound before each test. docs/tutorial.md goes on "
        "from here."
    )
    if not offers:
        advice = _parts(device) or advice
    own = sorted(
        path.name
        for path in device.iterdir()
        if path.is_file() and path.name not in _GENERIC
    )
    if own:
        lines.append(f"    attributes of its own: {' '.join(own)}")
    _fail(
        f"the driver {device.driver} has bound the chip. It offers\n"
        + ("\n".join(lines) or "    nothing in sysfs"),
        textwrap.fill(advice, 80, break_on_hyphens=False)
        if "\n" not in advice
        else advice,
    )


_CARD = """\
It is a codec, the ASoC component {name} with the DAIs {dais}: what it
offers comes with a sound card. Give the device node="codec: device" and
properties="#sound-dai-cells = <0>;" (<1> if it has several DAIs), the class
    dts = DtFragment(\"\"\"
    / {{
        cpu_dai: cpu-dai {{
            compatible = "linux,spdif-dit";
            #sound-dai-cells = <0>;
        }};
        sound {{
            compatible = "simple-audio-card";
            simple-audio-card,format = "i2s";
            simple-audio-card,cpu {{ sound-dai = <&cpu_dai>; }};
            simple-audio-card,codec {{ sound-dai = <&codec>; }};
        }};
    }};
    \"\"\")
and its config CONFIG_SND_SIMPLE_CARD=m and CONFIG_SND_SOC_SPDIF=m. A test binds the
device, then platform_device("cpu-dai") and platform_device("sound") of
roadtest.driver; the controls are in /dev/snd/controlC0 then."""
_SUBDEV = """\
Its module uses v4l2_async: it is a sensor or another part of a camera, a sub-device
that waits for the bridge at the other end of its port. There is no bridge here, and
so no node in /dev. A test asserts what the driver did to self.chip in its probe and
in runtime suspend and resume (self.dev.power), and that a chip with another id is
refused."""
_CELLS = """\
Its module uses mfd_core: it is a chip of several functions, and each is a device of
its own with a driver of its own. It has made none yet: the driver waits for the
chip, or what it read was not what it makes them for. The names are those of the
struct mfd_cell in its source; add the options of their drivers to the config."""


def _parts(device: BoundDevice) -> str:
    """What to do about a driver whose device is but a part of something."""
    asoc = device._at("/sys/kernel/debug/asoc")
    if (asoc / "components").exists():
        names = (asoc / "components").read_text().split()
        mine = [n for n in names if n == device.id or n.endswith(f".{device.id}")]
        if mine:
            dais = " ".join((asoc / "dais").read_text().split())
            return _CARD.format(name=mine[0], dais=dais)
    if _uses(device, "v4l2_async"):
        return _SUBDEV
    return _CELLS if _uses(device, "mfd_core") else ""


def _uses(device: BoundDevice, library: str) -> bool:
    """Does the module of its driver, or one that this needs, use that one?"""
    todo, seen = [library], {library}
    while todo:
        holders = device._at(f"/sys/module/{todo.pop()}/holders")
        if holders.exists():
            new = {path.name for path in holders.iterdir()} - seen
            seen |= new
            todo += new
    return device.module in seen


_GENERIC = ("uevent", "modalias", "name", "waiting_for_supplier")


def _fail(what: str, then: str) -> NoReturn:
    raise AssertionError(f"next step: {what}\n{then}")
