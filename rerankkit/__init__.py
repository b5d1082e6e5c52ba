"""From clicks to a served reranker: BM25 candidates, an LLM teacher, a distilled BERT, TREC runs between them."""

from rerankkit.errors import InputError
from rerankkit.roles import Reranker, Retriever
from rerankkit.run import Run
from rerankkit.types import Candidate, Collection, Document, Group, Hit, Qrels, Queries, Query

__version__ = "0.1.0"
__all__ = [
    "Candidate",
    "Collection",
    "Document",
    "Group",
    "Hit",
    "InputError",
    "Qrels",
    "Queries",
    "Query",
    "Reranker",
    "Retriever",
    "Run",
]
