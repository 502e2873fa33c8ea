"""scatterlake: data lake, feature store and model registry for neutron and X-ray scattering.

>>> import scatterlake as sl
>>> lake = sl.open("demo-lake")
>>> lake.sql("select technique, count(*) as n from spectra group by technique").to_pandas()
"""

from __future__ import annotations

from pathlib import Path

from scatterlake._rooms import check_rooms

check_rooms()

from registry.errors import ScatterlakeError  # noqa: E402 - only after the rooms were checked
from registry.lake import Lake  # noqa: E402

__all__ = ["Lake", "ScatterlakeError", "__version__", "open"]
__version__ = "0.1.0"


def open(path: str | Path) -> Lake:  # noqa: A001 - sl.open reads as what it does
    """Open the lake in a folder, creating it when the folder is missing or empty.

    Raises:
        LakeError: When the folder holds something else, or a lake of a newer version.
    """
    return Lake.open(path)
