"""What every process that describes needs: imported once, by the server they are forked from."""

from __future__ import annotations

import pymatgen.core  # noqa: F401 - the elements, which take longest

import features.describe  # noqa: F401
from features.descriptor import descriptors

descriptors()
