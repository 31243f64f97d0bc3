# SPDX-License-Identifier: LGPL-2.1-or-later
"""Suspend and resume of the system, and runtime power management."""

from __future__ import annotations

import errno

from .errors import GuestError, MachineGone, UsageError, guest_error
from .machine import current_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from .calls import Pending
    from .guest import GuestPath
    from .machine import Machine

LEVELS = ("freezer", "devices", "platform", "processors", "core")
"""How far a suspend of the kernel's pm_test goes, by depth: tasks are frozen;
devices are suspended; with their "late" and "noirq" callbacks; other
processors are off; interrupts are off and the system core is suspended. The
last two want ``state="mem"``."""

_STEP = 0.01  # seconds; a jiffy: HZ is 100
_STATS = ("failed_resume", "failed_resume_early", "failed_resume_noirq")


class suspended:
    """A context manager: the system sleeps in the block, and works again
    after it::

        with suspended() as sleep:
            self.assertEqual(self.chip.CONFIG.SD, 1)
        self.assertEqual(self.chip.CONFIG.SD, 0)

    ``level``: one of :data:`LEVELS`; ``state``: "freeze" or "mem". It is the
    kernel's own test of suspend (/sys/power/pm_test): devices are suspended,
    the kernel waits 5 s of virtual time and resumes them; the block runs
    2.5 s after the start. It may look at models, lines and traffic and set
    them; guest calls in it end only when the system has resumed. What the
    driver did on the way down and up is in ``chip.traffic()``. No interrupt
    of a chip ends the sleep: the kernel's virtio GPIO driver has none that
    wake.

    From level "platform" on a driver can't be tested that uses its bus or its
    interrupt in its "late" or "noirq" callbacks, or whose interrupt may wake
    the system (``wakeup-source``): the kernel's virtio drivers lose what is
    asked of them there, and the call ends at its limit, with a message that
    says so.

    Raises GuestError with the errno that a device's suspend gave; the message
    names the device and the step. A device that fails to resume, which the
    kernel only logs, is an AssertionError.
    """

    def __init__(self, level: str = "devices", state: str = "freeze") -> None:
        if level not in LEVELS:
            raise UsageError(f"level is one of {', '.join(LEVELS)}: {level}")
        self._level = level
        self._state = state
        self._machine: Machine
        self._pending: Pending
        self._failed: dict[str, str] = {}

    def __enter__(self) -> suspended:
        self._machine = machine = current_machine()
        self._failed = self._stats()
        machine.undo(
            "pm_test", lambda: self._set_level("none"), key="pm_test"
        )
        delay = machine.guest.path(
            "/sys/module/suspend/parameters/pm_test_delay"
        )
        seconds = int(delay.read_text())
        self._set_level(self._level)
        self._pending = machine.guest.start.write_text(
            "/sys/power/state", self._state
        )
        machine.clock.advance(seconds / 2)
        if self._pending.done:
            self._end()
            raise AssertionError(
                f"the system did not stay asleep for {seconds / 2} s: "
                "something woke it"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._machine.is_up:
            return
        if error is None:
            self._end()
            return
        self._pending.wait()
        self._set_level("none")

    def _set_level(self, level: str) -> None:
        self._machine.guest.path("/sys/power/pm_test").write_text(level)

    def _stats(self) -> dict[str, str]:
        stats = self._machine.guest.path("/sys/power/suspend_stats")
        return {
            name: (stats / name).read_text().strip()
            for name in (*_STATS, "last_failed_dev", "last_failed_step")
        }

    def _end(self) -> None:
        """Wait for the resume, and look whether all went well."""
        try:
            self._pending.result()
        except GuestError as error:
            raise self._explained(error) from None
        finally:
            self._set_level("none")
        now = self._stats()
        for name in _STATS:
            if now[name] != self._failed[name]:
                raise AssertionError(
                    f"{now['last_failed_dev'] or 'a device'} failed to "
                    f"resume (/sys/power/suspend_stats/{name}); the kernel's "
                    "log says with which error"
                )

    def _explained(self, error: GuestError) -> GuestError:
        now = self._stats()
        who, step = now["last_failed_dev"], now["last_failed_step"]
        if not who:
            return error
        return guest_error(
            error.errno or errno.EIO,
            "/sys/power/state",
            f"{who} refused to sleep, at {step}",
        )


class powered_off:
    """A context manager: the guest is powered off in the block, by a driver or
    a program::

        with powered_off():
            self.chip.TEMP.value = 125  # above its critical temperature
            self.clock.advance(60)

    The call in which that happens ends the block. AssertionError if it does
    not happen. The machine has ended then, which is no failure, and the next
    test gets a new one. To power the guest off is :meth:`Guest.power_off`.
    """

    def __enter__(self) -> powered_off:
        self._machine = current_machine()
        self._machine.expect_power_off()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None and not self._machine.is_off:
            raise AssertionError("the guest was not powered off in the block")
        return isinstance(error, MachineGone) and self._machine.is_off


class RuntimePower:
    """Runtime power management of a device: ``self.dev.power``."""

    def __init__(self, device: GuestPath) -> None:
        self._device = device

    def _text(self, name: str) -> str:
        return (self._device / "power" / name).read_text().strip()

    @property
    def status(self) -> str:
        """"active", "suspended", "suspending", "resuming", "error" or
        "unsupported" (the driver does not enable runtime PM)."""
        return self._text("runtime_status")

    @property
    def control(self) -> str:
        """"auto": the driver decides; "on": it is kept awake. Set it."""
        return self._text("control")

    @control.setter
    def control(self, value: str) -> None:
        (self._device / "power/control").write_text(value)

    @property
    def autosuspend_delay(self) -> float | None:
        """Seconds without use until it is suspended; None: the driver does
        not use autosuspend. Set it (whole milliseconds; negative: never).

        The kernel lets a delay of a second or more expire up to a quarter
        late.
        """
        try:
            return int(self._text("autosuspend_delay_ms")) / 1000
        except GuestError as error:
            if error.errno != errno.EIO:
                raise
            return None

    @autosuspend_delay.setter
    def autosuspend_delay(self, seconds: float) -> None:
        file = self._device / "power/autosuspend_delay_ms"
        file.write_text(str(round(seconds * 1000)))

    @property
    def active_time(self) -> float:
        """Seconds that it was active so far, in steps of a millisecond."""
        return int(self._text("runtime_active_time")) / 1000

    @property
    def suspended_time(self) -> float:
        """Seconds that it was suspended so far, in steps of a millisecond."""
        return int(self._text("runtime_suspended_time")) / 1000

    def wait(self, status: str, limit: float = 10.0) -> float:
        """Advance the clock until it has this status. Returns the seconds
        that it took, in steps of 10 ms; AssertionError past ``limit``."""
        clock = current_machine().clock
        try:
            return clock.wait_for(lambda: self.status == status, limit, _STEP)
        except AssertionError:
            raise AssertionError(
                f"{self._device.name} is {self.status}, not {status}, "
                f"after {limit} s"
            ) from None
