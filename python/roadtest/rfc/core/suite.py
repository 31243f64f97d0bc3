# SPDX-License-Identifier: LGPL-2.1-or-later
"""UMLTestCase."""

from __future__ import annotations

from ...device import DtFragment
from ...testcase import TestCase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class UMLTestCase(TestCase):
    """A test class with a guest.

    ``dts``: the class's devicetree fragment. ``run_separately``: each test
    gets a guest of its own; else the tests of the class share one. Subclasses
    override ``setUpClass``, ``setUp`` and so on without ``super()``, and may
    use the guest in each.

    It is a :class:`roadtest.TestCase`, so that its tests have ``self.clock``,
    ``self.guest`` and ``self.board`` too. The older names of unittest's
    assertions, which Python 3.12 has no more, are there.
    """

    dts: DtFragment
    run_separately: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.run_separately:
            cls.isolate = "test"

    # unittest's own, until Python 3.11, warn.
    assertEquals = TestCase.assertEqual
    assertNotEquals = TestCase.assertNotEqual
    assert_ = TestCase.assertTrue
    assertAlmostEquals = TestCase.assertAlmostEqual
    assertNotAlmostEquals = TestCase.assertNotAlmostEqual
    assertRegexpMatches = TestCase.assertRegex
    assertNotRegexpMatches = TestCase.assertNotRegex
    assertRaisesRegexp = TestCase.assertRaisesRegex
