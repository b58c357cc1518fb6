"""Tasks in Python: a function from Arrow streams to an Arrow table or batches.

```python
def score(read, parameters):
    for batch in read("transactions"):      # a relation that tasks may read, batch by batch
        yield make(batch)                   # record batches of one schema
```
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from headgate.core.errors import TaskError
from headgate.core.flow import Task
from headgate.core.python_source import load_function
from headgate.core.sql import quoted
from headgate.transform.workspace import Workspace


def run_python(work: Workspace, task: Task) -> str:
    """Run a Python task and register its result; SQL that reads it."""
    assert task.function is not None
    function = load_function(work.flow, task.file, task.function)

    def read(relation: str) -> pa.RecordBatchReader:
        return work.engine.stream(f"SELECT * FROM {quoted(relation)}")

    try:
        result = function(read, dict(work.parameters.values))
        table = _as_table(result, task)
    except TaskError:
        raise
    except Exception as error:
        raise TaskError(f"task {task.file}:{task.function} raised {type(error).__name__}: {error}") from error
    name = f"_result_{task.name}"
    work.engine.register(name, table)
    return f"SELECT * FROM {quoted(name)}"


def _as_table(result: object, task: Task) -> pa.Table:
    if isinstance(result, pa.Table):
        return result
    if isinstance(result, pa.RecordBatchReader):
        return result.read_all()
    if isinstance(result, Iterable):
        batches = list(result)
        if batches and all(isinstance(batch, pa.RecordBatch) for batch in batches):
            return pa.Table.from_batches(batches)
    raise TaskError(
        f"task {task.file}:{task.function} gave {type(result).__name__}; it must give a table or record batches.",
    )
