"""Experiments and runs from one MLflow to another, by its own interface: any two stores.

MLflow gives runs new ids. Every run carries the id it had in a tag, by which a second attempt finds
it, and whatever names a run in a tag is brought up to date.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from flows.moving.doors import Tracking
from flows.moving.report import Line, short, tree
from registry.errors import LakeError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

CAME_FROM = "scatterlake.moved_from"
"""Tag of an experiment or model: where it was moved from."""
WAS = "scatterlake.run_was"
"""Tag of a run: its id there."""
WHOLE = "scatterlake.run_is_whole"
"""Tag of a run of which everything has arrived."""
OWN = {CAME_FROM, WAS, WHOLE}
METRICS, PARAMS = 1000, 100
"""Most of each in one request, by MLflow's own limits."""
_RUN_ID = re.compile(r"\b[0-9a-f]{32}\b")
