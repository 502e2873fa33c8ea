"""All that a search in MLflow finds, page by page: one answer of it holds only so many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

PAGE = 1000
"""Most that is asked for at once; what an MLflow server allows for both kinds of search."""


def found_models(mlflow: MlflowClient, condition: str) -> Iterator[RegisteredModel]:
    """Registered models that a filter of MLflow chooses, by name."""
    return _all(mlflow.search_registered_models, condition, "name ASC")


def found_versions(mlflow: MlflowClient, model: str) -> Iterator[ModelVersion]:
    """Versions of a registered model, oldest first."""
    return _all(mlflow.search_model_versions, f"name='{model}'", "version_number ASC")


def _all(search: Callable[..., Any], condition: str, order: str) -> Iterator[Any]:
    # in an order that what is changed meanwhile does not change: none is passed over
    token = None
    while True:
        page = search(condition, max_results=PAGE, order_by=[order], page_token=token)
        yield from page
        token = page.token
        if not token:
            return
