# SPDX-License-Identifier: LGPL-2.1-or-later
"""``from roadtest.rfc.tests.iio import iio``, as the RFC's tests had it."""

from ...support import iio as iio
