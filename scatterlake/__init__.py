"""scatterlake: data lake, feature store and model registry for neutron and X-ray scattering.

>>> import scatterlake as sl
>>> lake = sl.open("demo-lake")
>>> lake.sql("select technique, count(*) as n from spectra group by technique").to_pandas()
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from scatterlake._rooms import check_rooms

check_rooms()

from registry.errors import ScatterlakeError  # noqa: E402 - only after the rooms were checked
from registry.lake import Lake  # noqa: E402
from registry.query.sql import Limits  # noqa: E402

__all__ = ["Lake", "Limits", "ScatterlakeError", "__version__", "open"]
__version__ = "0.1.0"


def open(  # noqa: A001 - sl.open reads as what it does
    uri: str | os.PathLike[str],
    options: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Lake:
    """Open a lake, creating it when its folder or bucket prefix is missing or empty.

    Args:
        uri: A folder, or ``s3://bucket/prefix``.
        options: How to reach a bucket, such as ``aws_endpoint_url``; else from the environment.
        limits: Memory and time a query may use.

    Raises:
        LakeError: When something else is there, or a lake of a newer version.
    """
    return Lake.open(uri, options, limits)
