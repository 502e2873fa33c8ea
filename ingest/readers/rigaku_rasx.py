"""Rigaku .rasx: a ZIP container with a profile and its conditions (XML) for every scan."""

from __future__ import annotations

import re

from ingest.readers import Reader, Source
from ingest.readers._diffraction import Scan, is_two_theta, spectra_of
from ingest.readers._rigaku import rows_of, scan_of
from ingest.readers._zip import LARGEST_TEXT, Archive, has_member
from registry.errors import BadInput
from registry.records import Spectrum

NAME, VERSION = "rigaku_rasx", "1"
_PROFILE = r"(?:.*/)?Data\d+/Profile\d+\.txt"
# Elements of the conditions by the names that the same fields have in .ras files.
_FIELDS = {
    "FILE_SAMPLE": "GeneralInformation/SampleName",
    "FILE_COMMENT": "GeneralInformation/Comment",
    "FILE_SYSTEM_NAME": "GeneralInformation/SystemName",
    "HW_XG_TARGET_NAME": "HWConfigurations/XrayGenerator/TargetName",
    "HW_XG_WAVE_LENGTH_ALPHA1": "HWConfigurations/XrayGenerator/WavelengthKalpha1",
    "HW_XG_WAVE_LENGTH_ALPHA2": "HWConfigurations/XrayGenerator/WavelengthKalpha2",
    "HW_XG_WAVE_LENGTH_BETA": "HWConfigurations/XrayGenerator/WavelengthKbeta",
    "MEAS_COND_XG_WAVE_TYPE": "HWConfigurations/XrayGenerator/WaveType",
    "MEAS_SCAN_AXIS_X": "ScanInformation/AxisName",
    "MEAS_SCAN_UNIT_Y": "ScanInformation/IntensityUnit",
    "MEAS_SCAN_STEP": "ScanInformation/Step",
    "MEAS_SCAN_SPEED": "ScanInformation/Speed",
    "MEAS_SCAN_SPEED_UNIT": "ScanInformation/SpeedUnit",
    "MEAS_SCAN_START_TIME": "ScanInformation/StartTime",
}


def read(source: Source) -> list[Spectrum]:
    """Read every profile over two theta.

    Raises:
        BadInput: For a damaged container, or naming member and line or field.
        Unsupported: When all scans go over other angles.
    """
    archive = Archive(source.content, source.name, LARGEST_TEXT)
    scans: list[Scan] = []
    passed_over: dict[str, str] = {}
    for member in archive.matching(_PROFILE):
        where = f"{source.name}: {member}"
        fields = _fields(archive, member, source.name)
        axis = fields.get("MEAS_SCAN_AXIS_X", "")
        if not is_two_theta(axis):
            passed_over[member] = axis or "no AxisName"
            continue
        lines = archive.text(member).splitlines()
        scans.append(scan_of(rows_of(lines, 1, where), member, fields, where))
    return spectra_of(scans, passed_over, source, NAME, VERSION)


def _fields(archive: Archive, profile: str, file: str) -> dict[str, str]:
    """Fields of the conditions that belong to a profile."""
    pattern = re.escape(profile).replace("Profile", "Mea?surementConditions")
    members = archive.matching(pattern.replace(r"\.txt", r"\.xml"))
    if not members:
        raise BadInput(f"{file}: {profile}", "its MesurementConditions", "none")
    root = archive.xml(members[0])
    found = {key: (root.findtext(path) or "").strip() for key, path in _FIELDS.items()}
    return {key: value for key, value in found.items() if value}


def recognise(source: Source) -> float:
    """Sure when a ZIP container has profiles."""
    return has_member(source, rb"Data\d+/Profile\d+\.txt")


READER = Reader(
    name=NAME,
    version=VERSION,
    title="Rigaku RASX",
    endings=(".rasx",),
    recognise=recognise,
    read=read,
    reference="files of SmartLab Studio II, which name their own fields",
)
