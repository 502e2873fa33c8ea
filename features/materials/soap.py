"""Smooth overlap of atomic positions: the mean power spectrum of the local densities.

Around every atom the density of each class of elements, one Gaussian of width ``sigma`` per atom,
is expanded in ``n_max`` radial functions and spherical harmonics up to ``l_max``; with c the
coefficients

    p_n,n',l (a) = pi sqrt(8 / (2 l + 1)) sum_m c_nlm(a) * sum_b c_n'lm(b),

averaged over the atoms of the cell after squaring ('outer'), so that orientations of different
sites do not cancel. Elements are mapped to the seven classes of ``_classes``: the length does not
depend on the chemistry. One factor is summed over the classes (compression 'mu1nu1' of Darby,
Kermode and Csanyi, npj Comput. Mater. 8, 166 (2022)), which keeps what each class does against
everything around it in 1,260 values instead of 4,515 at the default parameters.
Computed by dscribe with periodic images.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from features.descriptor import Descriptor, Parameters
from features.materials._classes import CLASSES, class_by_number
from features.materials._grid import positive
from registry.errors import WrongUse
from registry.records import Floats

if TYPE_CHECKING:
    from ase import Atoms

    from features.crystal import Crystal

# dscribe wants atomic numbers; they serve as names of the classes and carry no weight
NUMBERS = range(1, len(CLASSES) + 1)


@lru_cache(maxsize=8)
def power_spectrum(r_cut: float, n_max: int, l_max: int, sigma: float) -> Any:
    """Return dscribe's SOAP for the classes; ``create(atoms)`` gives the vector."""
    from dscribe.descriptors import SOAP

    return SOAP(
        r_cut=r_cut,
        n_max=n_max,
        l_max=l_max,
        sigma=sigma,
        species=list(NUMBERS),
        periodic=True,
        average="outer",
        compression={"mode": "mu1nu1", "species_weighting": None},
    )


def atoms_of(crystal: Crystal) -> Atoms:
    """Turn an ordered crystal into ase's atoms, classes in place of elements.

    Raises:
        Unsupported: When a site is shared or partly empty.
    """
    from ase import Atoms

    numbers = crystal.ordered_numbers("soap")
    return Atoms(  # type: ignore[no-untyped-call]
        numbers=class_by_number()[numbers] + NUMBERS[0],
        # dscribe misses neighbours of an atom that lies outside the cell
        scaled_positions=crystal.positions % 1.0,
        cell=crystal.lattice,
        pbc=True,
    )


def _compute(crystal: Crystal, **settings: Any) -> Floats:
    vector: Floats = power_spectrum(**settings).create(atoms_of(crystal))
    return vector


def _width(parameters: Parameters) -> int:
    n_max, l_max = parameters["n_max"], parameters["l_max"]
    positive("sigma", parameters["sigma"])
    if not parameters["r_cut"] > 1:
        raise WrongUse("r_cut", "more than 1 angstrom", repr(parameters["r_cut"]))
    if not (isinstance(n_max, int) and n_max >= 1):
        raise WrongUse("n_max", "a whole number from 1", repr(n_max))
    if not (isinstance(l_max, int) and 0 <= l_max <= 20):
        raise WrongUse("l_max", "a whole number from 0 to 20", repr(l_max))
    return len(CLASSES) * n_max * n_max * (l_max + 1)


DESCRIPTOR = Descriptor(
    name="soap",
    version="1",
    parameters={"r_cut": 5.0, "n_max": 6, "l_max": 4, "sigma": 0.5},
    units={"r_cut": "angstrom", "n_max": "", "l_max": "", "sigma": "angstrom"},
    width=_width,
    compute=_compute,
    unit="",
    source="Bartok, Kondor and Csanyi, Phys. Rev. B 87, 184115 (2013); De et al., Phys. Chem. "
    "Chem. Phys. 18, 13754 (2016)",
    disorder="refused",
)
