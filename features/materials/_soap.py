"""Power spectra by dscribe's compiled core, on arrays; what ``soap`` and ``soap_sites`` share.

dscribe works through every species it was told of, for every atom. It is told of the classes that
a crystal holds, and the blocks of the others, which are zero, are put in here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from features.descriptor import Parameters
from features.materials._classes import CLASSES, class_by_number
from features.materials._grid import positive
from registry.errors import WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal

PARAMETERS: Parameters = {"r_cut": 5.0, "n_max": 6, "l_max": 4, "sigma": 0.5}
UNITS = {"r_cut": "angstrom", "n_max": "", "l_max": "", "sigma": "angstrom"}
SOURCE = (
    "Bartok, Kondor and Csanyi, Phys. Rev. B 87, 184115 (2013); De et al., Phys. Chem. "
    "Chem. Phys. 18, 13754 (2016)"
)
Average = Literal["outer", "off"]
LOADS = ("dscribe.descriptors", "dscribe.ext")
"""What the two descriptors load; scikit-learn and pandas come along."""
# dscribe wants atomic numbers; they serve as names of the classes and carry no weight
FIRST_NUMBER = 1


def spectra(crystal: Crystal, average: Average, **settings: Any) -> Floats:
    """Power spectra of the classes, shape ``(n_sites, width)``, or ``(1, width)`` averaged.

    Raises:
        Unsupported: When a site is shared or partly empty.
    """
    numbers = class_by_number()[crystal.ordered_numbers("soap")] + FIRST_NUMBER
    present = np.unique(numbers)
    core = _core(average, tuple(present.tolist()), **settings)
    n_rows = 1 if average == "outer" else len(crystal)
    block = width(settings) // len(CLASSES)
    compact = np.zeros((n_rows, len(present) * block))
    # dscribe misses neighbours of an atom that lies outside the cell
    inside = (crystal.positions % 1.0) @ crystal.lattice
    core.create(compact, inside, numbers, crystal.lattice, np.ones(3, dtype=bool), inside)
    rows = np.zeros((n_rows, len(CLASSES), block))
    rows[:, present - FIRST_NUMBER] = compact.reshape(n_rows, len(present), block)
    return rows.reshape(n_rows, -1)


@lru_cache(maxsize=256)
def _core(average: Average, species: tuple[int, ...], **settings: Any) -> Any:
    """dscribe's compiled SOAP for these species; its create() fills an array."""
    from dscribe.ext import SOAPGTO

    soap = power_spectrum(**settings)
    chosen = np.array(species) - FIRST_NUMBER
    return SOAPGTO(
        soap._r_cut,
        soap._n_max,
        soap._l_max,
        soap._eta,
        soap._weighting,
        average,
        soap.get_cutoff_padding(),
        soap._atomic_numbers[chosen],
        soap._species_weights[chosen],
        soap.periodic,
        soap.compression["mode"],
        soap._alphas.flatten(),
        soap._betas.flatten(),
    )


@lru_cache(maxsize=8)
def power_spectrum(r_cut: float, n_max: int, l_max: int, sigma: float) -> Any:
    """Return dscribe's SOAP for all classes; it prepares the radial functions, which is slow."""
    from dscribe.descriptors import SOAP

    return SOAP(
        r_cut=r_cut,
        n_max=n_max,
        l_max=l_max,
        sigma=sigma,
        species=[FIRST_NUMBER + n for n in range(len(CLASSES))],
        periodic=True,
        average="outer",
        compression={"mode": "mu1nu1", "species_weighting": None},
    )


def width(parameters: Parameters) -> int:
    """Length of a spectrum.

    Raises:
        WrongUse: For parameters that cannot be.
    """
    n_max, l_max = parameters["n_max"], parameters["l_max"]
    positive("sigma", parameters["sigma"])
    if not parameters["r_cut"] > 1:
        raise WrongUse("r_cut", "more than 1 angstrom", repr(parameters["r_cut"]))
    if not (isinstance(n_max, int) and n_max >= 1):
        raise WrongUse("n_max", "a whole number from 1", repr(n_max))
    if not (isinstance(l_max, int) and 0 <= l_max <= 20):
        raise WrongUse("l_max", "a whole number from 0 to 20", repr(l_max))
    return len(CLASSES) * n_max * n_max * (l_max + 1)
