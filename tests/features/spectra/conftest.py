"""What the tests of spectral descriptors share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.curve import Curve, curve_of
from features.descriptor import Descriptor, descriptors
from ingest.readers import Source, reader_for
from registry.records import Spectrum
from registry.units import canonical_axis

Described = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def described() -> Described:
    """Values of a descriptor of a curve, by its name, with what differs from its defaults."""

    def run(name: str, curve: Curve, **chosen: object) -> np.ndarray:
        descriptor: Descriptor = descriptors()[name]
        settings = descriptor.settings(**chosen)
        values = descriptor.run(curve, settings)
        assert values.shape == (descriptor.width(settings),)
        assert np.isfinite(values).all()
        return values

    return run


@pytest.fixture(scope="session")
def read_curves() -> Callable[..., list[Curve]]:
    """Curves of a file, in the canonical unit of their technique as in the lake."""

    def read(path: Path, **hints: object) -> list[Curve]:
        source = Source(path, path.read_bytes(), hints)
        records = reader_for(source).read(source)
        return [curve_of(_canonical(record)) for record in records if isinstance(record, Spectrum)]

    return read


def _canonical(spectrum: Spectrum) -> Spectrum:
    x = canonical_axis(spectrum.x, spectrum.technique, spectrum.wavelength, "x")
    return replace(spectrum, x=x)
