"""CXI: coherent diffraction imaging and ptychography, all frames of a detector as one spectrum.

Masked pixels become NaN. Where the sample stood for each frame goes to the provenance as
``translations`` (metre, shape ``(frames, 3)``), for without it frames mean nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, number, provenance, with_hints
from ingest.readers._hdf5 import MAGIC, opened
from registry.errors import BadInput, Unsupported
from registry.records import Axis, Floats, Spectrum

if TYPE_CHECKING:
    import h5py

NAME, VERSION = "cxi", "1"
MOST_BYTES = 2**30
"""Frames larger than this in memory are refused before they are read."""
_BYTES_EACH = 4
_JOULE_PER_EV = 1.602176634e-19
_HC = 12398.419843320026
"""Planck's constant times the speed of light (eV angstrom)."""


def read(source: Source) -> list[Spectrum]:
    """Read every entry.

    Raises:
        BadInput: When an entry has no frames, or shapes do not fit.
        Unsupported: For frames of more than a GiB in memory.
    """
    with opened(source.content, source.name) as file:
        entries = [name for name in file if name.startswith("entry_")]
        if not entries:
            raise BadInput(source.name, "entry_1", ", ".join(file) or "nothing")
        return [_spectrum(file[name], name, source) for name in entries]


def _spectrum(entry: h5py.Group, name: str, source: Source) -> Spectrum:
    where = f"{source.name}: {name}"
    detector = _path(entry, "instrument_1/detector_1")
    if detector is None or "data" not in detector:
        raise BadInput(where, "instrument_1/detector_1/data", "no such data set")
    frames = _frames(detector, where)
    beam = _path(entry, "instrument_1/source_1")
    energy = None if beam is None else _scalar(beam, "energy", where)
    photons = None if energy is None else energy / _JOULE_PER_EV
    n, rows, columns = frames.shape
    spectrum = Spectrum(
        technique="imaging",
        kind=kind_of(source),
        x=Axis("frame", "", np.arange(n, dtype=np.float64)),
        axes=(
            _pixels("y", _scalar(detector, "y_pixel_size", where), rows),
            _pixels("x", _scalar(detector, "x_pixel_size", where), columns),
        ),
        intensity=frames,
        intensity_unit="counts",
        incident_energy=photons,
        wavelength=_HC / photons if photons else None,
        title=source.path.stem,
        provenance=provenance(
            source,
            NAME,
            VERSION,
            name,
            detector_distance=_scalar(detector, "distance", where),
            translations=_translations(entry, n, where),
            masked_pixels=int(np.isnan(frames[0]).sum()) if n else None,
        ),
    )
    return with_hints(spectrum, source)


def _frames(detector: h5py.Group, where: str) -> Floats:
    """Frames with masked pixels as NaN, shape ``(frames, rows, columns)``, float32."""
    data = detector["data"]
    if data.ndim not in (2, 3) or data.dtype.kind not in "iuf":
        found = f"{data.ndim} dimensions of {data.dtype}"
        raise BadInput(f"{where}: data", "frames of real numbers", found)
    size = math.prod(data.shape) * _BYTES_EACH
    if size > MOST_BYTES:
        found = f"{data.shape}, {size / 2**30:.1f} GiB"
        raise Unsupported(f"{where}: data", f"at most {MOST_BYTES / 2**30:g} GiB", found)
    with np.errstate(invalid="ignore", over="ignore"):  # what is no number stays none
        frames = data[()].astype(np.float32)
    frames = frames if frames.ndim == 3 else frames[None]
    if "mask" in detector:
        mask = detector["mask"]
        if mask.shape != frames.shape[1:]:
            raise BadInput(f"{where}: mask", f"shape {frames.shape[1:]}", str(mask.shape))
        frames[:, mask[()] != 0] = np.nan
    return np.asarray(frames)


def _translations(entry: h5py.Group, n: int, where: str) -> list[list[float]] | None:
    geometry = _path(entry, "sample_1/geometry_1")
    if geometry is None or "translation" not in geometry:
        return None
    found = geometry["translation"]
    if found.shape != (n, 3):
        raise BadInput(f"{where}: translation", f"shape {(n, 3)}", str(found.shape))
    values: list[list[float]] = np.asarray(found[()], dtype=np.float64).tolist()
    return [[number(v, f"{where}: translation") for v in row] for row in values]


def _pixels(name: str, pitch: float | None, n: int) -> Axis:
    """Pixel positions in metre where the pitch is known, else their numbers."""
    if pitch is None:
        return Axis(name, "", np.arange(n, dtype=np.float64))
    return Axis(name, "m", pitch * np.arange(n, dtype=np.float64))


def _path(group: h5py.Group, path: str) -> h5py.Group | None:
    found: Any = group
    for name in path.split("/"):
        if not hasattr(found, "keys") or name not in found:
            return None
        found = found[name]
    return found if hasattr(found, "keys") else None


def _scalar(group: h5py.Group, name: str, where: str) -> float | None:
    if name not in group or group[name].size != 1:
        return None
    return number(float(np.ravel(group[name][()])[0]), f"{where}: {name}")


def recognise(source: Source) -> float:
    """Sure when HDF5 holds a CXI version beside entries."""
    if not source.head.startswith(MAGIC):
        return 0
    return 0.97 if b"cxi_version" in source.content and b"entry_1" in source.content else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="CXI diffraction imaging",
    endings=(".cxi",),
    recognise=recognise,
    read=read,
    reference="Maia, Nat. Methods 9, 854 (2012): CXI file format, cxidb.org",
)
