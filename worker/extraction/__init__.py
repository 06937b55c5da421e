"""From a trace to the sample a judge may see: selectors, shapes of messages and documents, and where each part was."""

from assay.worker.extraction.extract import Extraction, Part, extract
from assay.worker.extraction.messages import ROLES

__all__ = ["ROLES", "Extraction", "Part", "extract"]
