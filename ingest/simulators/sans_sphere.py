"""Small-angle neutron scattering of spheres."""

from __future__ import annotations

from ingest.simulators._small_angle import SPHERE, small_angle

SIMULATOR = small_angle("sans_sphere", "sans", SPHERE)
