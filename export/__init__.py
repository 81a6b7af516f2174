"""export: a trained run becomes a bundle, in bytes that depend on the run alone."""

from export.errors import ExportError, ParityError
from export.export import Exported, export

__all__ = ["ExportError", "Exported", "ParityError", "export"]
