# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels of an IIO device, and numbers as sysfs prints them.

Use it through :mod:`roadtest.iio`. The rules are those of
Documentation/ABI/testing/sysfs-bus-iio: an attribute may belong to a channel,
or be shared by all channels of its type, of its direction, or of the device;
and a processed value is (raw + offset) * scale.
"""

from __future__ import annotations

import decimal
import re

from .sysfs import as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from .iio import IioDevice

    Number = Union[int, decimal.Decimal]

def _exact() -> decimal.Context:
    """More digits than any product of two attributes has."""
    return decimal.Context(prec=200)


_NAME = re.compile(
    r"(?P<direction>in|out)_(?P<type>[a-z]+)(?P<index>\d+)?"
    r"(-(?P<type2>[a-z]+)(?P<index2>\d+)?)?(_(?P<modifier>.+))?"
)

VALUE_ATTRIBUTES = ("raw", "input")
"""What makes a name in sysfs that of a channel: its value."""


def number(text: str) -> Number:
    """A number of sysfs, exactly: an int, or a Decimal if it has a point.

    A unit behind it ("3.000000 dB") is dropped. ValueError for what is no
    number.
    """
    first = text.split(None, 1)[0] if text.strip() else text
    try:
        return int(first)
    except ValueError:
        pass
    try:
        return decimal.Decimal(first)
    except decimal.InvalidOperation:
        raise ValueError(f"no number: {text!r}") from None


class Range:
    """The range form of an ``_available`` attribute, "[min step max]":
    ``min``, ``step`` and ``max``, numbers. ``x in range`` asks."""

    __slots__ = ("min", "step", "max")

    def __init__(self, min: Number, step: Number, max: Number) -> None:
        self.min = min
        self.step = step
        self.max = max

    def __contains__(self, value: Number) -> bool:
        if not self.min <= value <= self.max:
            return False
        exact, number = _exact(), decimal.Decimal
        steps = exact.subtract(number(value), number(self.min))
        return exact.remainder(steps, number(self.step)) == 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        mine = (self.min, self.step, self.max)
        return mine == (other.min, other.step, other.max)

    def __repr__(self) -> str:
        return f"Range({self.min}, {self.step}, {self.max})"


def available(text: str) -> list[Number] | Range:
    """What an ``_available`` attribute says: a list, or a :class:`Range`.

    ValueError if it lists words.
    """
    inner = re.fullmatch(r"\s*\[(.*)\]\s*", text)
    if inner is not None:
        words = [number(word) for word in inner.group(1).split()]
        if len(words) != 3:
            raise ValueError(f"not a range, [min step max]: {text!r}")
        return Range(*words)
    return [number(word) for word in text.split()]


class _Attributes:
    """Attributes with names that may be shared."""

    def __init__(self, iio: IioDevice) -> None:
        self._iio = iio

    def _candidates(self, attribute: str) -> list[str]:
        raise NotImplementedError

    def find(self, attribute: str) -> str:
        """Name of the file that holds an attribute, the most specific one.

        FileNotFoundError when neither the channel nor what it shares
        attributes with has it.
        """
        names = self._candidates(attribute)
        for name in names:
            if name in self._iio:
                return name
        raise FileNotFoundError(
            f"{self._iio.path} has none of {', '.join(names)}"
        )

    def __contains__(self, attribute: str) -> bool:
        try:
            self.find(attribute)
        except FileNotFoundError:
            return False
        return True

    def __getitem__(self, attribute: str) -> str:
        for name in self._candidates(attribute):
            try:
                return self._iio[name]
            except FileNotFoundError:
                pass  # the next one; or the driver itself gave ENOENT
        return self._iio[self.find(attribute)]

    def __setitem__(
        self, attribute: str, value: str | int | decimal.Decimal
    ) -> None:
        self._iio[self.find(attribute)] = as_text(value)

    def number(self, attribute: str) -> Number:
        """An attribute as :func:`number`."""
        return number(self[attribute])


class IioChannel(_Attributes):
    """A channel, by the name that its attributes begin with, such as
    "in_illuminance", "in_voltage0-voltage1" or "in_accel_x".

    ``channel["scale"]`` is the text of the attribute, wherever it is shared;
    assigning writes it. ``direction`` ("in", "out"), ``type``
    ("illuminance"), ``index`` and ``index2`` (int or None), ``modifier``
    ("x", or what the driver appends to the name; None).
    """

    def __init__(self, iio: IioDevice, name: str) -> None:
        super().__init__(iio)
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(
                f'a channel is called "in_..." or "out_...", not {name!r}'
            )
        self.name = name
        self.direction = found["direction"]
        self.type = found["type"]
        self.index = _int(found["index"])
        self.type2: str | None = found["type2"]
        self.index2 = _int(found["index2"])
        self.modifier: str | None = found["modifier"]

    def __repr__(self) -> str:
        return f"<IioChannel {self.name}>"

    def _prefixes(self) -> list[str]:
        """With an underscore: the channel's own, by type, by direction, by
        all."""
        second = f"-{self.type2}" if self.type2 else ""
        by_type = f"{self.direction}_{self.type}{second}_"
        all = [f"{self.name}_", by_type, f"{self.direction}_", ""]
        return list(dict.fromkeys(all))

    def _candidates(self, attribute: str) -> list[str]:
        return [prefix + attribute for prefix in self._prefixes()]

    @property
    def raw(self) -> Number:
        """The raw value."""
        return self.number("raw")

    @property
    def scale(self) -> Number:
        """What to multiply with; 1 if the driver has no such attribute."""
        return self.number("scale") if "scale" in self else 1

    @property
    def offset(self) -> Number:
        """What to add before; 0 if the driver has no such attribute."""
        return self.number("offset") if "offset" in self else 0

    @property
    def processed(self) -> Number:
        """The value in the ABI's unit (lux, millivolt, ...): ``_input`` if
        there is one, else (raw + offset) * scale, without rounding."""
        files = set(self._iio)  # one call, in place of one for each name
        value = self._value("input", files, None)
        if value is not None:
            return value
        raw = self.raw
        offset = self._value("offset", files, 0)
        scale = self._value("scale", files, 1)
        assert offset is not None and scale is not None
        if all(isinstance(n, int) for n in (raw, offset, scale)):
            return (raw + offset) * scale
        exact, number = _exact(), decimal.Decimal
        total = exact.add(number(raw), number(offset))
        return exact.multiply(total, number(scale))

    def _value(
        self, attribute: str, files: set[str], default: Number | None
    ) -> Number | None:
        """The attribute, looked for among these files only."""
        for name in self._candidates(attribute):
            if name in files:
                return number(self._iio[name])
        return default

    def available(self, attribute: str) -> list[Number] | Range:
        """What the attribute may be set to: see :func:`available`."""
        return available(self[f"{attribute}_available"])

    def event(self, type: str, direction: str | None = None) -> IioEventSetting:
        """The attributes of an event: ``channel.event("thresh", "rising")``.
        ``direction`` None for events that have none in their names."""
        return IioEventSetting(self, type, direction)


class IioEventSetting(_Attributes):
    """The attributes below ``events/`` that set up one event of a channel:
    ``event["value"] = 100``, ``event["en"]``, ``event["period"]``."""

    def __init__(
        self, channel: IioChannel, type: str, direction: str | None
    ) -> None:
        super().__init__(channel._iio)
        self.channel = channel
        self.name = f"{type}_{direction}" if direction else type
        """Such as "thresh_rising"."""

    def __repr__(self) -> str:
        return f"<IioEventSetting {self.channel.name}_{self.name}>"

    def _candidates(self, attribute: str) -> list[str]:
        tail = f"{self.name}_{attribute}"
        return [f"events/{prefix}{tail}" for prefix in self.channel._prefixes()]

    @property
    def value(self) -> Number:
        """The threshold, rate or magnitude, in raw units if the channel has
        a raw value."""
        return self.number("value")

    @value.setter
    def value(self, value: str | Number) -> None:
        self["value"] = value

    @property
    def enabled(self) -> bool:
        """Is it on?"""
        return self["en"] == "1"

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self["en"] = int(on)


def _int(text: str | None) -> int | None:
    return None if text is None else int(text)


def channel_names(files: list[str]) -> list[str]:
    """Names of the channels that have a value, of the files in the device's
    directory; sorted."""
    tails = tuple(f"_{name}" for name in VALUE_ATTRIBUTES)
    found = set()
    for name in files:
        for tail in tails:
            channel = name[: -len(tail)]
            if name.endswith(tail) and _NAME.fullmatch(channel):
                found.add(channel)
    return sorted(found)
