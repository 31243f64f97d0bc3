# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drivers, at the place that the RFC's tutorial named."""

from .sysfs import I2CDriver, PlatformDriver

__all__ = ["I2CDriver", "PlatformDriver"]
