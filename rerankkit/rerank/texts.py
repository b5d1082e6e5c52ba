"""A query and a document as an encoder reads them."""

from rerankkit.types import Document, Query


def document_text(document: Document) -> str:
    """`title. text`, or the one that is there."""
    return f"{document.title}. {document.text}" if document.title and document.text else document.title or document.text


def query_text(query: Query) -> str:
    """Its words alone."""
    return query.text
