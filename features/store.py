"""The feature store: descriptors of the lake's materials and spectra, computed once and kept.

A view is a descriptor with its parameters and the version of its code; its id is the hash of the
three. Every (entity, view) has at most one row in the table ``features``: a value, or null and the
reason why the descriptor refused. Values are stored in single precision. What is retracted or stale
is not described, and values of what was retracted since are stale: they are given only to those who
ask for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from features.compute import ComputeReport, Work, compute, processes
from features.descriptor import descriptors
from features.reading import Flags, Matrix, Tables, matrix, tables, value
from features.views import View, views
from registry.lake import Lake, When
from registry.plugins import pick

if TYPE_CHECKING:
    import torch


__all__ = ["ComputeReport", "FeatureStore", "Tables", "View"]


class FeatureStore:
    """The features of a lake.

    Args:
        lake: Where materials and spectra are read from and features are kept.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def compute(
        self,
        descriptor_name: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        where: str = "true",
        workers: int = 1,
        on: str | None = None,
        progress: Callable[[int, int], None] | None = None,
        batch: int | None = None,
    ) -> ComputeReport:
        """Compute a view for every material, or spectrum, that has none yet.

        A descriptor of spectra is computed for those of its techniques. What is retracted or stale
        is left alone; a refusal is kept like a value. What is done is written every few seconds:
        stopped half-way, even killed, the next call goes on there.

        Args:
            descriptor_name: Descriptor.
            parameters: What differs from the descriptor's defaults.
            where: SQL condition on ``materials``, or on ``spectra``.
            workers: Processes; above one, a script needs the ``__name__ == "__main__"`` guard.
            on: Where the work is done: processes of this machine (None), a Ray of this machine
                (``ray``) or a Ray cluster (``ray://host:port``).
            progress: Called with (entities described, entities to describe).
            batch: Entities per write; by time when left out.

        Raises:
            NotFound: When there is no such descriptor.
            WrongUse: For an unknown or impossible parameter, or an ``on`` that cannot be.
            QueryError: When the condition is no valid SQL.
            LakeError: When a data file is missing or damaged.
        """
        descriptor = pick(descriptors(), "descriptor", descriptor_name)
        settings = descriptor.settings(**(parameters or {}))
        with processes(workers, on, [descriptor]) as run:
            work = Work(run, workers, batch, progress)
            return compute(self.lake, descriptor, settings, where, work)

    def compute_all(
        self,
        views: Sequence[str] | Mapping[str, Mapping[str, Any]],
        *,
        where: str = "true",
        spectra_where: str = "true",
        workers: int = 1,
        on: str | None = None,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> list[ComputeReport]:
        """Compute several views by the same processes; see :meth:`compute`.

        Args:
            views: Descriptors, or by descriptor what differs from its defaults.
            where: SQL condition on ``materials``, for views of these.
            spectra_where: SQL condition on ``spectra``, for views of these.
            workers: Processes.
            on: Where the work is done.
            progress: Called with (descriptor, entities described, entities to describe).
        """
        wanted = views if isinstance(views, Mapping) else {name: {} for name in views}
        known = {name: pick(descriptors(), "descriptor", name) for name in wanted}
        reports = []
        with processes(workers, on, known.values()) as run:
            for name, descriptor in known.items():
                settings = descriptor.settings(**wanted[name])
                condition = where if descriptor.entity == "material" else spectra_where
                told = partial(progress, name) if progress else None
                work = Work(run, workers, progress=told)
                reports.append(compute(self.lake, descriptor, settings, condition, work))
        return reports

    # fmt: off
    @overload
    def matrix(self, view_id: str, entity_ids: Sequence[str], at: When | None = ...,
               stale: bool = ..., to: Literal["numpy"] = ...) -> tuple[Matrix, Flags]: ...
    @overload
    def matrix(self, view_id: str, entity_ids: Sequence[str], at: When | None = ...,
               stale: bool = ..., *, to: Literal["torch"],
               ) -> tuple[torch.Tensor, torch.Tensor]: ...
    # fmt: on
    def matrix(
        self,
        view_id: str,
        entity_ids: Sequence[str],
        at: When | None = None,
        stale: bool = False,
        to: Literal["numpy", "torch"] = "numpy",
    ) -> Any:
        """Read vectors as one matrix in the order asked for.

        Args:
            view_id: View.
            entity_ids: Materials or spectra; one may be asked for twice.
            at: Snapshot or moment to read at, the newest by default.
            stale: Give those of retracted entities as well.
            to: ``torch`` gives tensors that share the memory of the arrays.

        Returns:
            Contiguous values, float32, shape ``(n, width)``, and which of them are missing, shape
            ``(n,)``: refused, never computed or stale. Missing rows are NaN.

        Raises:
            NotFound: When there is no such view.
            WrongUse: When its values have several rows: see :meth:`tables`.
            LakeError: When a data file is missing or damaged.
        """
        found = matrix(self.lake, view_id, entity_ids, at, stale)
        if to == "numpy":
            return found
        import torch

        return tuple(map(torch.from_numpy, found))

    def tables(
        self,
        view_id: str,
        entity_ids: Sequence[str],
        at: When | None = None,
        stale: bool = False,
    ) -> Tables:
        """Read values that have a row for each site or edge, in the order asked for.

        Arguments and errors as :meth:`matrix`; a view of vectors gives one row for each.
        """
        return tables(self.lake, view_id, entity_ids, at, stale)

    def vector(self, view_id: str, entity_id: str, stale: bool = False) -> Matrix:
        """Read the value of one entity: shape ``(width,)``, or ``(n_rows, width)``.

        Args:
            view_id: View.
            entity_id: Material or spectrum.
            stale: Give it even when the entity is retracted.

        Raises:
            BadInput: When the entity is retracted or stale.
            NotFound: When there is no such view, or it was not computed for this entity.
            Unsupported: When the descriptor refused the entity; the message says why.
        """
        return value(self.lake, view_id, entity_id, stale)

    def views(self) -> list[View]:
        """What there is, and how long it took."""
        return views(self.lake)
