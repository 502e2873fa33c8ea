"""XML without surprises: no document type, no entities, nothing fetched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registry.errors import BadInput

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# No quotes within: a declaration without them has neither entities nor default values.
_PLAIN_DOCTYPE = re.compile(
    rb"<!DOCTYPE\s+\w+\s*\[\s*(?:<!(?:ELEMENT|ATTLIST)\s[^<>\"'%&]*>\s*)*\]\s*>"
)


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


def without_plain_doctype(content: bytes) -> bytes:
    """The content without a document type that only lists elements and attributes.

    Line numbers stay. Any other document type stays too, for :func:`parse` to refuse: even an
    attribute's default value could make a small file a huge tree.
    """
    return _PLAIN_DOCTYPE.sub(lambda found: b"\n" * found[0].count(b"\n"), content, count=1)
