# SPDX-License-Identifier: LGPL-2.1-or-later
"""The vocabulary of the 2022 RFC, on top of this package.

A test file that was written for the RFC "roadtest: a driver testing framework"
runs when its import lines say ``roadtest.rfc.`` instead of ``roadtest.``:

================================= ========================================
``roadtest.rfc.backend.i2c``      models of chips
``roadtest.rfc.core.devicetree``  fragments
``roadtest.rfc.core.hardware``    ``Hardware``: the model and what it saw
``roadtest.rfc.core.modules``     kernel modules
``roadtest.rfc.core.suite``       ``UMLTestCase``
``roadtest.rfc.core.sysfs``       drivers, and files of the guest
``roadtest.rfc.support``          ``iio`` and ``rtc``
================================= ========================================

A new test has no use for it: see docs/from-the-rfc.md.
"""
