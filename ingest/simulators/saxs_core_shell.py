"""Small-angle X-ray scattering of spheres with a shell."""

from __future__ import annotations

from ingest.simulators._small_angle import CORE_SHELL, small_angle

SIMULATOR = small_angle("saxs_core_shell", "saxs", CORE_SHELL)
