# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hardware: a bus's model, and what it saw of the driver."""

from __future__ import annotations

from ... import models
from ...errors import UsageError
from ...machine import current_machine
from ..backend.backend import Backend
from ..backend.i2c import I2CModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from ...machine import Machine
    from .mock import HwMock


KICK_SECONDS = 0.01
"""Virtual time in which what an interrupt starts comes to its end: some
hundred bytes on the bus."""


class Chip(models.I2CModel):
    """Stands on the board at every address, and asks an RFC's model."""

    model: I2CModel

    def read(self, length: int) -> bytes:
        """See ``I2CModel.read``."""
        return self.model.read(length)

    def write(self, data: bytes) -> None:
        """See ``I2CModel.write``; a message without bytes needs no model."""
        if data:
            self.model.write(data)


class Hardware:
    """The hardware on a bus, of which there is only "i2c".

    A context manager that closes it. Attributes that it does not have itself
    are the model's: ``hardware.method(...)`` calls the model's method and
    returns what that returns.
    """

    def __init__(self, bus: str) -> None:
        if bus != "i2c":
            raise UsageError(f'there is no bus {bus!r}: Hardware("i2c")')
        self.bus = bus
        self._model: I2CModel | None = None
        self._chip: Chip | None = None
        self._mock: HwMock | None = None
        self._backend: Backend | None = None
        self._machine: Machine | None = None

    def __enter__(self) -> Hardware:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def load_model(
        self, cls: Callable[..., I2CModel], *args: Any, **kwargs: Any
    ) -> Hardware:
        """Make a model, ``cls(*args, backend=..., **kwargs)``, and put it on
        the bus: it answers at every address. It takes the place of a model
        that was loaded before. Returns itself."""
        machine = self._machine = current_machine()
        if self._backend is None:
            self._backend = Backend(machine)
        self._model = cls(*args, backend=self._backend, **kwargs)
        for chip in machine.board.chips:
            if isinstance(chip, Chip):
                machine.board.detach(chip)
        # the name is what messages and the trace call it
        named: type[Chip] = type(cls.__name__, (Chip,), {})
        self._chip = named()
        self._chip.model = self._model
        machine.board.attach(self._chip, None)
        return self

    def close(self) -> None:
        """Take the model off the bus; once more does nothing."""
        chip, self._chip, self._model = self._chip, None, None
        if chip is not None and self._machine is not None:
            if chip.attached and not self._machine.closed:
                self._machine.board.detach(chip)

    def kick(self) -> None:
        """Let the guest run for KICK_SECONDS, so that it takes an interrupt
        and does what follows from it. Whenever a test waits for something in
        the guest it does so too."""
        current_machine().clock.advance(KICK_SECONDS)

    def update_mock(self) -> HwMock:
        """All register writes of the driver since this object was made, or
        ``reset_mock()``, as a MagicMock. Kicks first. It is the same object
        each time."""
        from .mock import HwMock

        if self._mock is None:
            self._mock = HwMock()
        self.kick()
        if self._backend is not None:
            self._backend.mock._replay(self._mock)
        return self._mock

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._model is None:
            raise AttributeError(
                f"{name}: Hardware has no such method, and no model is loaded"
            )
        value = getattr(self._model, name)
        return self._muted(value) if callable(value) else value

    def _muted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, called by the test: that is none of the driver's
        doing."""
        assert self._backend is not None
        return self._backend.mock._without(method)
