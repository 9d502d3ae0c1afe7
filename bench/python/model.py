"""all-MiniLM-L6-v2 as a SentenceTransformer, from the bundled ONNX file: the same weights, and nothing is fetched."""

import os
import shutil
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

root = Path(__file__).resolve().parents[2]
bundled = root / "models/sentence-transformers/all-MiniLM-L6-v2"
converted = root / ".cache/python-model"

# Which matrices a layer multiplies by, in the order in which the graph does.
matrices = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
]


def convert():
    import onnx
    import torch
    from onnx import numpy_helper
    from transformers import AutoConfig, BertModel

    graph = onnx.load(bundled / "onnx/model.onnx").graph
    given = {t.name.removesuffix("_f16"): torch.from_numpy(numpy_helper.to_array(t).copy()).float() for t in graph.initializer}
    products = (n for n in graph.node if n.op_type == "MatMul" and n.input[1] in given)
    weights = {name.replace("emb.", "embeddings.").replace("layers.", "encoder.layer."): value for name, value in given.items() if "::" not in name}
    for place, product in enumerate(products):
        layer, matrix = divmod(place, len(matrices))
        weights[f"encoder.layer.{layer}.{matrices[matrix]}.weight"] = given[product.input[1]].T.contiguous()
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
