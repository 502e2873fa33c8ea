"""Reflectometry simulators against the ORSO validation and closed forms."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulators import simulators
from ingest.simulators._layers import reflectivity, slabs_of
from registry.errors import Unsupported

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
NR = simulators()["nr"]
EXACT, ROUNDED, SMEARED = 1e-11, 1e-4, 2e-3
TOLERANCE = {0: EXACT, 1: ROUNDED, 2: EXACT, 3: ROUNDED, 4: SMEARED, 5: SMEARED, 6: EXACT, 7: EXACT}
"""Case 1 and 3 differ between codes in how cancelling terms round."""


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_layers")


@pytest.mark.parametrize("number", TOLERANCE)
def test_orso_validation(conformance: ModuleType, shared_data: Path, number: int) -> None:
    assert conformance.orso_difference(shared_data, number) < TOLERANCE[number]


def test_a_multilayer_of_the_validation_is_a_repeated_pair(
    conformance: ModuleType, shared_data: Path
) -> None:
    slabs, q, wanted = conformance.orso_case(shared_data, 1)
    pair = {"thickness_1": 30.0, "sld_1": -1.9493, "thickness_2": 70.0, "sld_2": 9.4245}
    smooth = {"roughness_1": 0.0, "roughness_2": 0.0, "roughness_back": 0.0}
    stack = NR.settings(**pair, **smooth, repeats=10.0, sld_back=2.0704)
    assert np.allclose(slabs_of(stack), slabs)
    assert np.allclose(reflectivity(q, slabs_of(stack)), wanted, rtol=1e-4)


def test_a_bare_surface_is_fresnel_with_nevot_croce(conformance: ModuleType) -> None:
    assert conformance.fresnel_difference() < 1e-12


def test_the_critical_edge_and_the_fringes_are_where_theory_has_them(
    conformance: ModuleType,
) -> None:
    assert conformance.critical_edge() == pytest.approx(1, abs=1e-3)
    assert conformance.kiessig_thickness() == pytest.approx(1, abs=1e-2)


@settings(max_examples=30, deadline=None)
@given(
    thickness=st.floats(20, 2000),
    sld=st.floats(-1, 8),
    roughness=st.floats(0, 10),
    resolution=st.sampled_from([0.0, 0.03]),
)
def test_no_more_is_reflected_than_came(
    thickness: float, sld: float, roughness: float, resolution: float
) -> None:
    chosen = {"thickness_1": thickness, "sld_1": sld, "roughness_1": roughness}
    known = NR.settings(**chosen, resolution=resolution, background=0.0, points=60.0)
    curve = NR.run(None, known).intensity
    assert np.all((curve > 0) & (curve <= 1 + 1e-9))


def test_a_layer_like_the_substrate_is_not_seen() -> None:
    clean = {"background": 0.0, "roughness_back": 0.0, "roughness_1": 3.0}
    hidden = NR.run(None, NR.settings(sld_1=2.07, **clean))
    bare = NR.run(None, NR.settings(thickness_1=0.0, **clean | {"roughness_back": 3.0}))
    assert np.allclose(hidden.intensity, bare.intensity, rtol=1e-9)


def test_absorption_lowers_total_reflection_of_x_rays() -> None:
    xrr = simulators()["xrr"]
    grid = {"q_min": 0.01, "q_max": 0.03, "background": 0.0, "resolution": 0.0}
    with_, without = (
        xrr.run(None, xrr.settings(sld_imaginary_1=value, **grid)).intensity for value in (1.3, 0.0)
    )
    assert np.all(with_ < without)


def test_noise_is_that_of_counting_in_a_beam_that_opens_with_the_angle() -> None:
    smooth = NR.run(None, NR.settings()).intensity
    noisy = [NR.run(None, NR.settings(counts=1e8, seed=n)) for n in range(40)]
    q = noisy[0].x.values
    beam = 1e8 * (q / q[-1]) ** 2
    counts = np.array([curve.intensity for curve in noisy]) * beam
    assert np.allclose(counts, np.round(counts), rtol=1e-9, atol=1e-6)
    well = smooth * beam > 20
    assert np.mean(counts[:, well] / (smooth * beam)[well]) == pytest.approx(1, abs=0.01)
    assert noisy[0].uncertainty is not None


def test_layers_too_rough_for_the_theory_are_refused() -> None:
    with pytest.raises(Unsupported, match="half"):
        NR.run(None, NR.settings(thickness_1=20.0, roughness_back=12.0))
