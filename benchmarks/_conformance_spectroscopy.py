"""Agreement of the simulators of absorption, photoemission, phonons and spin ice."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from ingest.simulators import Curve, exafs, xanes
from ingest.simulators._phonons import PHONON_PARAMETERS, modes_on_mesh, phonon_modes
from ingest.simulators._photoelectrons import core_levels
from ingest.simulators._pyrochlore import AXES, pyrochlore
from ingest.simulators.spin_ice import sample, structure_factor
from registry.records import Floats

if TYPE_CHECKING:
    from pymatgen.core import Structure

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
K_PER_EV = 0.2624682
"""2 m / hbar^2, in 1/(angstrom^2 eV)."""
SCOFIELD = {
    ("N", "1s"): 1.80,
    ("O", "1s"): 2.93,
    ("F", "1s"): 4.43,
    ("Na", "1s"): 8.52,
    ("Si", "2p"): 0.817,
    ("S", "2p"): 1.677,
    ("Cl", "2p"): 2.285,
    ("Ti", "2p"): 7.91,
    ("Fe", "2p"): 16.42,
    ("Cu", "2p"): 25.39,
    ("Ag", "3d"): 18.04,
    ("Au", "4f"): 17.12,
}
"""Cross sections relative to C 1s: Scofield, J. Electron Spectrosc. 8, 129 (1976)."""
FORCE_SETS = ("NaCl", "MgO", "Al2O3", "ZnO", "TiO2-anatase")
"""Crystals whose forces by density functional theory come with phonopy."""
FEFF8_STAGES = ("rdinp", "pot", "xsph", "pathfinder", "genfmt", "ff2x")


def copper() -> Structure:
    """Conventional cell of fcc Cu at 10 K, a = 3.6032 angstrom."""
    from pymatgen.core import Lattice, Structure

    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6032), ["Cu"], [[0, 0, 0]])


def cold_copper_settings(scf_radius: float = 0.0) -> dict[str, float]:
    """EXAFS as measured at 10 K; Debye temperature 315 K (Sevillano, Meuth & Rehr, 1979)."""
    chosen = {"temperature": 10.0, "debye_temperature": 315.0, "sigma2": 0.0}
    return exafs.SIMULATOR.settings(scf_radius=scf_radius, **chosen)


def exafs_correlation(curve: Curve, data: Path = DATA) -> float:
    """Correlation of k^2 chi of Cu with the foil at 10 K (NSLS X-11A), k = 3 to 15 1/angstrom.

    Only the zero of energy may move, by up to 10 eV.
    """
    measured = np.loadtxt(data / "xafs-larch-examples" / "cu_chi.dat")
    k = np.arange(3, 15, 0.05)
    theirs = np.interp(k, *measured.T) * k**2
    shifted = (np.sqrt(k**2 - K_PER_EV * shift) for shift in np.arange(-10, 10.5, 0.5))
    own = (np.interp(at, curve.x.values, curve.intensity) * k**2 for at in shifted)
    return float(max(np.corrcoef(chi, theirs)[0, 1] for chi in own))


def xanes_correlation(curve: Curve, data: Path = DATA) -> float:
    """Correlation of mu of Cu with the foil, -10 to 55 eV, aligned in energy, not fitted."""
    path = data / "xafs-larch-examples" / "cu.xmu"
    energy, mu = np.loadtxt(path, usecols=(0, 1), unpack=True)
    own = curve.x.values - curve.x.values[0] + xanes.SIMULATOR.parameters["energy_min"].default
    inside = np.arange(-10, 55, 0.5)
    ours = np.interp(inside, own, curve.intensity)
    edges = np.arange(8970, 8995, 0.5)
    return float(max(np.corrcoef(ours, np.interp(inside + e, energy, mu))[0, 1] for e in edges))


def feff8_correlation(settings: dict[str, float], ours: Curve) -> float:
    """Correlation of k^2 chi of Cu with FEFF 8 (of larch), k = 3 to 15 1/angstrom."""
    spec = find_spec("larch")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("larch")
    programs = Path(spec.submodule_search_locations[0]) / "bin" / "linux64"
    with TemporaryDirectory() as folder:
        (Path(folder) / "feff.inp").write_text(exafs.exafs_input(copper(), 0, settings))
        for stage in FEFF8_STAGES:
            subprocess.run(
                [programs / f"feff8l_{stage}"], cwd=folder, check=True, capture_output=True
            )
        theirs = np.loadtxt(Path(folder) / "chi.dat", usecols=(0, 1), unpack=True)
    k = np.arange(3, 15, 0.05)
    curves = [np.interp(k, *c) * k**2 for c in ((ours.x.values, ours.intensity), theirs)]
    return float(np.corrcoef(*curves)[0, 1])


def relative_cross_section(element: str, subshell: str) -> float:
    """Cross section of a subshell over that of C 1s."""
    return _subshell(element, subshell) / _subshell("C", "1s")


def flat_band_factor(hhl: Floats) -> Floats:
    """S(Q) of the projector onto configurations that obey the ice rule in every tetrahedron.

    Isakov, Gregor, Moessner & Sondhi, Phys. Rev. Lett. 93, 167204 (2004): exact for spins of many
    components, and within some per cent for Ising spins.
    """
    found = []
    for h, l in hhl:  # noqa: E741
        q = np.array([h, h, l])
        direction = np.cross(q, [1, -1, 0]) / np.linalg.norm(np.cross(q, [1, -1, 0]))
        up = np.exp(2j * np.pi * (AXES * np.sqrt(3) / 8) @ q)
        vectors, values, _ = np.linalg.svd(np.column_stack([up, up.conj()]), full_matrices=False)
        ruled = vectors[:, values > 1e-9]
        projector = 2 * (np.eye(4) - ruled @ ruled.conj().T)
        weight = AXES @ direction
        found.append((weight @ projector @ weight).real / 4)
    return np.array(found)


def flat_band_correlation(spins: Floats, size: int) -> float:
    """Correlation of a sampled map, h and l up to 3, with the projector."""
    axis = np.arange(0, 3 * size + 1) / size
    hhl = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)[1:]
    found = structure_factor(spins, pyrochlore(size), hhl)
    return float(np.corrcoef(found, flat_band_factor(hhl))[0, 1])


def residual_entropy(size: int = 4, samples: int = 100, sweeps: int = 6) -> float:
    """Entropy per spin (k_B) of spin ice: ln 2 - integral of (E + 1) over 1 / T up to 4."""
    node, weight = np.polynomial.legendre.leggauss(14)
    beta, weight = 2 * (node + 1), 2 * weight  # beyond 4, E + 1 is below 1e-3
    means = [sample(size, 1 / b, sweeps, samples, seed=5)[1].mean() for b in beta]
    return float(np.log(2) - weight @ (np.array(means) + 1))


def frequency_ratio(name: str, data: Path = DATA) -> float:
    """Mean frequency by the potential over that by density functional theory."""
    import phonopy
    from pymatgen.core import Structure

    folder = data / "phonon-phonopy" / "example" / name
    theirs = phonopy.load(
        folder / "phonopy_disp.yaml",
        force_sets_filename=folder / "FORCE_SETS",
        is_nac=False,
        log_level=0,
    )
    cell = theirs.unitcell
    settings = {key: p.default for key, p in PHONON_PARAMETERS.items()} | {"q_spacing": 0.2}
    ours = phonon_modes(Structure(cell.cell, cell.symbols, cell.scaled_positions), settings)
    return float(ours.energy.mean() / modes_on_mesh(theirs, 0.2).energy.mean())


def rows() -> list[tuple[str, str, str]]:
    """What, against what, and the figure found; needs both extras, and larch."""
    worst = max(abs(relative_cross_section(*key) / value - 1) for key, value in SCOFIELD.items())
    spins, _ = sample(6, temperature=0.15, sweeps=6, samples=300, seed=1)
    return [
        (
            "`xps` cross sections",
            f"Scofield (1976), {len(SCOFIELD)} levels relative to C 1s",
            f"at most {worst:.0%} apart",
        ),
        (
            "spin ice, residual entropy",
            "series (Nagle, 1966) 0.205 k_B, Pauling 0.203",
            f"{residual_entropy(5, 120, 20):.4f} k_B",
        ),
        (
            "spin ice, map of S(Q)",
            "projector onto its flat bands (2004)",
            f"correlation {flat_band_correlation(spins, 6):.3f}",
        ),
        *_absorption_rows(),
        *_phonon_rows(),
    ]


def _absorption_rows() -> list[tuple[str, str, str]]:
    settings = cold_copper_settings(scf_radius=4.0)
    fine = exafs.SIMULATOR.run(copper(), settings)
    near = xanes.SIMULATOR.run(copper(), xanes.SIMULATOR.settings())
    foil = "measured foil at 10 K, energy aligned"
    same = feff8_correlation(settings, fine)
    return [
        ("`exafs` of Cu, k² chi", foil, f"correlation {exafs_correlation(fine):.3f}"),
        ("`exafs` of Cu, k² chi", "FEFF 8 of larch", f"correlation {same:.5f}"),
        ("`xanes` of Cu", foil, f"correlation {xanes_correlation(near):.3f}"),
    ]


def _phonon_rows() -> list[tuple[str, str, str]]:
    against = "density functional theory (forces of phonopy), mean frequency"
    ratios = ((name, frequency_ratio(name)) for name in FORCE_SETS)
    return [(f"`phonon_dos` of {name}", against, f"ratio {ratio:.3f}") for name, ratio in ratios]


def _subshell(element: str, name: str) -> float:
    return sum(level.cross_section for level in core_levels(element) if level.name[:2] == name)
