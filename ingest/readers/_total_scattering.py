"""Total scattering in text: ``.sq`` holds S(Q), ``.fq`` the reduced F(Q) = Q (S(Q) - 1)."""

from __future__ import annotations

from dataclasses import replace

from registry.records import Axis, Spectrum


def structure_function(reduced: Spectrum) -> Spectrum:
    """S(Q) = 1 + F(Q) / Q (Juhas, Davis, Farrow and Billinge, J. Appl. Cryst. 46, 560 (2013)).

    F is zero at Q = 0 whatever S is: such points are left out, and counted in the provenance.
    """
    q = reduced.x.values
    kept = q > 0
    of_q = q[kept]
    sigma, resolution = reduced.uncertainty, reduced.resolution
    told = {
        **reduced.provenance.parameters,
        "converted": f"S(Q) = 1 + F(Q) / Q, {int((~kept).sum())} points at Q = 0 left out",
    }
    return replace(
        reduced,
        x=Axis(reduced.x.quantity, reduced.x.unit, of_q),
        intensity=1 + reduced.intensity[kept] / of_q,
        intensity_unit="",
        uncertainty=None if sigma is None else sigma[kept] / of_q,
        resolution=None if resolution is None else resolution[kept],
        provenance=replace(reduced.provenance, parameters=told),
    )
