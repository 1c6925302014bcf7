"""The graph of a functional Keras model: which tensors lead where."""

__all__ = ["names", "reconstruction_tensor", "walk_back"]


def walk_back(tensors, stop=None):
    """All Keras tensors that lead to `tensors`, these included; the way ends at `stop`."""
    seen, waiting = {}, list(tensors)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen or tensor is stop:
            continue
        seen[id(tensor)] = tensor
        operation, node_index, _ = tensor._keras_history
        waiting.extend(operation._inbound_nodes[node_index].input_tensors)
    return list(seen.values())


def reconstruction_tensor(model):
    """The one output of a model, or of several that of the layer called `reconstruction`."""
    outputs = model.outputs
    if len(outputs) > 1:
        outputs = [tensor for tensor in outputs if tensor._keras_history.operation.name == "reconstruction"]
        if len(outputs) != 1:
            raise ValueError(
                "`model` must have one output, or name the layer of one of them `reconstruction`. "
                f"Received: outputs of {names(tensor._keras_history.operation for tensor in model.outputs)}."
            )
    return outputs[0]


def names(named):
    """Names of layers or operations, for a message."""
    return ", ".join(repr(each.name) for each in named)
