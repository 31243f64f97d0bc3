# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device on a bus of the guest, as the driver model shows it in sysfs."""

from __future__ import annotations

import errno
import re

from . import _roadtest
from .aliases import modules_by_alias
from .errors import GuestError, NoDriverError, guest_error
from .guest import GuestPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from .hwmon import HwmonDevice
    from .iio import IioDevice
    from .machine import Machine
    from .messages import Messages
    from .power import RuntimePower
    from .regulator import Regulator
    from .rtc import Rtc


class Probing:
    """A context manager around the binding of the device called ``id``. Where
    assertGuestError() waits for the outcome, a GuestError says in ``probed``
    whether the kernel called a probe function: a driver that does not match,
    or a device that is bound already, give an errno too. The kernel prints
    so with its parameter initcall_debug."""

    def __init__(self, machine: Machine, id: str) -> None:
        self._machine = machine
        self._said = f"probe of {id} returned "
        self._on = GuestError.wanted > 0
        self._mark = 0

    def _debug(self, value: bytes) -> None:
        path = "/sys/module/kernel/parameters/initcall_debug"
        self._machine.write_file(path, value)

    def __enter__(self) -> None:
        if self._on:
            self._debug(b"1")
            self._mark = self._machine.log_mark()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._on or not self._machine.is_up:
            return
        self._debug(b"0")
        if isinstance(error, GuestError):
            error.probed = self._said in self._machine.log_since(self._mark)


class BusDevice(GuestPath):
    """A device on a bus: its directory in the guest's sysfs, and what the
    driver model can do with it.

    ``self.dev`` of a test is one; :func:`roadtest.driver.platform_device` and
    :func:`roadtest.driver.i2c_device` give others.
    """

    __slots__ = ("_iio", "_hwmon", "_rtc", "_old_rtc")

    def __init__(self, machine: Machine, path: str | GuestPath) -> None:
        super().__init__(machine, path)
        self._iio: IioDevice | None = None
        self._hwmon: HwmonDevice | None = None
        self._rtc: Rtc | None = None
        self._old_rtc: Rtc | None = None

    @property
    def path(self) -> GuestPath:
        """Its directory in sysfs: the device itself is that path, too."""
        return self._at(str(self))

    @property
    def iio(self) -> IioDevice:
        """The IIO device that the driver registered, found by its parent; see
        :func:`roadtest.iio.find`."""
        if self._iio is None:
            from .iio import find

            self._iio = find(self)
        return self._iio

    @property
    def hwmon(self) -> HwmonDevice:
        """The hwmon device that the driver registered, found by its parent;
        see :func:`roadtest.hwmon.find`."""
        if self._hwmon is None:
            from .hwmon import find

            self._hwmon = find(self)
        return self._hwmon

    @property
    def regulator(self) -> Regulator:
        """The first regulator that the driver registered, found by its
        parent; :func:`roadtest.regulator.find` finds one by name."""
        from .regulator import find

        return find(self)

    @property
    def rtc(self) -> Rtc:
        """The RTC that the driver registered, found by its parent; see
        :func:`roadtest.rtc.find`."""
        if self._rtc is None:
            from .rtc import find

            self._rtc = find(self)
        return self._rtc

    @property
    def id(self) -> str:
        """Name on the bus, such as "0-0044"."""
        return self.name

    @property
    def bus(self) -> GuestPath:
        """Directory of its bus, such as /sys/bus/i2c."""
        return self._at(f"/sys/bus/{(self / 'subsystem').readlink().name}")

    @property
    def driver(self) -> str | None:
        """Name of the driver that is bound, None when there is none."""
        return self._link("driver")

    @property
    def module(self) -> str | None:
        """Name of the module that the bound driver is of; None when there is
        no driver, or when it is built in."""
        return self._link("driver/module")

    def _link(self, name: str) -> str | None:
        try:
            return (self / name).readlink().name
        except FileNotFoundError:
            return None

    @property
    def uevent(self) -> dict[str, str]:
        """What the kernel tells udev of it: "DRIVER", "OF_NAME", "MODALIAS"
        and so on."""
        lines = (self / "uevent").read_text().splitlines()
        return dict(_split(line) for line in lines)

    @property
    def modalias(self) -> str:
        """The alias by which udev loads its module: MODALIAS of its uevent;
        "" when it has none."""
        return self.uevent.get("MODALIAS", "")

    def messages(self) -> Messages:
        """What drivers have printed about it (``dev_err()`` and the like)
        since the test began, or in a ``with`` block; see
        :class:`roadtest.messages.Messages`."""
        from .messages import Messages

        return Messages(self._machine, self.id)

    @property
    def power(self) -> RuntimePower:
        """Its runtime power management."""
        from .power import RuntimePower

        return RuntimePower(self)

    def autoload(self) -> list[str]:
        """Load what udev would load for it: every module that has its
        modalias, with dependencies. It binds nothing, unless autoprobe is on.

        Returns the modules that have the alias, sorted; none is built in.
        NoDriverError when no module has it.
        """
        alias = self.modalias
        names = modules_by_alias(self._machine, alias)
        if not names:
            raise _no_module(self, alias)
        self._machine.module_load(alias, None)
        return names

    @property
    def autoloads(self) -> bool:
        """Would its driver be there on a real board? That is, has its module, or
        one that needs that, the device's modalias, or is the driver that is bound
        built in."""
        alias, driver, module = self.modalias, self.driver, self.module
        brought = set(modules_by_alias(self._machine, alias)) if alias else set()
        if driver is None or module is None:
            return bool(brought) or driver is not None
        holders = self._at(f"/sys/module/{module}/holders").iterdir()
        return not brought.isdisjoint({module, *(path.name for path in holders)})

    def bind(self, driver: str | None = None) -> None:
        """Bind it to ``driver``, or to the one that its modalias brings (see
        :meth:`autoload`), or its I2C name, or one that is loaded or built in
        and matches.

        Raises GuestError with the errno of the driver's probe (EAGAIN when it
        deferred); ENODEV also when the driver does not match; NoDriverError
        when there is none. Unbound after the test.
        """
        self._before_bind()
        named = [driver] if driver is not None else self._drivers()
        names = named or self._all_drivers()
        for name in names:
            mark = self._machine.log_mark()
            try:
                with Probing(self._machine, self.id):
                    self._bind_to(name, mark)
            except GuestError as error:
                failed = self._probe_failed(name, error, mark)
                took = error.errno != errno.ENODEV or "\n" in str(failed)
                if took or name == names[-1]:
                    if not took and not named:
                        failed = _no_module(self, self.modalias)
                    raise failed from None
            else:
                break
        self._bound()

    def _bind_to(self, name: str, mark: int) -> None:
        driver = self.bus / "drivers" / name
        try:
            (driver / "bind").write_text(self.id)
        except FileNotFoundError:
            # suppress_bind_attrs: the bus probes with it all the same.
            if not driver.exists():
                raise
            if not self.probe():
                said = f": probe with driver {name} failed with error -"
                number = self._machine.log_since(mark).partition(said)[2]
                found = re.match(r"\d+", number)
                raise guest_error(
                    int(found[0]) if found else errno.ENODEV, str(self)
                ) from None

    def _bound(self) -> None:
        """A driver is bound: not after the test."""
        self._machine.undo(
            f"unbind {self.id}", self._unbind_if_bound, key=self._undo_key
        )

    @property
    def _undo_key(self) -> object:
        return ("bind", str(self))

    def _probe_failed(
        self, driver: str, error: GuestError, mark: int
    ) -> GuestError | NoDriverError:
        if not (self.bus / "drivers" / driver).exists():
            return no_driver(self.bus.name, driver)
        # dev_err() and its kin write "DRIVER DEVICE: TEXT".
        said = [
            f"\n  {line}"
            for line in self._machine.log_since(mark).splitlines()
            if f" {self.id}: " in line and ": probe with driver " not in line
        ]
        number = error.errno or errno.EIO
        failed = guest_error(
            number,
            str(self),
            f"{self}: the probe of {driver} failed with "
            + "".join([_roadtest.strerror(number), *said]),
        )
        failed.probed = error.probed
        return failed

    def _drivers(self) -> list[str]:
        """Names of the drivers of this bus that may take it: those in the
        modules of its alias, else in those of its I2C name."""
        prefix = self.bus.name + ":"
        for alias in self._aliases():
            modules = modules_by_alias(self._machine, alias)
            if modules:
                self._machine.module_load(alias, None)
            paths = [
                path
                for module in modules
                for path in self._at("/sys/module").glob(
                    f"{module}/drivers/{prefix}*"
                )
            ]
            # The core of several drivers may have the table of them all.
            if paths:
                return [path.name.removeprefix(prefix) for path in paths]
        return []

    def _all_drivers(self) -> list[str]:
        """Names of all drivers of its bus."""
        names = [path.name for path in (self.bus / "drivers").glob("*")]
        if not names:
            raise _no_module(self, self.modalias)
        return names

    def _aliases(self) -> list[str]:
        """By which its module may be found: what udev is told, and what the
        kernel matches by as well."""
        aliases = [self.modalias]
        if self.bus.name == "i2c":
            aliases.append(f"i2c:{(self / 'name').read_text().strip()}")
        return [alias for alias in aliases if alias]

    def unbind(self) -> None:
        """Unbind the driver; one with suppress_bind_attrs, which has no file
        for that, is unbound by unloading its module. NoDriverError when none
        is bound."""
        self._forget()
        try:
            (self / "driver/unbind").write_text(self.id)
        except FileNotFoundError:
            if self.driver is None:
                raise NoDriverError(f"{self} has no driver") from None
            self._unload()
        self._machine.undone(self._undo_key)

    def _unload(self) -> None:
        module = self.module
        if module is None:
            raise NoDriverError(
                f"{self}: its driver is built in and can't be unbound "
                "(suppress_bind_attrs)"
            )
        self._machine.module_unload(module)

    def rebind(self) -> None:
        """Unbind the driver and bind the same one again. NoDriverError when
        none is bound; GuestError with the errno of its probe."""
        driver = self.driver
        self.unbind()
        self.bind(driver)

    def reload(self, params: str = "") -> None:
        """Unload the module of the bound driver under it, load it again with
        ``params`` ("a=1 b=2") and bind again.

        Raises NoDriverError when no driver is bound or it is built in;
        GuestError EAGAIN when the module is in use (an open file), else with
        the errno of the module's init, or of the driver's probe.
        """
        driver, module = self.driver, self.module
        if driver is None or module is None:
            raise NoDriverError(f"{self} has no driver of a module")
        self._machine.module_unload(module)
        self._machine.module_load(module, params or None)
        self.bind(driver)

    def probe(self) -> bool:
        """Let the bus find a driver among those that are loaded, as it does by
        itself on hardware. Is one bound then?

        The errors of probes show in the kernel's log only. A probe that
        defers leaves the device in :func:`roadtest.driver.deferred`, and the
        kernel tries again when another driver has bound, if autoprobe is on
        for the bus (:func:`roadtest.driver.autoprobe`).
        """
        self._before_bind()
        try:
            (self.bus / "drivers_probe").write_text(self.id)
        except GuestError as error:
            if error.errno != errno.EINVAL:  # no driver took it
                raise
        bound = self.driver is not None
        if bound:
            self._bound()
        return bound

    def _forget(self) -> None:
        """Drop what belongs to the driver that was bound."""
        self._old_rtc = self._rtc or self._old_rtc
        self._iio = self._hwmon = self._rtc = None

    def _before_bind(self) -> None:
        """A clock that is gone keeps its number as long as its device is
        open, and there are 16."""
        self._forget()
        if self._old_rtc is not None:
            self._old_rtc.close()
            self._old_rtc = None

    def _unbind_if_bound(self) -> None:
        try:
            (self / "driver/unbind").write_text(self.id)
        except GuestError as error:
            if error.errno == errno.ENOENT and self.module is not None:
                self._unload()
            elif error.errno not in (errno.ENODEV, errno.ENOENT):
                raise


def no_driver(bus: str, name: str) -> NoDriverError:
    """For a driver by its name."""
    return NoDriverError(
        f"there is no driver {name} on the bus {bus}: is its module loaded "
        "(insmod), and is that the name of the driver, not of the module?",
    )


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name, value


def _no_module(device: BusDevice, alias: str) -> NoDriverError:
    return NoDriverError(
        f'{device}: no module of this kernel has the alias "{alias}": is the '
        "driver =m in the suite's config, and has its match table the entry?",
    )


def coldplug(machine: Machine) -> list[str]:
    """Load the modules of every device in the guest by its modalias, as udev
    does at start-up. What no module has an alias for is passed over.

    Returns the aliases that brought a module. GuestError with the errno of a
    module's init.
    """
    found: list[str] = []
    for path in machine.glob("/sys/bus/*/devices/*/uevent"):
        alias = BusDevice(machine, path[: -len("/uevent")]).modalias
        if alias not in found and modules_by_alias(machine, alias):
            machine.module_load(alias, None)
            found.append(alias)
    return found
