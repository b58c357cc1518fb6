"""`replace`: a record like another, but for the fields that are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace  # mypy knows this one, and checks names and types of fields, those of Structs too
else:
    from msgspec.structs import replace

__all__ = ["replace"]
