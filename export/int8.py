"""Makes the int8 precision of a fused BERT: python int8.py fused.onnx tokenizer.json texts.json int8.onnx

Matrices are 8-bit integers with a scale for each column, and so is what they are multiplied with, with a scale for
each token: no text's vector depends on its batch. What makes that good enough:

- a shift and a scale for each channel move what is hard to round from the activations into the weights (SmoothQuant,
  Xiao et al. 2022), at no cost: they are folded into normalisations, matrices and biases;
- the weights are rounded so that each makes up for the ones before it (GPTQ, Frantar et al. 2022), by what the
  activations are for texts.json: a list of some hundred texts such as the model will read;
- where 8 bits of an activation are not enough, the rest of it is multiplied in 8 bits too (`twice`).

What is multiplied twice was found by leaving out and adding one matrix at a time and looking at the vectors: values
are what matters most, queries and keys hardly. GELU is computed by its approximation with tanh, whose error is a tenth of
the rounding's.
"""

import json
import sys
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

twice = {"v0", "v1", "v2", "v3", "v4", "v5", "k1", "k3", "k4", "k5", "out0", "out1", "out2", "out3", "up4"}
alpha = 0.6
# GELU gives no less than -0.17: as unsigned integers with this zero point, its largest value in a token has 211 steps.
gelu_zero = 44
epsilon, most_tokens = 1e-12, 256

fused, tokenizer_file, texts_file, written = sys.argv[1:5]
source = onnx.load(fused)
heads = next(a.i for n in source.graph.node if n.op_type == "Attention" for a in n.attribute if a.name == "num_heads")
stored = {t.name: numpy_helper.to_array(t) for t in source.graph.initializer}
for cast in source.graph.node:
    if cast.op_type == "Cast" and cast.input[0] in stored:
        stored[cast.output[0]] = stored[cast.input[0]].astype(np.float32)
norms = [n for n in source.graph.node if n.op_type.endswith("LayerNormalization")]
width = len(stored[norms[0].input[1]])


def weights(name):
    return stored[name].astype(np.float64)


class Product(NamedTuple):
    """A matrix by which the graph multiplies, its bias, and the name of what it is multiplied with."""

    reads: str
    matrix: np.ndarray
    bias: np.ndarray


def read_layers():
    steps = [n for n in source.graph.node if n.op_type in ("Attention", "MatMul", "SkipLayerNormalization", "BiasGelu")]
    for attention, o, norm1, up, gelu, down, norm2 in zip(*(steps[i::7] for i in range(7)), strict=True):
        joined, bias = weights(attention.input[1]), weights(attention.input[2])
        yield {
            **{
                name: Product(attention.input[0], joined[:, i * width : (i + 1) * width], bias[i * width : (i + 1) * width])
                for i, name in enumerate("qkv")
            },
            "attended": Product(o.input[0], weights(o.input[1]), weights(norm1.input[4])),
            "up": Product(up.input[0], weights(up.input[1]), weights(gelu.input[1])),
            "out": Product(down.input[0], weights(down.input[1]), weights(norm2.input[4])),
            "norm1": [weights(i) for i in norm1.input[2:4]],
            "norm2": [weights(i) for i in norm2.input[2:4]],
        }


class Seen:
    """Of what a matrix is multiplied with: its mean, its second moments, and the least and the most of each channel."""

    def __init__(self, channels):
        self.tokens, self.sum, self.products = 0, np.zeros(channels), np.zeros((channels, channels))
        self.least, self.most = np.full(channels, np.inf), np.full(channels, -np.inf)

    def add(self, values):
        self.tokens += len(values)
        self.sum += values.sum(0)
        self.products += values.T @ values
        self.least, self.most = np.minimum(self.least, values.min(0)), np.maximum(self.most, values.max(0))

    def mean(self):
        return self.sum / self.tokens

    def moments(self, shift):
        mean = self.mean()
        return self.products / self.tokens - np.outer(mean, shift) - np.outer(shift, mean) + np.outer(shift, shift)


def look(layers, texts):
    names = sorted({p.reads for layer in layers for p in layer.values() if isinstance(p, Product)})
    model = onnx.load(fused)
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(tokenizer_file)
    tokenizer.no_padding()
    tokenizer.enable_truncation(most_tokens)
    seen = {}
    for text in texts:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        for name, (values,) in zip(names, session.run(names, given), strict=True):
            seen.setdefault(name, Seen(values.shape[1])).add(values.astype(np.float64))
    return seen


def column_scales(matrix):
    """The scale of each column with the least error, of those that cut off none to a fifth of its range."""
    best_error, best = np.full(matrix.shape[1], np.inf), np.ones(matrix.shape[1])
    for cut in (1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.8):
        scales = np.abs(matrix).max(0) * cut / 127
        error = ((np.clip(np.rint(matrix / scales), -127, 127) * scales - matrix) ** 2).sum(0)
        best = np.where(error < best_error, scales, best)
        best_error = np.minimum(error, best_error)
    return best


def rounded(matrix, moments, damping=0.01, block=64):
    """GPTQ: rounds row by row, and what a row is off by is made up for in the rows after it."""
    scales = column_scales(matrix)
    moments = moments + np.eye(len(moments)) * damping * np.mean(np.diag(moments))
    order = np.argsort(-np.diag(moments))
    left, factor = matrix[order].copy(), np.linalg.cholesky(np.linalg.inv(moments[order][:, order])).T
    integers = np.zeros_like(left)
    for start in range(0, len(left), block):
        end = min(start + block, len(left))
        errors = np.zeros((end - start, left.shape[1]))
        for row in range(start, end):
            integers[row] = np.clip(np.rint(left[row] / scales), -127, 127)
            errors[row - start] = (left[row] - integers[row] * scales) / factor[row, row]
            left[row + 1 : end] -= np.outer(factor[row, row + 1 : end], errors[row - start])
        left[end:] -= factor[start:end, end:].T @ errors
    return integers[np.argsort(order)].astype(np.int8), scales


class Graph:
    def __init__(self):
        self.nodes, self.values = [], {}

    def constant(self, name, value):
        self.values.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, name, value):
        return self.constant(name, np.asarray(value, np.float32))

    def add(self, operator, inputs, output, **attributes):
        domain = "com.microsoft" if operator in microsoft else ""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=f"{output}/node", domain=domain, **attributes))
        return output


microsoft = {"FastGelu", "FusedMatMul", "MatMulIntegerToFloat", "SkipLayerNormalization"}


class Integers:
    """A tensor of the graph as 8-bit integers: with `and_rest`, also what rounding left of it."""

    def __init__(self, graph, values, name, unsigned=False, and_rest=False):
        zero = gelu_zero if unsigned else 128
        steps = 255 - gelu_zero if unsigned else 127
        self.zero = graph.constant(f"zero_{zero}", np.uint8(zero))
        self.scale = graph.floats(f"step_{steps}", 1 / steps)
        absolute = values if unsigned else graph.add("Abs", [values], f"{name}/absolute")
        self.most = graph.add("ReduceMax", [absolute], f"{name}/most", axes=[-1], keepdims=1)
        ratio = graph.add("Div", [values, self.most], f"{name}/ratio")
        self.integers = graph.add("QuantizeLinear", [ratio, self.scale, self.zero], f"{name}/integers")
        if and_rest:
            back = graph.add("DequantizeLinear", [self.integers, self.scale, self.zero], f"{name}/back")
            rest = graph.add("Sub", [ratio, back], f"{name}/rest")
            self.rest_zero = graph.constant("zero_128", np.uint8(128))
            self.rest_scale = graph.floats(f"rest_{steps}", 1 / steps / 254)
            self.rest = graph.add("QuantizeLinear", [rest, self.rest_scale, self.rest_zero], f"{name}/rest_integers")

    def times(self, graph, matrix, scales, name, with_rest):
        given = [graph.constant(f"{name}/matrix", matrix), graph.floats(f"{name}/scales", scales), graph.constant("zero", np.int8(0))]

        def product(integers, scale, zero, output):
            return graph.add("MatMulIntegerToFloat", [integers, given[0], scale, given[1], zero, given[2]], f"{name}/{output}")

        result = product(self.integers, self.scale, self.zero, "product")
        if with_rest:
            result = graph.add("Add", [result, product(self.rest, self.rest_scale, self.rest_zero, "of_rest")], f"{name}/sum")
        return graph.add("Mul", [result, self.most], f"{name}/scaled")


def smoothing(seen, matrices, shift):
    """A factor for each channel, by which the activation is divided and the matrices are multiplied."""
    activation = np.maximum(seen.most - shift, shift - seen.least) + 1e-4
    weight = np.max([np.abs(matrix).max(1) for matrix in matrices], 0)
    factors = activation**alpha / weight ** (1 - alpha)
    return factors / np.exp(np.log(factors).mean())


def embeddings(graph):
    """Rows of the tables, stored as fp16; tokens come first and then texts, so that attention needs no copies of its heads."""
    table = {len(t): t for t in stored.values() if t.ndim == 2 and t.shape[1] == width}
    types, places = sorted(n for n in table if n != width and n != 4 * width)[:2]
    words = max(table)
    by_token = {i: graph.add("Transpose", [i], f"{i}/turned", perm=[1, 0]) for i in ("input_ids", "token_type_ids")}
    for name, at in (("start", 0), ("one", 1), ("two", 2)):
        graph.constant(name, np.array([at], np.int64))
    shape = graph.add("Shape", ["input_ids"], "shape")
    length = graph.add("Slice", [shape, "one", "two", "start"], "length")
    numbers = graph.constant("numbers", np.arange(places, dtype=np.int64)[:, None])
    place = graph.add("Slice", [numbers, "start", length, "start"], "places/ids")
    parts = []
    for name, size, ids in (("words", words, by_token["input_ids"]), ("places", places, place)):
        rows = graph.add("Gather", [graph.constant(f"{name}/table", table[size].astype(np.float16)), ids], f"{name}/fp16")
        parts.append(graph.add("Cast", [rows], name, to=TensorProto.FLOAT))
    parts.append(graph.add("Gather", [graph.floats("types/table", table[types]), by_token["token_type_ids"]], "types"))
    return graph.add("Add", [graph.add("Add", [parts[0], parts[2]], "typed"), parts[1]], "embedded")


def masked(graph):
    """What is added to the attention that a token pays to padding."""
    mask = graph.add("Cast", ["attention_mask"], "mask/floats", to=TensorProto.FLOAT)
    padding = graph.add("Sub", [graph.floats("mask/one", 1), mask], "mask/padding")
    far = graph.add("Mul", [padding, graph.floats("mask/most", -10000)], "mask/far")
    return graph.add("Unsqueeze", [far, graph.constant("mask/axes", np.array([1, 2], np.int64))], "mask")


def build(layers, seen):
    graph = Graph()
    graph.constant("heads", np.array([0, 0, heads, width // heads], np.int64))
    graph.constant("joined", np.array([0, 0, width], np.int64))

    # How each activation is shifted and scaled before it is rounded.
    shifts = {}
    for at, layer in enumerate(layers):
        for name, matrices in (("q", "qkv"), ("up", ["up"])):
            shift = seen[layer[name].reads].mean()
            shifts[at, name] = shift, smoothing(seen[layer[name].reads], [layer[m].matrix for m in matrices], shift)
        # The attention that a token pays adds up to one: so the values' bias comes out as it went in, and is the shift.
        shift = layer["v"].bias + shifts[at, "q"][0] @ layer["v"].matrix
        reads = seen[layer["attended"].reads]
        shifts[at, "attended"] = shift, smoothing(reads, [layer["attended"].matrix], shift)
        shifts[at, "out"] = np.zeros(4 * width), np.ones(4 * width)

    def integer_matrix(at, name):
        product = layers[at][name]
        shift, factors = shifts[at, "q" if name in "qkv" else name]
        moments = seen[product.reads].moments(shift) / np.outer(factors, factors)
        integers, scales = rounded(product.matrix * factors[:, None], moments)
        return integers, scales, product.bias + shift @ product.matrix

    def norm(weights_of, to, name):
        scale, bias = weights_of
        shift, factors = shifts.get(to, (0, 1))
        return [graph.floats(f"{name}/scale", scale / factors), graph.floats(f"{name}/bias", (bias - shift) / factors)]

    def is_twice(at, *names):
        return any(f"{name}{at}" in twice for name in names)

    first = [weights(i) for i in norms[0].input[1:3]]
    hidden = graph.add("LayerNormalization", [embeddings(graph), *norm(first, (0, "q"), "norm")], "hidden", axis=-1, epsilon=epsilon)
    mask = masked(graph)
    for at, layer in enumerate(layers):
        whole = Integers(graph, hidden, f"{at}/hidden", and_rest=is_twice(at, *"qkv"))
        part = {}
        for name in "qkv":
            matrix, scales, bias = integer_matrix(at, name)
            # What attention is divided by goes into the queries, and the next scaling into the values.
            factor = {"q": np.sqrt(width / heads), "k": 1.0, "v": shifts[at, "attended"][1]}[name]
            values = whole.times(graph, matrix, scales / factor, f"{at}/{name}", is_twice(at, name))
            if name == "q":  # A bias of the keys is the same for all that a token looks at, and changes nothing.
                values = graph.add("Add", [values, graph.floats(f"{at}/q/bias", bias / factor)], f"{at}/q/biased")
            part[name] = graph.add("Reshape", [values, "heads"], f"{at}/{name}/heads")
        scores = graph.add("FusedMatMul", [part["q"], part["k"]], f"{at}/scores", transB=1, transBatchA=1, transBatchB=1)
        attention = graph.add("Softmax", [graph.add("Add", [scores, mask], f"{at}/scores/masked")], f"{at}/attention", axis=-1)
        attended = graph.add("FusedMatMul", [attention, part["v"]], f"{at}/attended/heads", transBatchB=1)
        attended = graph.add("Transpose", [attended], f"{at}/attended/turned", perm=[2, 0, 1, 3])
        attended = graph.add("Reshape", [attended, "joined"], f"{at}/attended")

        def block(name, values, residual, to, weights_of, output, unsigned=False):
            """Multiplies, adds the residual, which is scaled back, and normalises."""
            integers = Integers(graph, values, f"{at}/{name}", unsigned, is_twice(at, name))
            matrix, scales, bias = integer_matrix(at, name)
            product = integers.times(graph, matrix, scales, f"{at}/{name}", is_twice(at, name))
            values, (shift, factors) = residual
            back = graph.add("Mul", [values, graph.floats(f"{output}/back", factors)], f"{output}/residual")
            given = [product, back, *norm(weights_of, to, output), graph.floats(f"{output}/added", bias + shift)]
            return graph.add("SkipLayerNormalization", given, output, epsilon=epsilon)

        between = block("attended", attended, (hidden, shifts[at, "q"]), (at, "up"), layer["norm1"], f"{at}/between")
        up = Integers(graph, between, f"{at}/up", and_rest=is_twice(at, "up"))
        matrix, scales, bias = integer_matrix(at, "up")
        wide = up.times(graph, matrix, scales, f"{at}/up", is_twice(at, "up"))
        wide = graph.add("FastGelu", [wide, graph.floats(f"{at}/up/bias", bias)], f"{at}/wide")
        hidden = block("out", wide, (between, shifts[at, "up"]), (at + 1, "q"), layer["norm2"], f"{at + 1}/normed", unsigned=True)
    graph.add("Transpose", [hidden], "last_hidden_state", perm=[1, 0, 2])

    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["texts", "tokens"]) for n in ("input_ids", "attention_mask", "token_type_ids")]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", width])
    made = helper.make_graph(graph.nodes, "int8 a token", inputs, [output], list(graph.values.values()))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8, producer_name="")


if __name__ == "__main__":
    layers = list(read_layers())
    with open(texts_file, encoding="utf8") as file:
        seen = look(layers, json.load(file))
    model = build(layers, seen)
    onnx.checker.check_model(model)
    onnx.save(model, written)
