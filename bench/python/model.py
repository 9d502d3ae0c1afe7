"""all-MiniLM-L6-v2 as a SentenceTransformer, from the bundled ONNX file: the same weights, and nothing is fetched."""

import os
import shutil
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

root = Path(__file__).resolve().parents[2]
bundled = root / "models/sentence-transformers/all-MiniLM-L6-v2"
converted = root / ".cache/python-model"


def convert():
    import onnx
    import torch
    from onnx import numpy_helper
    from transformers import AutoConfig, BertModel

    graph = onnx.load(bundled / "onnx/model.onnx").graph
    stored = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()).float() for t in graph.initializer}
    given = {n.output[0]: stored[n.input[0]] for n in graph.node if n.op_type == "Cast" and n.input[0] in stored} | stored
    weights = {name.removesuffix("_f16").replace("emb.", "embeddings."): value for name, value in stored.items() if name.startswith("emb.")}
    fused = ("Attention", "MatMul", "SkipLayerNormalization", "BiasGelu")
    steps = [[given.get(i) for i in n.input] for n in graph.node if n.op_type in fused]
    for layer, (attention, o, norm, up, gelu, down, last) in enumerate(zip(*(steps[i::7] for i in range(7)), strict=True)):
        matrices = zip(("query", "key", "value"), attention[1].chunk(3, dim=1), attention[2].chunk(3), strict=True)
        parts = {f"attention.self.{name}": (matrix.T, bias) for name, matrix, bias in matrices} | {
            "attention.output.dense": (o[1].T, norm[4]),
            "attention.output.LayerNorm": (norm[2], norm[3]),
            "intermediate.dense": (up[1].T, gelu[1]),
            "output.dense": (down[1].T, last[4]),
            "output.LayerNorm": (last[2], last[3]),
        }
        for name, (weight, bias) in parts.items():
            weights[f"encoder.layer.{layer}.{name}.weight"] = weight.contiguous()
            weights[f"encoder.layer.{layer}.{name}.bias"] = bias.contiguous()
    model = BertModel(AutoConfig.from_pretrained(bundled), add_pooling_layer=False)
    unfilled = model.load_state_dict(weights, strict=False).missing_keys
    assert all(name.endswith("position_ids") for name in unfilled), unfilled
    model.save_pretrained(converted)
    for file in bundled.glob("*token*.json"):
        shutil.copy(file, converted)


def load():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer

    transformer = Transformer(str(converted), max_seq_length=256)
    return SentenceTransformer(modules=[transformer, Pooling(384, "mean"), Normalize()], device="cpu")


if __name__ == "__main__" and not (converted / "model.safetensors").exists():
    convert()
