# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drivers and devices, at the place that the RFC's tutorial named."""

from .sysfs import I2CDevice, I2CDriver, PlatformDevice, PlatformDriver

__all__ = ["I2CDevice", "I2CDriver", "PlatformDevice", "PlatformDriver"]
