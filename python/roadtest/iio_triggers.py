# SPDX-License-Identifier: LGPL-2.1-or-later
"""Triggers of the IIO subsystem, those of devices and those made by software.

Use it through :mod:`roadtest.iio`.
"""

from __future__ import annotations

from .errors import NoDeviceError
from .guest import Guest, GuestPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICES = "sys/bus/iio/devices"
CONFIGFS = "sys/kernel/config"


class IioTrigger:
    """A trigger: ``path`` is its directory in sysfs, ``name`` what a device's
    ``current_trigger`` is set to. ``str()`` gives the name."""

    def __init__(self, path: GuestPath) -> None:
        self.path = path
        self.name = (path / "name").read_text().strip()

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<IioTrigger {self.name}>"


def triggers(guest: Guest) -> Iterator[IioTrigger]:
    """All triggers of the guest."""
    paths = list((guest / DEVICES).glob("trigger*"))
    return iter([IioTrigger(path) for path in paths])


def find_trigger(
    guest: Guest, name: str | None = None, parent: GuestPath | None = None
) -> IioTrigger:
    """The trigger with this name, or the one of this device (the bus
    device, such as ``self.dev``). NoDeviceError when there is none."""
    if parent is not None:
        for path in parent.glob("trigger*"):
            return IioTrigger(path)
        raise NoDeviceError(f"{parent} has no trigger")
    found = {trigger.name: trigger for trigger in triggers(guest)}
    if name in found:
        return found[name]
    known = ", ".join(found) or "none"
    raise NoDeviceError(f"no trigger is called {name!r} (there is: {known})")


class SysfsTrigger(IioTrigger):
    """A trigger that fires when the test says so (iio-trig-sysfs). Removed
    after the test."""

    def __init__(self, guest: Guest, number: int = 0) -> None:
        guest.insmod("iio-trig-sysfs")
        control = guest / DEVICES / "iio_sysfs_trigger"
        (control / "add_trigger").write_text(str(number))
        guest._machine.undo(
            f"remove sysfs trigger {number}",
            lambda: (control / "remove_trigger").write_text(str(number)),
        )
        super().__init__(find_trigger(guest, f"sysfstrig{number}").path)

    def fire(self) -> None:
        """Trigger now: devices act with the kernel's next tick, up to 10 ms
        of the clock later."""
        (self.path / "trigger_now").write_text("1")


class HrtimerTrigger(IioTrigger):
    """A trigger that fires with a frequency in hertz, on the guest's clock
    (iio-trig-hrtimer, made in configfs).

    It stays: to remove one is a use after free in the kernel (up to 7.2 at
    least, docs/findings.md). So the guest is replaced after the test.
    """

    def __init__(
        self, guest: Guest, name: str = "timer", frequency: int | str = 100
    ) -> None:
        mount = guest / CONFIGFS
        if not (mount / "iio").exists():
            guest.insmod("iio-trig-hrtimer")
            if not (mount / "iio").exists():
                guest.mount("none", mount, "configfs")
        directory = mount / "iio/triggers/hrtimer" / name
        directory.mkdir()
        super().__init__(find_trigger(guest, name).path)
        self.set_frequency(frequency)

    @property
    def frequency(self) -> str:
        """How often it fires, in hertz, as sysfs has it."""
        return (self.path / "sampling_frequency").read_text().strip()

    def set_frequency(self, hertz: int | str) -> None:
        """Let it fire so often, in hertz."""
        (self.path / "sampling_frequency").write_text(str(hertz))
