from errno import ETIMEDOUT
from roadtest import Device, TestCase
from roadtest.models import Register, RegisterModel


class OPT3001(RegisterModel):  # TI OPT3001 light sensor, datasheet SBOS681
    value_bytes, answers = 2, True
    RESULT = Register(0x00, access="ro")
    CONFIG = Register(0x01, reset=0xC810, fields={"M": (10, 9), "CRF": 7})
    LOW, HIGH, VENDOR, CHIP = map(Register, (0x02, 0x03, 0x7E, 0x7F))

    @CONFIG.on_write
    def start_conversion(self, config):
        if config.M == 1 and self.answers:
            self.after(0.8, self.done)  # seconds, of the guest's time

    def done(self):
        self.RESULT.value, self.CONFIG.CRF, self.CONFIG.M = 0x3456, 1, 0


class Light(TestCase):
    device = Device("ti,opt3001", model=OPT3001)

    def test_illuminance(self):
        self.assertEqual(self.dev.iio["in_illuminance_input"], "88.800000")

    def test_sensor_that_never_answers(self):
        self.chip.answers = False
        with self.assertGuestError(ETIMEDOUT):
            self.dev.iio["in_illuminance_input"]
