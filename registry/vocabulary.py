"""The words of the lake: techniques, the axes they are stored on, and their units.

Every technique has one canonical axis (quantity and unit) so that curves of different
instruments compare; the quantity and unit the user gave are stored beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from registry.errors import NotFound

Kind = Literal["experimental", "simulated"]
KINDS: tuple[str, ...] = get_args(Kind)

CRYSTAL_SYSTEMS = (
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal",
    "trigonal",
    "hexagonal",
    "cubic",
)

CU_KA = 1.54184
"""Wavelength of Cu K-alpha, weighted mean of the doublet (angstrom)."""


@dataclass(frozen=True)
class Technique:
    """One measuring technique and the form in which its curves are stored.

    Attributes:
        name: Short name used in the ``technique`` column.
        title: What a person calls it.
        quantity: Canonical quantity of the first axis.
        unit: Canonical unit of the first axis.
        signal: What the stored intensity is.
        signal_unit: Usual unit of the intensity (the user's own is kept in its row).
        probe: What is scattered, absorbed or emitted.
    """

    name: str
    title: str
    quantity: str
    unit: str
    signal: str
    signal_unit: str
    probe: Literal["xray", "neutron", "photoelectron", "muon", "calculated"]


_ALL = (
    Technique("xrd", "X-ray powder diffraction", "Q", "1/angstrom", "intensity", "counts", "xray"),
    Technique(
        "npd", "neutron powder diffraction", "Q", "1/angstrom", "intensity", "counts", "neutron"
    ),
    Technique("xpdf", "X-ray PDF", "r", "angstrom", "G(r)", "1/angstrom^2", "xray"),
    Technique("npdf", "neutron PDF", "r", "angstrom", "G(r)", "1/angstrom^2", "neutron"),
    Technique("xsq", "X-ray total scattering", "Q", "1/angstrom", "S(Q)", "", "xray"),
    Technique("nsq", "neutron total scattering", "Q", "1/angstrom", "S(Q)", "", "neutron"),
    Technique("saxs", "small-angle X-ray scattering", "Q", "1/angstrom", "I(Q)", "1/cm", "xray"),
    Technique(
        "sans", "small-angle neutron scattering", "Q", "1/angstrom", "I(Q)", "1/cm", "neutron"
    ),
    Technique("sesans", "spin-echo SANS", "spin_echo_length", "angstrom", "log(P)", "", "neutron"),
    Technique("xrr", "X-ray reflectometry", "Q", "1/angstrom", "R(Q)", "", "xray"),
    Technique("nr", "neutron reflectometry", "Q", "1/angstrom", "R(Q)", "", "neutron"),
    Technique("xas", "X-ray absorption", "energy", "eV", "mu(E)", "", "xray"),
    Technique(
        "exafs", "X-ray absorption fine structure", "wavenumber", "1/angstrom", "chi(k)", "", "xray"
    ),
    Technique(
        "xps",
        "X-ray photoemission",
        "binding_energy",
        "eV",
        "intensity",
        "counts",
        "photoelectron",
    ),
    Technique(
        "arpes",
        "angle-resolved photoemission",
        "energy",
        "eV",
        "intensity",
        "counts",
        "photoelectron",
    ),
    Technique(
        "ins",
        "inelastic neutron scattering",
        "energy_transfer",
        "meV",
        "S(Q,E)",
        "",
        "neutron",
    ),
    Technique(
        "qens",
        "quasi-elastic neutron scattering",
        "energy_transfer",
        "meV",
        "S(Q,E)",
        "",
        "neutron",
    ),
    Technique(
        "phonon_dos", "phonon density of states", "energy", "meV", "g(E)", "1/meV", "calculated"
    ),
    Technique("diffuse", "diffuse scattering of a crystal", "h", "", "S(Q)", "", "neutron"),
    Technique("imaging", "diffraction imaging", "frame", "", "intensity", "counts", "xray"),
)
TECHNIQUES: dict[str, Technique] = {t.name: t for t in _ALL}


def technique(name: str) -> Technique:
    """Look up a technique by its short name.

    Raises:
        NotFound: When there is no such technique; the message lists those there are.
    """
    if name not in TECHNIQUES:
        raise NotFound("technique", name, list(TECHNIQUES))
    return TECHNIQUES[name]
