"""Header lines of tables: which names stand for which column."""

QIDS = {"qid", "query_id", "queryid", "q_id", "topic_id", "topicid", "topic_number", "topic_no", "number", "id", "_id"}
TOPICS = QIDS | {"topic", "query", "num"}
"""Names of a column of query ids in qrels and runs, where the other columns tell that it is no text."""
TEXTS = {"query", "text", "title", "question", "query_text", "querytext", "topic", "topic_title", "content"}
DOCIDS = {"docid", "doc_id", "doc", "docno", "doc_no", "did", "document", "document_id", "documentid"}
DOCIDS |= {"corpus_id", "corpusid", "pid", "passage_id", "passageid"}
GRADES = {"grade", "score", "label", "relevance", "rel", "judgment", "judgement", "relevance_label", "relevance_grade"}
SCORES = {"score", "sim", "similarity", "relevance"}
RANKS = {"rank", "position", "pos"}


def names(columns: list[str]) -> list[str]:
    """The columns as names in one spelling: `Query-ID` is `query_id`."""
    return [column.strip().lstrip("#").casefold().replace("-", "_").replace(" ", "_") for column in columns]
