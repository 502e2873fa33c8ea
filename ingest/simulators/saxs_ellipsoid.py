"""Small-angle X-ray scattering of ellipsoids of revolution."""

from __future__ import annotations

from ingest.simulators._small_angle import ELLIPSOID, small_angle

SIMULATOR = small_angle("saxs_ellipsoid", "saxs", ELLIPSOID)
