# SPDX-License-Identifier: LGPL-2.1-or-later
"""Buffers of an IIO device: scan elements, capture, decoded scans.

Use it through :mod:`roadtest.iio`. Needs Linux 5.11 (``bufferN/``).
"""

from __future__ import annotations

import os
import re

from .guest import Guest, GuestFile, GuestPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Union

    from .iio import IioDevice

    Value = Union[int, tuple[int, ...]]

GET_BUFFER_FD = 0xC0046991
"""IIO_BUFFER_GET_FD_IOCTL: _IOWR('i', 0x91, int)."""

TIMESTAMP = "in_timestamp"
"""The element that every buffer with software time stamps has."""

_TYPE = re.compile(
    r"(?P<endian>be|le):(?P<sign>[su])(?P<bits>\d+)/(?P<storage>\d+)"
    r"(X(?P<repeat>\d+))?>>(?P<shift>\d+)"
)


class ScanType:
    """How an element stands in memory, from its ``_type`` ("le:s12/16>>4").

    ``big_endian``; ``signed``; ``bits`` that are valid; ``storage`` bits that
    it takes; ``repeat``: how many values one after the other; ``shift``: bits
    to shift right before the others are masked out.
    """

    __slots__ = (
        "text",
        "big_endian",
        "signed",
        "bits",
        "storage",
        "repeat",
        "shift",
    )

    def __init__(self, text: str) -> None:
        found = _TYPE.fullmatch(text)
        if found is None:
            raise ValueError(f"not the type of a scan element: {text!r}")
        self.text = text
        self.big_endian = found["endian"] == "be"
        self.signed = found["sign"] == "s"
        self.bits = int(found["bits"])
        self.storage = int(found["storage"])
        self.repeat = int(found["repeat"] or 1)
        self.shift = int(found["shift"])

    def __repr__(self) -> str:
        return f"ScanType({self.text!r})"

    @property
    def size(self) -> int:
        """Bytes of the element, all repetitions together."""
        return self.storage // 8 * self.repeat

    def decode(self, data: bytes) -> Value:
        """Value of ``size`` bytes: an int; a tuple if it is repeated."""
        step = self.storage // 8
        values = [
            self._decode_one(data[i : i + step])
            for i in range(0, self.size, step)
        ]
        return values[0] if self.repeat == 1 else tuple(values)

    def _decode_one(self, data: bytes) -> int:
        raw = int.from_bytes(data, "big" if self.big_endian else "little")
        value = raw >> self.shift & (1 << self.bits) - 1
        if self.signed and value >> self.bits - 1:
            value -= 1 << self.bits
        return value


class ScanElement:
    """A channel that can be captured: ``name`` ("in_proximity"), ``index``
    (its place among the others), ``type`` (:class:`ScanType`)."""

    def __init__(self, directory: GuestPath, name: str) -> None:
        self._directory = directory
        self.name = name
        self.index = int(self._read("index"))
        self.type = ScanType(self._read("type"))

    def __repr__(self) -> str:
        return f"<ScanElement {self.name} {self.type.text}>"

    def _read(self, attribute: str) -> str:
        return (self._directory / f"{self.name}_{attribute}").read_text().strip()

    @property
    def enabled(self) -> bool:
        """Is it part of a scan?"""
        return self._read("en") == "1"

    @enabled.setter
    def enabled(self, on: bool) -> None:
        (self._directory / f"{self.name}_en").write_text(str(int(on)))


class Scan(dict[str, "Value"]):
    """One scan: values by the name of the element, in the order of the
    elements."""

    @property
    def timestamp(self) -> int:
        """Its time stamp, in ns of the guest's clock. KeyError without."""
        value = self[TIMESTAMP]
        assert isinstance(value, int)
        return value


def decode(elements: list[ScanElement], data: bytes) -> list[Scan]:
    """Scans of these elements from what a buffer's descriptor gave. Each
    element is aligned to its own size, a scan to its largest one.

    AssertionError when a hole between them, or the one at the end, is not
    zero: the driver pushes memory that it has not cleared, and what stood
    there, of the kernel's stack for example, goes to user space.
    """
    places, size = layout(elements)
    if size == 0 or len(data) % size:
        raise ValueError(f"{len(data)} bytes are no scans of {size} bytes")
    return [
        _decode_one(places, data[start : start + size], start // size)
        for start in range(0, len(data), size)
    ]


def _decode_one(
    places: list[tuple[ScanElement, int]], data: bytes, number: int
) -> Scan:
    scan = Scan()
    end, before = 0, ""
    for element, place in places:
        _check_hole(data[end:place], end, number, before, element.name)
        before, end = element.name, place + element.type.size
        scan[element.name] = element.type.decode(data[place:end])
    _check_hole(data[end:], end, number, before, "")
    return scan


def _check_hole(
    hole: bytes, start: int, number: int, before: str, behind: str
) -> None:
    if not any(hole):
        return
    where = f"between {before} and {behind}" if behind else f"behind {before}"
    raise AssertionError(
        f"scan {number}: the hole of {len(hole)} bytes at {start}, {where}, "
        f"holds {hole.hex(' ')}: the driver has not cleared what it pushes, "
        "and leaks the kernel's memory to user space"
    )


def layout(
    elements: list[ScanElement],
) -> tuple[list[tuple[ScanElement, int]], int]:
    """Place of each element in a scan, in bytes, and the scan's size."""
    places = []
    end = largest = 0
    for element in sorted(elements, key=lambda e: e.index):
        size = element.type.size
        start = -(-end // size) * size
        places.append((element, start))
        end = start + size
        largest = max(largest, size)
    return places, -(-end // largest) * largest if largest else 0


class IioBuffer:
    """A buffer of an IIO device.

    As a whole::

        with iio.buffer().capture("in_proximity", "in_timestamp") as buffer:
            scan = buffer.read()
            self.assertEqual(scan["in_proximity"], 0x1234)

    or step by step: ``select()``, ``length``, ``enabled``, ``open()``.
    """

    def __init__(self, iio: IioDevice, number: int = 0) -> None:
        self._iio = iio
        self.number = number
        self.path = iio.path / f"buffer{number}"
        """Its directory in sysfs."""
        self._file: GuestFile | None = None
        self._selected: list[ScanElement] = []

    def __repr__(self) -> str:
        return f"<IioBuffer {self.path}>"

    def _get(self, attribute: str) -> str:
        return (self.path / attribute).read_text().strip()

    def _set(self, attribute: str, value: int) -> None:
        (self.path / attribute).write_text(str(value))

    @property
    def elements(self) -> dict[str, ScanElement]:
        """The scan elements by name, in the order of a scan."""
        names = [p.name for p in self.path.iterdir()]
        elements = [
            ScanElement(self.path, name[: -len("_index")])
            for name in names
            if name.endswith("_index")
        ]
        return {e.name: e for e in sorted(elements, key=lambda e: e.index)}

    def select(self, *names: str) -> None:
        """Enable exactly these elements. KeyError lists what there is;
        GuestError EBUSY while the buffer runs."""
        elements = self.elements
        for name in names:
            if name not in elements:
                raise KeyError(f"no {name}; there is {', '.join(elements)}")
        for name, element in elements.items():
            if element.enabled != (name in names):
                element.enabled = name in names

    @property
    def length(self) -> int:
        """Scans that it holds; more are dropped."""
        return int(self._get("length"))

    @length.setter
    def length(self, scans: int) -> None:
        self._set("length", scans)

    @property
    def watermark(self) -> int:
        """Scans that must be there before a read or poll wakes."""
        return int(self._get("watermark"))

    @watermark.setter
    def watermark(self, scans: int) -> None:
        self._set("watermark", scans)

    @property
    def data_available(self) -> int:
        """Scans that are there."""
        return int(self._get("data_available"))

    @property
    def enabled(self) -> bool:
        """Does it capture? It is switched off after the test."""
        return self._get("enable") == "1"

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._set("enable", int(on))
        if on:
            machine = self._iio.path._machine
            machine.undo(
                f"switch off {self.path}",
                self._stop,
                key=("buffer", str(self.path)),
            )

    def _stop(self) -> None:
        if self.path.exists() and self.enabled:
            self.enabled = False

    def open(self) -> GuestFile:
        """Its file descriptor; read and pending need none to be open. EBUSY
        when somebody else has it. Reading without O_NONBLOCK waits."""
        if self._file is None:
            self._file = self._open()
        return self._file

    def _open(self) -> GuestFile:
        self._iio._check_there()
        machine, name = self._iio.path._machine, self._iio.path.name
        node = GuestPath(machine, f"/dev/{name}")
        if self.number == 0:
            return node.open(os.O_RDONLY)
        with node.open(os.O_RDONLY) as device:
            fd = bytearray(self.number.to_bytes(4, "little"))
            device.ioctl(GET_BUFFER_FD, fd)
        number = int.from_bytes(fd, "little", signed=True)
        return Guest(machine).file(number, f"{name} buffer{self.number}")

    def close(self) -> None:
        """Close its file descriptor."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def read_many(self, most: int) -> list[Scan]:
        """Up to ``most`` scans; waits until the watermark is reached."""
        elements = self._selected or self._enabled_elements()
        _, size = layout(elements)
        return decode(elements, self.open().read(size * most))

    def read(self) -> Scan:
        """The next scan; waits for one."""
        (scan,) = self.read_many(1)
        return scan

    def pending(self) -> list[Scan]:
        """The scans that are there now; does not wait."""
        found: list[Scan] = []
        while self.open().poll(timeout=0.0) and (n := self.data_available):
            found += self.read_many(n)
        return found

    def _enabled_elements(self) -> list[ScanElement]:
        return [e for e in self.elements.values() if e.enabled]

    def capture(self, *names: str, length: int | None = None) -> Capture:
        """A context manager: in it exactly these elements are captured."""
        return Capture(self, names, length)


class Capture:
    """See :meth:`IioBuffer.capture`."""

    def __init__(
        self, buffer: IioBuffer, names: tuple[str, ...], length: int | None
    ) -> None:
        self._buffer = buffer
        self._names = names
        self._length = length

    def __enter__(self) -> IioBuffer:
        buffer = self._buffer
        buffer.select(*self._names)
        if self._length is not None:
            buffer.length = self._length
        buffer._selected = buffer._enabled_elements()
        buffer.enabled = True
        try:
            buffer.open()
        except BaseException:
            buffer.enabled = False
            raise
        return buffer

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        buffer = self._buffer
        buffer._selected = []
        machine = buffer._iio.path._machine
        if machine.closed or not machine.is_up:
            return
        buffer.close()
        buffer.enabled = False
