# SPDX-License-Identifier: LGPL-2.1-or-later
"""Places at which the RFC kept helpers of subsystems, beside its tests."""
