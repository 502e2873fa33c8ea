"""Extension points are files: every module of a folder that declares itself is found here.

A plug-in is one module with one object under an agreed name (``READER``, ``SIMULATOR``,
``DESCRIPTOR``, ``MODEL``, ``STUDY``). Installed packages may add their own through the entry
point group ``scatterlake.<package>``, for example ``scatterlake.ingest.readers``.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from registry.errors import NotFound, ScatterlakeError


def discover(attribute: str, *packages: ModuleType) -> dict[str, Any]:
    """Import every public module of the packages and collect its ``attribute`` by ``.name``.

    Raises:
        ScatterlakeError: When two plug-ins claim one name, or an installed one cannot be loaded.
    """
    found: dict[str, Any] = {}
    for package in packages:
        for plugin in (*_own(package, attribute), *_installed(package, attribute)):
            if plugin.name in found:
                raise ScatterlakeError(f"two {attribute} plug-ins are called {plugin.name!r}")
            found[plugin.name] = plugin
    return found


def pick(plugins: dict[str, Any], what: str, name: str) -> Any:
    """Return the plug-in called ``name``.

    Raises:
        NotFound: When there is none; the message lists those there are.
    """
    if name not in plugins:
        raise NotFound(what, name, list(plugins))
    return plugins[name]


def _own(package: ModuleType, attribute: str) -> list[Any]:
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_")
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names]
    return [getattr(module, attribute) for module in modules if hasattr(module, attribute)]


def _installed(package: ModuleType, attribute: str) -> list[Any]:
    points = entry_points(group=f"scatterlake.{package.__name__}")
    return [_load(point, attribute) for point in points]


def _load(point: EntryPoint, attribute: str) -> Any:
    try:
        return getattr(point.load(), attribute)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise ScatterlakeError(
            f"plug-in {point.name!r} of the group {point.group!r} ({point.value}): expected a "
            f"module with {attribute}, found {type(error).__name__}: {error}"
        ) from error
