# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fragments of devicetree source."""

from ...device import DtFragment, DtVar

__all__ = ["DtFragment", "DtVar"]
