# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands behind the bus: models and what they can use."""
