"""Putting new columns into a contract's text: comments and layout stay, and so does all that is not said to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from headgate.core.errors import UsageError

Path = tuple[str | int, ...]
_BY_HAND = "Next: write the new contract by hand, and give it with --contract."


def with_columns(text: str, columns: Mapping[str, Sequence[str]], *, version: str) -> str:
    """The contract with another version, and with lines put at the end of each object's columns.

    `columns` are lines of YAML for each container: "" for the record, `customer` for an object, `items[]` for the
    elements of a list. They are given without indentation. UsageError where the text is laid out in another way.
    """
    text = text if text.endswith("\n") else f"{text}\n"
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    edits: list[tuple[int, int, str]] = []  # from, to (indices of the text), what stands there instead
    value = _member(root, "version")
    if value is None:
        raise UsageError(f"the contract has no version to raise. {_BY_HAND}")
    edits.append((value.start_mark.index, value.end_mark.index, version))
    record = _item(_member(root, "schema"), 0)
    for path, lines in columns.items():
        properties = _member(_container(record, path), "properties")
        if not isinstance(properties, yaml.SequenceNode) or properties.flow_style or not properties.value:
            raise UsageError(f"the columns of {path or 'the record'} are not a list of lines. {_BY_HAND}")
        pad = " " * properties.start_mark.column
        place = _end_of_line(text, _last_index(properties))
        edits.append((place, place, "".join(f"{pad}{line}\n" for line in lines)))
    for start, end, put in sorted(edits, reverse=True):
        text = text[:start] + put + text[end:]
    return text


def _container(record: yaml.Node | None, path: str) -> yaml.Node | None:
    node = record
    for step in filter(None, path.split(".")):
        name = step.removesuffix("[]")
        properties = _member(node, "properties")
        items = properties.value if isinstance(properties, yaml.SequenceNode) else []
        node = next((one for one in items if name in {_text(one, "physicalName"), _text(one, "name")}), None)
        if step.endswith("[]"):
            node = _member(node, "items")
    return node


def _member(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _item(node: yaml.Node | None, place: int) -> yaml.Node | None:
    return node.value[place] if isinstance(node, yaml.SequenceNode) and len(node.value) > place else None


def _text(node: yaml.Node, key: str) -> str | None:
    found = _member(node, key)
    return found.value if isinstance(found, yaml.ScalarNode) else None


def _last_index(node: yaml.Node) -> int:
    """Where the last scalar in a node ends: the node's own mark stands behind the comments and blanks after it."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _last_index(last[1] if isinstance(node, yaml.MappingNode) else last)


def _end_of_line(text: str, index: int) -> int:
    """The beginning of the next line; a block scalar ends there already."""
    if index and text[index - 1] == "\n":
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1
