"""matminer's partial radial distribution functions, by a Python that has it.

matminer needs an older pandas: name a Python with it in SCATTERLAKE_MATMINER_PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

PYTHON = "SCATTERLAKE_MATMINER_PYTHON"
Partials = list[dict[tuple[str, str], Floats]]
SCRIPT = """
import json, sys, time, warnings
from statistics import median
warnings.simplefilter("ignore")
from pymatgen.core import Structure
from matminer.featurizers.structure import PartialRadialDistributionFunction

asked = json.load(sys.stdin)
structures = [Structure.from_dict(d) for d in asked["structures"]]
prdf = PartialRadialDistributionFunction(cutoff=asked["cutoff"], bin_size=asked["bin_size"])
prdf.compute_prdf(structures[0])
taken = []
for _ in range(asked["passes"]):
    start = time.perf_counter()
    found = [prdf.compute_prdf(s) for s in structures]
    taken.append(time.perf_counter() - start)
values = [[[str(a), str(b), list(v)] for (a, b), v in partials[1].items()] for partials in found]
print(json.dumps({"seconds": median(taken), "values": values}))
"""


def partials(
    structures: Sequence[Structure], cutoff: float, bin_size: float, passes: int
) -> tuple[float, Partials] | None:
    """Seconds (median of passes) and functions by pair; None when no Python is named.

    Args:
        structures: Ordered structures.
        cutoff: Angstrom.
        bin_size: Angstrom.
        passes: How often.
    """
    python = os.environ.get(PYTHON)
    if python is None:
        return None
    asked = {"cutoff": cutoff, "bin_size": bin_size, "passes": passes}
    answer = subprocess.run(
        [python, "-c", SCRIPT],
        input=json.dumps({**asked, "structures": [s.as_dict() for s in structures]}),
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(answer.stdout)
    values = [{(a, b): np.array(v) for a, b, v in blocks} for blocks in said["values"]]
    return said["seconds"], values
