"""What is form and no statement: citation marks, source lists, numbering, link targets, table rules, JSON shells.

`without_form` blanks all of it with spaces, so that every offset into the text stays true. Sentences, values and words
are read from the blanked text. What a person is shown is the text as it was.

A mark is form only where its shape leaves no room for a statement. Whatever says more stays and is judged.
"""

from assay.judges.text.form.blanked import as_read, statement_ranges, statements, without_form
from assay.judges.text.form.marks import CitationMark, citation_marks

__all__ = ["CitationMark", "as_read", "citation_marks", "statement_ranges", "statements", "without_form"]
