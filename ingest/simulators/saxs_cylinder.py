"""Small-angle X-ray scattering of cylinders in all directions."""

from __future__ import annotations

from ingest.simulators._small_angle import CYLINDER, small_angle

SIMULATOR = small_angle("saxs_cylinder", "saxs", CYLINDER)
