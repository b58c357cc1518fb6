"""The one function that makes an identifier safe, the one for a text literal, and those for paths."""

from __future__ import annotations


def quoted(identifier: str) -> str:
    """An identifier in double quotes; refuses NUL.

    >>> quoted('a"b')
    '"a""b"'
    """
    if "\0" in identifier or not identifier:
        raise ValueError(f"{identifier!r} is no identifier")
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal in single quotes, for places where nothing can be bound.

    >>> literal("it's")
    "'it''s'"
    """
    if "\0" in text:
        raise ValueError("a text with NUL is no SQL literal")
    return "'" + text.replace("'", "''") + "'"


def path_sql(path: str) -> str:
    """A column path as quoted field access.

    >>> path_sql("customer.email")
    '"customer"."email"'
    """
    return ".".join(quoted(part) for part in path.split("."))


def json_step(name: str) -> str:
    r"""The part of a JSON path that leads into a member.

    >>> "$" + json_step('a"b')
    '$."a\\"b"'
    """
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'


def parameter_type(kind: str) -> str:
    """The engine's type for a type of the flow file: its `integer` has 64 bits, as ours have.

    >>> parameter_type("integer"), parameter_type("decimal(12,2)")
    ('BIGINT', 'decimal(12,2)')
    """
    return "BIGINT" if kind == "integer" else kind
