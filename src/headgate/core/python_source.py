"""Functions from a flow's own Python files: the only code that Headgate runs from a flow folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headgate.core.errors import FlowError, Problem
from headgate.core.flow import Flow


def load_function(flow: Flow, file: str, name: str) -> Callable[..., Any]:
    """A function of a file of the flow, from the bytes that the flow's digest covers and not from the disk again."""
    source = flow.files.get(file)
    if source is None:
        raise FlowError(flow.name, [Problem(where=file, what="there is no such file in the flow folder")])
    namespace: dict[str, Any] = {"__name__": f"{flow.name}.{file.removesuffix('.py').replace('/', '.')}"}
    try:
        exec(compile(source, f"{flow.name}/{file}", "exec"), namespace)  # noqa: S102  that is what a Python task is
    except Exception as error:
        raise FlowError(
            flow.name, [Problem(where=file, what=f"cannot be loaded: {type(error).__name__}: {error}")]
        ) from error
    function: Callable[..., Any] | None = namespace.get(name)
    if not callable(function):
        raise FlowError(flow.name, [Problem(where=file, what=f"has no function {name!r}")])
    return function
