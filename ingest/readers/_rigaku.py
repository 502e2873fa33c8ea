"""What .ras and .rasx have in common: rows, attenuation, wavelength, counting time.

A row is angle, intensity and attenuation factor; the intensity is multiplied with the factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.readers._diffraction import Scan, optional_number, time_of, tube_wavelength
from ingest.readers._lines import numbers_in
from registry.errors import BadInput
from registry.records import Floats


def rows_of(lines: list[str], first_line: int, where: str) -> Floats:
    """Rows of a profile, shape ``(points, 3)``; a missing attenuation factor is one.

    Raises:
        BadInput: With the line that is not two or three numbers.
    """
    rows = []
    for n, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        row = numbers_in(line)
        if len(row) not in (2, 3) or not np.isfinite(row).all():
            expected = "angle, intensity and attenuation"
            raise BadInput(f"{where}, line {n}", expected, repr(line.strip()[:60]))
        rows.append([*row, 1.0][:3])
    if not rows:
        raise BadInput(where, "rows of angle and intensity", "none")
    return np.array(rows)


def scan_of(rows: Floats, part: str, fields: dict[str, str], where: str) -> Scan:
    """One scan from its rows and the fields of its header, named as in .ras files.

    Raises:
        BadInput: Naming the field that is not a number, or contradicts the number of rows.
    """
    declared = optional_number(fields.get("MEAS_DATA_COUNT"), f"{where}: MEAS_DATA_COUNT")
    if declared is not None and declared != len(rows):
        raise BadInput(f"{where}: MEAS_DATA_COUNT", f"{declared:g} rows", f"{len(rows)}")
    guessed: dict[str, str] = {}
    factors = np.unique(rows[:, 2])
    return Scan(
        part,
        rows[:, 0],
        rows[:, 1] * rows[:, 2],
        fields.get("MEAS_SCAN_UNIT_Y") or "counts",
        about={
            "wavelength": _wavelength(fields, guessed, where),
            "sample_id": fields.get("FILE_SAMPLE") or None,
            "title": fields.get("FILE_COMMENT") or fields.get("FILE_SAMPLE") or None,
            "instrument": fields.get("FILE_SYSTEM_NAME") or None,
            "time": time_of(fields.get("MEAS_SCAN_START_TIME", "").replace("Z", "")),
        },
        parameters={
            "scan_axis": fields.get("MEAS_SCAN_AXIS_X"),
            "counting_time": _seconds(fields, where),
            "attenuation": None if factors.tolist() == [1.0] else factors[:20].tolist(),
            "tube": fields.get("HW_XG_TARGET_NAME"),
            "guessed": guessed,
        },
    )


def _wavelength(fields: dict[str, str], guessed: dict[str, str], where: str) -> float | None:
    """Wavelength (angstrom) of the line that ``WAVE_TYPE`` names (Ka, Ka1, Kb)."""

    def line(name: str) -> float | None:
        key = f"HW_XG_WAVE_LENGTH_{name}"
        return optional_number(fields.get(key), f"{where}: {key}") or None

    wave = fields.get("MEAS_COND_XG_WAVE_TYPE", "Ka").lower().replace(" ", "")
    if wave.startswith("kb"):
        return line("BETA")
    if wave in ("ka1", "kalpha1"):
        return line("ALPHA1")
    return tube_wavelength(line("ALPHA1"), line("ALPHA2"), None, guessed)


def _seconds(fields: dict[str, Any], where: str) -> float | None:
    """Counting time per point (s): the step over the speed of a continuous scan."""
    step, speed = (
        optional_number(fields.get(key), f"{where}: {key}")
        for key in ("MEAS_SCAN_STEP", "MEAS_SCAN_SPEED")
    )
    if not step or not speed or fields.get("MEAS_SCAN_SPEED_UNIT") != "deg/min":
        return None
    return 60 * step / speed
