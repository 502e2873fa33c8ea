"""Athena projects (``.prj``): every group of an Athena, Demeter or Larix session.

Projects are gzipped text, either Perl assignments (read as literals, never executed) or
JSON. A group gives mu(E), or chi(k) where it was imported as such. Athena's energy shift is
named in the provenance and not applied: the energies stay as they are stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, provenance, with_hints
from ingest.readers._gzip import head, unpacked
from ingest.readers._perl import pairs, parse
from registry.errors import BadInput
from registry.records import Axis, Floats, Spectrum

NAME, VERSION = "athena", "1"
_MAGIC = b"# Athena project file"
_ASSIGNMENT = re.compile(r"^([$@])(\w+)\s*=\s*(.*?);?\s*$")
_NEAR = 200.0
"""How far from its edge (eV) a scan may end; calibrations and shifts are a few eV."""
_ARRAYS = ("x", "y", "stddev")
_HEAD = 4096
_NOT_KNOWN = "H"
"""The element that Athena writes when it has not found one."""
_ABOUT = {
    "energy_shift": "bkg_eshift",
    "edge_energy": "bkg_e0",
    "original_file": "file",
    "numerator": "numerator",
    "denominator": "denominator",
    "merged": "is_merge",
    "difference": "is_diff",
    "is_normalised": "is_nor",
}

Group = dict[str, Any]


def read(source: Source) -> list[Spectrum]:
    """Read every group that holds data.

    Raises:
        BadInput: Naming group or line, when something is missing, damaged or no literal.
        Unsupported: When the file unpacks to more than 64 MiB.
    """
    content = unpacked(source.content, source.name)
    groups = _json(content, source) if content.lstrip()[:1] == b"{" else _perl(content, source)
    spectra = [_spectrum(name, group, source) for name, group in groups]
    if not spectra:
        raise BadInput(source.name, "at least one group", "none")
    return spectra


def _perl(content: bytes, source: Source) -> Iterator[tuple[str, Group]]:
    """Groups of a project in Perl: assignments up to ``[record]``."""
    group: Group = {}
    for n, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if line.startswith("[record]"):
            yield group.pop("old_group", f"line {n}"), group
            group = {}
            continue
        found = _ASSIGNMENT.match(line)
        if found is None or found[2] not in ("old_group", "args", *_ARRAYS):
            continue
        where = f"{source.name}, line {n}: {found[1]}{found[2]}"
        if found[1] == "$":
            group[found[2]] = found[3].strip("'")
        else:
            items = parse(found[3], where)
            group[found[2]] = pairs(items, where) if found[2] == "args" else items
    if group:
        raise BadInput(source.name, "[record] at the end of a group", "the end of the file")


def _json(content: bytes, source: Source) -> Iterator[tuple[str, Group]]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput(source.name, "JSON", f"{type(error).__name__}: {error}") from error
    for name, group in document.items():
        if isinstance(group, dict) and isinstance(group.get("args"), dict):
            yield name, group


def _spectrum(name: str, group: Group, source: Source) -> Spectrum:
    where = f"{source.name}: group {name}"
    args = group.get("args")
    if not isinstance(args, dict):
        raise BadInput(where, "@args", "none")
    x, y = (_numbers(group.get(key), f"{where}: @{key}") for key in ("x", "y"))
    if len(x) != len(y):
        raise BadInput(f"{where}: @y", f"{len(x)} values, as in @x", str(len(y)))
    stated = group.get("stddev")
    sigma = _numbers(stated, f"{where}: @stddev") if stated else None
    # merged groups keep the deviations on the grid they were merged on
    fits = sigma is not None and len(sigma) == len(y)
    is_chi = _is_set(args, "is_chi") or args.get("datatype") == "chi"
    label = str(args.get("label") or name)
    absorber, edge, doubt = _absorber(args, None if is_chi else x)
    spectrum = Spectrum(
        technique="exafs" if is_chi else "xas",
        kind=kind_of(source),
        x=Axis("wavenumber", "1/angstrom", x) if is_chi else Axis("energy", "eV", x),
        intensity=y,
        uncertainty=sigma if fits else None,
        title=label,
        sample_id=label,
        absorber=absorber,
        edge=edge,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            f"{name}: {label}",
            absorber_not_taken=doubt,
            uncertainty_not_kept=None if fits or sigma is None else f"{len(sigma)} values",
            **{key: _said(args, word) for key, word in _ABOUT.items()},
        ),
    )
    return with_hints(spectrum, source)


def _numbers(values: Any, where: str) -> Floats:
    if not isinstance(values, list) or not values:
        raise BadInput(where, "a list of numbers", type(values).__name__)
    try:
        return np.array(values, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise BadInput(where, "numbers", str(error)) from error


def _is_set(args: Group, key: str) -> bool:
    return str(args.get(key) or "0") not in ("0", "")


def _said(args: Group, key: str) -> str | None:
    value = args.get(key)
    return str(value) if value not in (None, "", "0", 0, "None") else None


def _absorber(args: Group, energy: Floats | None) -> tuple[str | None, str | None, str | None]:
    """Element, edge, and why they are not taken: sessions are full of settings never made."""
    element, edge = _said(args, "bkg_z"), _said(args, "fft_edge")
    if element is None or element == _NOT_KNOWN:
        return None, None, None
    if edge is None:
        return element, None, None
    from xraydb import xray_edge

    try:
        found = xray_edge(element, edge.upper())
    except ValueError:  # no such element
        found = None
    if found is None:
        return None, None, f"{element} {edge}: no such edge"
    if energy is not None and not (energy.min() - _NEAR < found.energy < energy.max() + _NEAR):
        return None, None, f"{element} {edge}: {found.energy:g} eV is not in the scan"
    return element, edge.upper(), None


def recognise(source: Source) -> float:
    """Sure by the first line, unpacked; likely by the ending."""
    if _MAGIC in head(source.content, _HEAD):
        return 1.0
    return 0.5 if source.path.suffix.lower() == ".prj" else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Athena project",
    endings=(".prj",),
    recognise=recognise,
    read=read,
    reference="Ravel & Newville, J. Synchrotron Rad. 12, 537 (2005)",
)
