"""Fuses the graph of multilingual-e5-small-ru-en: python e5.py exported.onnx fused.onnx

As exact.py, whose library does not recognise a model that unpacks its weights: here the parts of a layer are
known by their names. The nodes that unpack stay, and are computed once, when the file is loaded.
"""

import sys

import onnx
from onnx import TensorProto, helper

exported, fused = sys.argv[1:3]
model = onnx.load(exported)
graph = model.graph
made = {output for node in graph.node for output in node.output}
epsilon = 1e-12


def fuse(operator, inputs, output, domain="com.microsoft", **attributes):
    """In place of whatever the graph made this output by."""
    old = next(node for node in graph.node if output in node.output)
    at = list(graph.node).index(old)
    graph.node.remove(old)
    graph.node.insert(at, helper.make_node(operator, inputs, [output], domain=domain, **attributes))


# Texts are filled up on the right, so a mask is as good as a length.
for node in [
    helper.make_node("Cast", ["attention_mask"], ["mask/int32"], to=TensorProto.INT32),
    helper.make_node("ReduceSum", ["mask/int32", "i1"], ["mask/length"], keepdims=0),
][::-1]:
    graph.node.insert(0, node)
hidden = "emb.ln/ln"
fuse("LayerNormalization", ["emb/sum", "emb.ln.w", "emb.ln.b"], hidden, domain="", axis=-1, epsilon=epsilon)
layer = 0
while f"l{layer}/ctx" in made:
    at = f"l{layer}"
    fuse("Attention", [hidden, f"{at}.qkv/2d", f"{at}.qkv.bias", "mask/length"], f"{at}/ctx", num_heads=12)
    fuse("SkipLayerNormalization", [f"{at}.ao/mm", hidden, f"{at}.aln.w", f"{at}.aln.b", f"{at}.ao.bias"], f"{at}.aln/ln", epsilon=epsilon)
    fuse("BiasGelu", [f"{at}.fi/mm", f"{at}.fi.bias"], f"{at}/gelu")
    hidden = f"{at}.oln/ln"
    fuse("SkipLayerNormalization", [f"{at}.fo/mm", f"{at}.aln/ln", f"{at}.oln.w", f"{at}.oln.b", f"{at}.fo.bias"], hidden, epsilon=epsilon)
    layer += 1
assert layer == 12, layer

needed = {output.name for output in graph.output}
for node in reversed(list(graph.node)):
    if needed.isdisjoint(node.output):
        graph.node.remove(node)
    else:
        needed.update(node.input)
for tensor in list(graph.initializer):
    if tensor.name not in needed:
        graph.initializer.remove(tensor)
# The first opset that has LayerNormalization; nothing else that is used changed until then.
del model.opset_import[:]
model.opset_import.extend([helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)])
onnx.save(model, fused)
print(len(graph.node), "nodes")
