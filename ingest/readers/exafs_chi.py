"""chi(k) in columns: FEFF's ``chi.dat`` and what Ifeffit, Athena and Larch export.

Only a header that names the columns ``k`` and ``chi`` is taken; weighted columns (``chik2``)
are left to the user.
"""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._common import kind_of, provenance, with_hints
from ingest.readers._feff import absorber_of, is_feff
from ingest.readers._signs import grid
from ingest.readers._table import read_table
from registry.errors import BadInput
from registry.records import Axis, Spectrum

NAME, VERSION = "exafs_chi", "1"
_HEADER = re.compile(r"^(?:[#%;]|[^\S\n])*k\s+(?:\w+\s+)?chi(?:\(k\))?(?:\s|$)", re.MULTILINE)


def read(source: Source) -> list[Spectrum]:
    """Read the one curve of a file.

    Raises:
        BadInput: With the line of a damaged row, or when no column is called chi.
    """
    table = read_table(source.text(), source.name)
    names = [name.lower().removesuffix("(k)") for name in table.names or []]
    if names[:1] != ["k"] or "chi" not in names:
        raise BadInput(f"{source.name}: columns", "k and chi", ", ".join(names) or "no names")
    header = "\n".join(table.header)
    element, edge = absorber_of(header)
    simulated = is_feff(header) and "kind" not in source.hints
    spectrum = Spectrum(
        technique="exafs",
        kind="simulated" if simulated else kind_of(source, header),
        x=Axis("wavenumber", "1/angstrom", grid(table.values[:, 0], source.name)),
        intensity=table.values[:, names.index("chi")],
        title=table.header[0].strip("#%; \t")[:200] or None,
        absorber=element,
        edge=edge,
        provenance=provenance(source, NAME, VERSION, columns=table.names),
    )
    return [with_hints(spectrum, source)]


def recognise(source: Source) -> float:
    """Sure by a header that names k and chi."""
    return 0.9 if _HEADER.search(source.head.decode("latin-1")) else 0


READER = Reader(
    name=NAME,
    version=VERSION,
    title="EXAFS chi(k) in columns",
    endings=(".chi", ".dat", ".chik"),
    recognise=recognise,
    read=read,
    reference="FEFF documentation, chi.dat; Newville, J. Synchrotron Rad. 8, 322 (2001)",
)
