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
Computed by dscribe with periodic images. ``soap_sites`` keeps the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.descriptor import Descriptor
from features.materials import _soap
from registry.records import Floats

if TYPE_CHECKING:
    from features.crystal import Crystal


def _compute(crystal: Crystal, **settings: Any) -> Floats:
    mean: Floats = _soap.spectra(crystal, "outer", **settings)[0]
    return mean


DESCRIPTOR = Descriptor(
    name="soap",
    version="1",
    parameters=_soap.PARAMETERS,
    units=_soap.UNITS,
    width=_soap.width,
    compute=_compute,
    unit="",
    source=_soap.SOURCE,
    disorder="refused",
    loads=_soap.LOADS,
)
