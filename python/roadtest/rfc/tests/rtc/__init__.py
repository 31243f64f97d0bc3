# SPDX-License-Identifier: LGPL-2.1-or-later
"""``from roadtest.rfc.tests.rtc import rtc``, as the RFC's tests had it."""

from ...support import rtc as rtc
