"""A sentence-transformers folder gives the same similarities here and there."""

import pytest

from rerankkit.collection.documents import load_documents
from rerankkit.trec import read_run, read_topics

sentence_transformers = pytest.importorskip("sentence_transformers")


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
def test_similarities_agree(toy, tiny_bert, pooling):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    transformer = Transformer(str(tiny_bert), max_seq_length=32)
    pool = Pooling(transformer.get_embedding_dimension(), pooling_mode=pooling)
    model = SentenceTransformer(modules=[transformer, pool, Normalize()], device="cpu")
    model.save("bi")
    from rerankkit.cli import main

    files = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]
    main(["-q", "rerank", *files, "--model", "./bi", "--dtype", "float32", "--output", "o.txt"], standalone_mode=False)
    queries, documents = read_topics("topics.tsv"), load_documents("docs.jsonl")
    for qid, hits in read_run("o.txt").items():
        texts = [f"{documents[hit.docid].title}. {documents[hit.docid].text}" for hit in hits]
        theirs = model.similarity(model.encode([queries[qid].text]), model.encode(texts))[0].tolist()
        assert [hit.score for hit in hits] == pytest.approx(theirs, abs=1e-5)
