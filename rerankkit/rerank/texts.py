"""A query and a document in the words that each architecture reads."""

from rerankkit.types import Document, Query


def document_text(document: Document) -> str:
    """`title. text`, or the one that is there."""
    return f"{document.title}. {document.text}" if document.title and document.text else document.title or document.text


def query_text(query: Query) -> str:
    """Its words alone."""
    return query.text


def document_lines(document: Document) -> str:
    """The lines of title and summary, for an LLM; what is empty has none."""
    lines = (f"Title: {document.title}" if document.title else "", f"Summary: {document.text}" if document.text else "")
    return "\n".join(line for line in lines if line)


def query_line(query: Query) -> str:
    """The line that asks an LLM."""
    return f"Query: {query.text}\n"


WORDS = {"cross-encoder": (query_text, document_text), "llm": (query_line, document_lines)}
"""By architecture."""
