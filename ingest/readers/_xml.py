"""XML without surprises: no document type, no entities, nothing fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.errors import BadInput

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def parse(content: bytes | str, where: str) -> Element:
    """Parse XML.

    Raises:
        BadInput: When it is malformed (with line and column) or declares a document type.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadInput(where, "XML without document type and entities", str(error)) from error
    except (ParseError, ValueError, LookupError) as error:
        # ValueError and LookupError: an encoding that is not text or not known
        raise BadInput(where, "well-formed XML", str(error)) from error
    return root
