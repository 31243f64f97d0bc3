# SPDX-License-Identifier: LGPL-2.1-or-later
"""TI TPS62864, TPS62866, TPS62868 and TPS62869, step-down converters.

From the datasheets SLVSEI1C (TPS62864, TPS62866) and SLVSFS3B (TPS62868,
TPS62869), whose register maps are the same; section numbers in comments are
those of both. Of the variants that differ in range, this is the one with steps
of 5 mV. Not modelled: the pins EN, VID and VSET, and what the analogue side
does.
"""

from roadtest.models import Register, RegisterModel

LOWEST, HIGHEST, STEP = 400_000, 1_675_000, 5_000  # 8.6.3, microvolts


class TPS6286x(RegisterModel):
    """Register map of 8.6. An access is one register long (8.5.4)."""

    VOUT1 = Register(0x01, reset=0x64)
    VOUT2 = Register(0x02, reset=0x64)
    CONTROL = Register(
        0x03,
        reset=0x6F,
        fields={
            "RESET": 7, "FPWM_AT_CHANGE": 6, "SWEN": 5, "FPWM": 4,
            "DISCHARGE": 3, "HICCUP": 2, "RAMP": (1, 0),
        },
    )  # fmt: skip
    STATUS = Register(
        0x05, access="ro", rc=0x19,
        fields={"THERMAL": 4, "HICCUP": 3, "UVLO": 0},
    )  # fmt: skip

    @CONTROL.on_write
    def reset_by_software(self, control):
        if control.RESET:  # 8.5.5
            self.reset()

    @property
    def microvolts(self):
        """The voltage that VOUT register 1 asks for (8.6.3)."""
        return LOWEST + self.VOUT1.value * STEP
