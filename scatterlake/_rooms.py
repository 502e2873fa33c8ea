"""The rooms have plain names: make sure that those Python finds are scatterlake's own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

ROOMS = ("registry", "ingest", "features", "training", "flows")
HOME = Path(__file__).resolve().parent.parent


def check_rooms(home: Path = HOME) -> None:
    """Compare where each room would be imported from with where scatterlake is.

    Raises:
        ImportError: Names the folder that shadows a room, or the room that is missing.
    """
    for room in ROOMS:
        spec = find_spec(room)
        if spec is None:
            raise ImportError(
                f"scatterlake is installed without its package {room!r}: reinstall it"
            )
        found = Path(spec.origin).resolve().parent if spec.origin else _namespace_folder(spec)
        if found != home / room:
            raise ImportError(
                f"{found} shadows scatterlake's package {room!r} (which is in {home / room}): "
                "rename that folder, or start Python from another one"
            )


def _namespace_folder(spec: object) -> Path:
    locations = list(getattr(spec, "submodule_search_locations", None) or [])
    return Path(locations[0]).resolve() if locations else Path("?")
