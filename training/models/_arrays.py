"""Models that are a few arrays: safetensors for the numbers, JSON for what they mean."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from registry.errors import ModelRefused
from training.files import expect_files, read_json
from training.models._layout import Layout, layout_from

WEIGHTS, ABOUT = "weights.safetensors", "model.json"
Array = npt.NDArray[Any]


class ArraysModel:
    """A fitted model whose whole state is in arrays; subclasses say what they answer.

    Args:
        layout: Blocks it takes.
        arrays: Its state by name.
    """

    sizes: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Axes of each array: equal names are equal lengths; ``width`` is that of all blocks."""

    def __init__(self, layout: Layout, arrays: Mapping[str, Array]) -> None:
        self.layout = layout
        self.arrays = {name: np.array(array, order="C") for name, array in arrays.items()}

    def n_parameters(self) -> int | None:
        """How many numbers it holds."""
        return sum(array.size for array in self.arrays.values())

    def save(self, folder: Path) -> None:
        """Write ``weights.safetensors`` and ``model.json``."""
        from safetensors.numpy import save_file

        save_file(self.arrays, folder / WEIGHTS)
        about = {"model": type(self).__name__, "inputs": dict(self.layout.widths)}
        (folder / ABOUT).write_text(json.dumps(about, indent=1))

    @staticmethod
    def read_one_of(
        folder: Path, kinds: Sequence[type[ArraysModel]], missing: bool = False
    ) -> ArraysModel:
        """Read back what :meth:`save` of one of several classes wrote; else ModelRefused."""
        expect_files(folder, {WEIGHTS, ABOUT})
        about = read_json(folder / ABOUT)
        written = about.get("model") if isinstance(about, dict) else None
        for kind in kinds:
            if kind.__name__ == written:
                return kind.read(folder, missing)
        expected = " or a ".join(kind.__name__ for kind in kinds)
        raise ModelRefused(f"{folder / ABOUT}: not a {expected}")

    @classmethod
    def read(cls, folder: Path, missing: bool = False) -> Self:
        """Read back what :meth:`save` wrote.

        Raises:
            ModelRefused: When the folder holds anything else, arrays of another shape or numbers
                that are not finite.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        expect_files(folder, {WEIGHTS, ABOUT})
        about = read_json(folder / ABOUT)
        if not isinstance(about, dict) or about.get("model") != cls.__name__:
            raise ModelRefused(f"{folder / ABOUT}: not a {cls.__name__}")
        layout = layout_from(about.get("inputs"), str(folder / ABOUT), missing)
        try:
            arrays = load_file(folder / WEIGHTS)
        except (SafetensorError, ValueError, KeyError) as error:
            raise ModelRefused(f"{folder / WEIGHTS}: not safetensors: {error}") from error
        _refuse_shapes(folder / WEIGHTS, arrays, cls.sizes, layout.width)
        return cls(layout, arrays)


def _refuse_shapes(
    path: Path, arrays: dict[str, Array], sizes: Mapping[str, tuple[str, ...]], width: int
) -> None:
    if set(arrays) != set(sizes):
        raise ModelRefused(f"{path}: expected arrays {sorted(sizes)}, found {sorted(arrays)}")
    lengths = {"width": width}
    for name, array in arrays.items():
        if array.ndim != len(sizes[name]) or not np.isfinite(array).all():
            raise ModelRefused(f"{path}: {name}: expected finite values {sizes[name]}")
        for axis, found in zip(sizes[name], array.shape, strict=True):
            if lengths.setdefault(axis, found) != found:
                expected = f"expected {axis} {lengths[axis]}, found {found}"
                raise ModelRefused(f"{path}: {name}: {expected}")
