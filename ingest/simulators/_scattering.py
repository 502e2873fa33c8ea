"""How strongly one atom scatters: X-ray form factors and neutron scattering lengths."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

import numpy as np

from registry.errors import Unsupported
from registry.records import Floats

Scattering = Callable[[str, Floats], Floats]
"""``scattering(element, s)``: amplitude at each s = sin(theta)/lambda (1/angstrom)."""

_HYDROGEN = {"D": "H", "T": "H"}


@lru_cache(maxsize=1)
def _form_factor_table() -> dict[str, list[list[float]]]:
    # read as data: the module beside it imports matplotlib
    table = files("pymatgen.analysis.diffraction") / "atomic_scattering_params.json"
    return dict(json.loads(table.read_text()))


def form_factor(element: str, s: Floats) -> Floats:
    """X-ray form factor f(s) = Z - 41.78214 s^2 sum_i a_i exp(-b_i s^2), in electrons.

    Args:
        element: Symbol; isotopes scatter X-rays as their element.
        s: sin(theta)/lambda (1/angstrom), shape ``(n,)``.

    Raises:
        Unsupported: For an element without coefficients.

    Source: De Graef & McHenry, *Structure of Materials*, section 12.1; coefficients as in
    pymatgen. Neutral atoms without anomalous dispersion; wrong beyond s = 1.05 1/angstrom, where
    f turns back to Z.
    """
    symbol = _HYDROGEN.get(element, element)
    table = _form_factor_table()
    if symbol not in table:
        raise Unsupported("structure", "elements with an X-ray form factor", element)
    a, b = np.array(table[symbol]).T
    s2 = np.square(s)
    return np.asarray(atomic_number(element) - 41.78214 * s2 * (np.exp(-np.outer(s2, b)) @ a))


def scattering_length(element: str) -> float:
    """Bound coherent neutron scattering length, real part (fm); isotopes D and T included.

    Raises:
        Unsupported: For an element whose scattering length is not known.

    Source: periodictable, after Rauch & Waschkowski (2003) and later corrections.
    """
    import periodictable

    length = periodictable.elements.symbol(element).neutron.b_c
    if length is None:
        raise Unsupported("structure", "elements with a neutron scattering length", element)
    return float(length)


def atomic_number(element: str) -> int:
    """Charge number Z of an element or isotope."""
    import periodictable

    return int(periodictable.elements.symbol(element).number)
