"""X-ray absorption by FEFF 10 against measured copper and against what FEFF must be told."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from ingest.simulators import Curve, exafs, simulators, xanes
from ingest.simulators._feff import absorbing_element, absorbing_sites, feff_input
from registry.errors import Unsupported, WrongUse

COPPER = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6032), ["Cu"], [[0, 0, 0]])
MAGNETITE = Structure.from_spacegroup(
    "Fd-3m", Lattice.cubic(8.394), ["Fe", "Fe", "O"], [[0] * 3, [0.625] * 3, [0.3799] * 3]
)
needs_feff = pytest.mark.skipif(find_spec("feff10") is None, reason="needs the extra xas (FEFF 10)")


def test_inequivalent_sites_count_by_their_multiplicity() -> None:
    """Magnetite: 8 tetrahedral and 16 octahedral iron sites in the cell."""
    assert absorbing_element(MAGNETITE, 0) == "Fe"
    shares = [share for _, share in absorbing_sites(MAGNETITE, "Fe", -1)]
    assert sorted(shares) == pytest.approx([1 / 3, 2 / 3])
    (one,) = absorbing_sites(MAGNETITE, "Fe", 1)
    assert one[1] == 1


def test_the_cluster_of_copper_has_its_shells() -> None:
    text = feff_input(COPPER, 0, "K", 3.7, ["EXAFS 12"])
    rows = text[text.index("ATOMS") :].splitlines()[1:-1]
    distances = [np.linalg.norm([float(x) for x in row.split()[:3]]) for row in rows]
    found, counts = np.unique(np.round(distances, 3), return_counts=True)
    np.testing.assert_allclose(found, [0, 3.6032 / np.sqrt(2), 3.6032], atol=1e-3)
    assert counts.tolist() == [1, 12, 6]
    assert "EDGE K" in text and "0 29 Cu" in text and "1 29 Cu" in text


def test_isotopes_absorb_as_their_element() -> None:
    heavy = Structure(Lattice.cubic(4.0), ["Ni", "D"], [[0, 0, 0], [0.5, 0, 0]])
    assert "1 1 H" in feff_input(heavy, 0, "K", 2.5, [])


@pytest.mark.parametrize(
    ("structure", "chosen", "reason"),
    [
        (COPPER, {"absorber": 26.0}, "Z = 26"),
        (COPPER, {"site": 1.0}, "inequivalent"),
        (Structure(Lattice.cubic(4), [{"Cu": 0.5}], [[0] * 3]), {}, "one element"),
        (Structure(Lattice.cubic(60), ["Cu"], [[0] * 3]), {}, "atoms within"),
        (Structure(Lattice.cubic(4), ["Cu", "Cu"], [[0] * 3, [0.05, 0, 0]]), {}, "apart"),
    ],
)
@pytest.mark.parametrize("name", ["exafs", "xanes"])
def test_what_feff_cannot_do_is_refused(
    name: str, structure: Structure, chosen: dict[str, float], reason: str
) -> None:
    simulator = simulators()[name]
    with pytest.raises(Unsupported, match=reason):
        simulator.run(structure, simulator.settings(**chosen))


@pytest.mark.skipif(find_spec("feff10") is not None, reason="the extra xas is installed")
@pytest.mark.parametrize("name", ["exafs", "xanes"])
def test_without_feff_the_extra_is_named(name: str) -> None:
    simulator = simulators()[name]
    with pytest.raises(WrongUse, match=r"pip install 'scatterlake\[xas\]'"):
        simulator.run(COPPER, simulator.settings())


BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("_conformance_spectroscopy")


@pytest.fixture(scope="module")
def cold_copper(conformance: ModuleType) -> Curve:
    return exafs.SIMULATOR.run(COPPER, conformance.cold_copper_settings())


@needs_feff
def test_exafs_of_copper_is_the_measured_one(
    conformance: ModuleType, cold_copper: Curve, shared_data: Path
) -> None:
    assert conformance.exafs_correlation(cold_copper, shared_data) > 0.93


@pytest.mark.skipif(find_spec("larch") is None, reason="needs larch, for FEFF 8")
@needs_feff
def test_exafs_of_copper_is_that_of_feff_8(conformance: ModuleType, cold_copper: Curve) -> None:
    settings = conformance.cold_copper_settings()
    assert conformance.feff8_correlation(settings, cold_copper) > 0.999


@needs_feff
def test_the_first_shell_of_copper_is_where_it_is_measured(
    cold_copper: Curve, shared_data: Path
) -> None:
    measured = np.loadtxt(shared_data / "xafs-larch-examples" / "cu_chi.dat")
    k, r = np.arange(3, 15, 0.05), np.linspace(1, 6, 501)
    window = np.sin(np.pi * (k - 3) / 12) ** 2 * k**2
    peaks = []
    for x, chi in ((cold_copper.x.values, cold_copper.intensity), measured.T):
        transformed = np.abs(np.exp(2j * np.outer(r, k)) @ (window * np.interp(k, x, chi)))
        peaks.append((r[transformed.argmax()], transformed.max()))
    assert peaks[0][0] == pytest.approx(peaks[1][0], abs=0.03)
    assert peaks[0][1] == pytest.approx(peaks[1][1], rel=0.15)


@needs_feff
def test_xanes_of_copper_is_the_measured_one(conformance: ModuleType, shared_data: Path) -> None:
    chosen = {"scf_radius": 3.0, "fms_radius": 4.5}
    curve = xanes.SIMULATOR.run(COPPER, xanes.SIMULATOR.settings(**chosen))
    assert curve.x.values[75] == pytest.approx(8979, abs=15)
    assert conformance.xanes_correlation(curve, shared_data) > 0.97
