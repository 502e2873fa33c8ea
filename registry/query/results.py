"""The result of a query in the form its user works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from registry.errors import WrongUse

if TYPE_CHECKING:
    import torch

Form = Literal["arrow", "pandas", "polars", "torch"]


def converted(result: pa.Table, to: Form) -> Any:
    """A result as pyarrow, pandas or polars table, or as torch tensors by column.

    Raises:
        WrongUse: For an unknown form, one whose library is not installed, or a column that is
            no tensor.
    """
    match to:
        case "arrow":
            return result
        case "pandas":
            return result.to_pandas()
        case "polars":
            return _polars(result)
        case "torch":
            return {name: _tensor(name, result[name]) for name in result.column_names}
        case _:
            raise WrongUse("to", "arrow, pandas, polars or torch", repr(to))


def _polars(result: pa.Table) -> Any:
    try:
        import polars
    except ImportError as error:
        raise WrongUse("to='polars'", "polars: pip install polars", "it is missing") from error
    return polars.from_arrow(result)


def _tensor(name: str, column: pa.ChunkedArray) -> torch.Tensor:
    """A column of numbers, shape ``(n,)``, or of curves of one length, shape ``(n, m)``."""
    import torch

    if column.null_count:
        raise WrongUse(f"column {name!r}", "no nulls in a tensor", f"{column.null_count} nulls")
    array = column.combine_chunks()
    if not pa.types.is_list(array.type):
        return torch.from_numpy(_numbers(name, array).copy())
    lengths = np.diff(array.offsets.to_numpy())
    if lengths.size and lengths.min() != lengths.max():
        raise WrongUse(
            f"column {name!r}",
            "curves of one length: resample(...) them in the query",
            f"lengths {lengths.min()} to {lengths.max()}",
        )
    values = _numbers(name, array.flatten())
    return torch.from_numpy(values.reshape(len(array), -1).copy())


def _numbers(name: str, array: pa.Array) -> Any:
    kind = array.type
    if pa.types.is_decimal(kind):
        array, kind = array.cast(pa.float64()), pa.float64()
    if pa.types.is_boolean(kind):
        return array.to_numpy(zero_copy_only=False)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise WrongUse(f"column {name!r}", "numbers or curves", str(kind))
    if array.null_count:
        raise WrongUse(f"column {name!r}", "no nulls in a tensor", f"{array.null_count} nulls")
    return array.to_numpy()
