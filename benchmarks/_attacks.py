"""Files made to break a reader: bombs, ways out of the folder, lies about sizes, endless texts."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

ENTITIES = "".join(
    f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 100}">' for n in range(10)
)
CANSAS = '<SASroot version="1.0" xmlns="urn:cansas1d:1.0"><SASentry>{}</SASentry></SASroot>'
CORBA = '<?xml version="1.0"?><!-- CORBA XML document created by XMLSerializer2 1.6 -->'
HDF5 = b"\x89HDF\r\n\x1a\n"
MIB = 2**20


def attacks(outside: Path) -> dict[str, bytes]:
    """Content by file name.

    Args:
        outside: A file that none of them may get at.
    """
    return {**_texts(outside), **_archives(), **_hdf5(outside), **_arrays()}


def _texts(outside: Path) -> dict[str, bytes]:
    doctype = '<?xml version="1.0"?><!DOCTYPE SASroot [{}]>'
    told = {
        "billion_laughs.xml": doctype.format(ENTITIES) + CANSAS.format("<Title>&e9;</Title>"),
        "external_entity.xml": doctype.format(f'<!ENTITY x SYSTEM "file://{outside}">')
        + CANSAS.format("<Title>&x;</Title>"),
        "parameter_entity.xml": doctype.format(f'<!ENTITY % x SYSTEM "file://{outside}"> %x;')
        + CANSAS.format(""),
        "quadratic.xml": doctype.format(f'<!ENTITY q "{"q" * 100_000}">')
        + CANSAS.format("<Title>" + "&q;" * 10_000 + "</Title>"),
        "deep.xml": "<SASroot>" * 200_000,
        "deep_closed.xml": "<SASroot>" * 50_000 + "</SASroot>" * 50_000,
        "attribute_default.xml": f"{CORBA}<!DOCTYPE any [<!ATTLIST double a CDATA "
        f'"{"a" * 100_000}">]><any>' + "<double/>" * 20_000 + "</any>",
        "unknown_encoding.xml": '<?xml version="1.0" encoding="rot13"?>' + CANSAS.format(""),
        "brackets.json": "[" * 200_000,
        "deep.json": '{"@class": "PhononDos", "a":' * 50_000,
        "huge_number.json": '{"@class": "PhononDos", "frequencies": [' + "9" * 100_000 + "]}",
        "aliases.ort": "# # ORSO reflectivity data file | 1.1 standard | YAML encoding\n"
        + "# a0: &a0 [1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"# a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 10))
        + "0.01 1\n0.02 0.9\n",
        "object.ort": "# # ORSO reflectivity data file | 1.1 standard | YAML encoding\n"
        f"# data_source: !!python/object/apply:os.remove ['{outside}']\n0.01 1\n0.02 0.9\n",
        "huge_count.vms": "VAMAS Surface Chemical Analysis Standard Data Transfer Format "
        "1988 May 4\n" + "999999999\n" * 50,
        "huge_count.xyz": '99999999999\nLattice="3 0 0 0 3 0 0 0 3"\nNa 0 0 0\n',
        "huge_count.poscar": "Na\n1.0\n3 0 0\n0 3 0\n0 0 3\nNa\n999999999\nDirect\n0 0 0\n",
        "huge_cell.cif": "data_a\n_cell_length_a 1e300\n_cell_length_b 1e-300\n_cell_length_c 5\n"
        "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 180\nloop_\n"
        "_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNa 0 0 0\n",
        "many_loops.cif": "data_a\n" + "loop_\n_a\n_b\n1 2\n" * 20_000,
        "quotes.cif": "data_a\n_cell_length_a '" + "'" * 300_000,
        "semicolons.cif": "data_a\n_x\n" + ";\n" * 100_001,
        "one_line.txt": "1 " * 2_000_000,
        "one_number.txt": "9" * 2_000_000,
        "spaces.txt": " " * 2_000_000 + "x",
        "tabs_and_minus.dat": "-\t" * 1_000_000,
        "hashes.dat": "#" * 2_000_000,
        "equals.dat": "# " + "a " * 200_000 + "=\n1 2\n2 3\n",
        "wavelength.dat": "# wavelength " * 50_000 + "\n1 2\n2 3\n3 4\n",
        "unit.dat": "# Q (9**9**9**9) I\n" + "".join(f"{n} {n}\n" for n in range(1, 30)),
        "unit_words.dat": "# Q [m cubed cubed cubed cubed]\n"
        + "".join(f"{n} {n}\n" for n in range(1, 30)),
        "wide.csv": ",".join(map(str, range(100_000))) + "\n" + ",".join("1" * 100_000) + "\n",
        "nul.dat": "1 2\n\x00" * 1000,
        "blank.dat": "\n" * 1_000_000,
    }
    more = {"empty.dat": b"", "mark_only.txt": b"\xef\xbb\xbf", "nul_only.raw": bytes(MIB)}
    return {name: text.encode() for name, text in told.items()} | more


def _zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _archives() -> dict[str, bytes]:
    zeros = bytes(80 * MIB)
    raw = "Experiment0/RawData0.xml"
    small = _zipped({raw: b"<RawData/>"})
    lying = small.replace(len(b"<RawData/>").to_bytes(4, "little"), b"\xff\xff\xff\x7f")
    return {
        "bomb.prj": gzip.compress(zeros),
        "twice.prj": gzip.compress(gzip.compress(zeros)),
        "cut.prj": gzip.compress(b"# Athena project file -- Demeter version 0.9.26\n" * 99)[:-9],
        "perl.prj": gzip.compress(
            b"# Athena project file -- Demeter version 0.9.26\n@x = (" + b"(" * 100_000
        ),
        "system.prj": gzip.compress(
            b"# Athena project file -- Demeter version 0.9.26\n$old_group = 'a';\n"
            b"@args = (system('touch /tmp/owned'));\n@x = (1,2);\n[record]\n"
        ),
        "bomb.brml": _zipped({raw: b"<RawData>" + zeros}),
        "bomb.rasx": _zipped({"Data0/Profile0.txt": zeros}),
        "bomb.npz": _zipped({"intensity.npy": zeros}),
        "slip.brml": _zipped({"../../slip.xml": b"<RawData/>", "/etc/slip.xml": b"<RawData/>"}),
        "slip.npz": _zipped({"../../../x.npy": _npy(np.ones(5)), "y.npy": _npy(np.ones(5))}),
        "lying.brml": lying,
        "members.brml": _zipped({f"Experiment{n}/RawData0.xml": b"<a/>" for n in range(20_000)}),
        "entities.brml": _zipped(
            {raw: f"<!DOCTYPE RawData [{ENTITIES}]><RawData>&e9;</RawData>".encode()}
        ),
        "nested.brml": _zipped({raw: small}),
    }


def _npy(values: npt.NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


class _Executes:
    """Would run a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("__import__('os')._exit(66)",)


def _arrays() -> dict[str, bytes]:
    pickled = np.empty(1, dtype=object)
    pickled[0] = _Executes()
    stream = io.BytesIO()
    np.save(stream, pickled, allow_pickle=True)
    whole = _npy(np.ones((2, 6)))
    return {
        "pickled.npy": stream.getvalue(),
        "pickled.npz": _zipped({"intensity.npy": stream.getvalue()}),
        "pickle.dat": pickle.dumps(_Executes()),
        "huge_shape.npy": whole.replace(b"(2, 6)", b"(2000000000, 60000)"),
        "negative_shape.npy": whole.replace(b"(2, 6)", b"(-2, 6)"),
        "code_in_header.npy": whole.replace(b"(2, 6)", b"exit()"),
        "huge_header.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{",
        "huge_count.raw": b"RAW1.01\x00" + b"\xff" * 2000,
        "huge_count.ibw": b"\x05\x00" + b"\xff\x7f" * 400,
    }


def _hdf5_file(**arrays: object) -> tuple[io.BytesIO, h5py.File]:
    stream = io.BytesIO()
    file = h5py.File(stream, "w")
    entry = file.create_group("entry")
    entry.attrs["NX_class"] = "NXentry"
    data = entry.create_group("data")
    data.attrs.update({"NX_class": "NXdata", "signal": "s", "axes": ["q"]})
    for name, values in arrays.items():
        data[name] = values
    return stream, file


def _hdf5(outside: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}

    stream, file = _hdf5_file(q=np.arange(8.0))
    file["entry/data/s"] = h5py.ExternalLink(str(outside), "/x")
    file.close()
    found["external_link.nxs"] = stream.getvalue()

    stream, file = _hdf5_file(q=np.arange(8.0))
    file.create_dataset("entry/data/s", (8,), "f8", external=[(str(outside), 0, 64)])
    file.close()
    found["external_storage.nxs"] = stream.getvalue()

    stream, file = _hdf5_file(q=np.arange(8.0))
    layout = h5py.VirtualLayout((8,), "f8")
    layout[:] = h5py.VirtualSource(str(outside), "x", (8,))
    file["entry/data"].create_virtual_dataset("s", layout)
    file.close()
    found["virtual.nxs"] = stream.getvalue()

    stream, file = _hdf5_file(q=np.arange(8.0))
    file.create_dataset("entry/data/s", (2**17, 2**17), "f8", chunks=(1024, 1024))
    file.close()
    found["sparse_128_gib.nxs"] = stream.getvalue()

    stream, file = _hdf5_file(q=np.arange(8.0))
    file.create_dataset("entry/data/s", data=np.zeros(2**25, "u1"), compression="gzip", chunks=True)
    file.close()
    found["compressed_zeros.nxs"] = stream.getvalue()

    stream, file = _hdf5_file(q=np.arange(8.0), s=np.ones(8))
    above = file["entry"]
    for level in range(8):
        below = above.create_group(f"level{level}")
        for n in range(4):
            above[f"again{n}"] = below
        above = below
    above["loop"] = file["entry"]
    file.close()
    found["linked_groups.nxs"] = stream.getvalue()

    stream, file = _hdf5_file(q=np.arange(8.0), s=np.ones(8))
    file["entry/data/q"].attrs["units"] = "9**9**9**9"
    file.close()
    whole = stream.getvalue()
    found["unit.nxs"] = whole
    found["magic_only.h5"] = HDF5
    found["nothing_but_ff.h5"] = HDF5 + b"\xff" * 5000
    found["superblock_cut.nxs"] = whole[:96]
    return found


def write_attacks(folder: Path, outside: Path) -> dict[Path, str]:
    """Write all of them, and links that lead away; returns what each is by file."""
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[Path, str] = {}
    for name, content in attacks(outside).items():
        (folder / name).write_bytes(content)
        written[folder / name] = f"attack: {name}"
    write_links(folder)
    return written


def write_links(folder: Path) -> None:
    """Write links to nothing, to themselves and to folders above."""
    folder.mkdir(parents=True, exist_ok=True)
    links = {"loop.cif": "loop.cif", "dangling.xml": "nowhere", "self": ".", "above": ".."}
    for name, target in links.items():
        (folder / name).symlink_to(target)
