"""The dialect of pipeline.yaml: its keys, its values, what they mean; text → frozen `PipelineSpec`."""

from cauce.engine.spec.entry import entry_of_file, find_entry
from cauce.engine.spec.model import Entry, Evaluated, PipelineSpec, ProductSpec, RelationSpec, TaskKind, TaskSpec
from cauce.engine.spec.parse import MAX_PROBLEMS, Read, parse_spec

__all__ = [
    "MAX_PROBLEMS",
    "Entry",
    "Evaluated",
    "PipelineSpec",
    "ProductSpec",
    "Read",
    "RelationSpec",
    "TaskKind",
    "TaskSpec",
    "entry_of_file",
    "find_entry",
    "parse_spec",
]
