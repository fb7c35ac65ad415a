"""A state dictionary as torch.save wrote it before PyTorch 1.6, made without PyTorch: prints it in base64."""

import base64, collections, io, pickle, struct, sys, types

torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
sys.modules |= {"torch": torch, "torch._utils": utils}


def _rebuild_tensor_v2(*args):
    pass


_rebuild_tensor_v2.__module__ = "torch._utils"
utils._rebuild_tensor_v2 = _rebuild_tensor_v2
for name in ("FloatStorage", "LongStorage"):
    setattr(torch, name, type(name, (), {"__module__": "torch"}))


class Tensor:
    def __init__(self, kind, key, values, offset, shape, strides):
        self.storage, self.rest = (kind, key, values), (offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return _rebuild_tensor_v2, (Storage(*self.storage), *self.rest)


class Storage(collections.namedtuple("Storage", "kind key values")):
    pass


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", getattr(torch, obj.kind), obj.key, "cpu", len(obj.values), None)


state = collections.OrderedDict(
    [
        # In columns, as a transposed tensor is, behind one element that is not its own.
        ("a.weight", Tensor("FloatStorage", "12", [9, 1, 2, 3, 4, 5, 6], 1, (2, 3), (1, 2))),
        ("a.bias", Tensor("FloatStorage", "7", [-0.5, 0.25], 0, (2,), (1,))),
        ("a.num_batches_tracked", Tensor("LongStorage", "34", [5], 0, (), ())),
    ]
)
out = io.BytesIO()
pickle.dump(0x1950A86A20F9469CFC6C, out, protocol=2)
pickle.dump(1001, out, protocol=2)
pickle.dump({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, out, protocol=2)
Pickler(out, protocol=2).dump(state)
storages = {tensor.storage[1]: tensor.storage for tensor in state.values()}
pickle.dump(sorted(storages), out, protocol=2)
for key in sorted(storages):
    kind, _, values = storages[key]
    out.write(struct.pack("<q", len(values)) + struct.pack("<%d%s" % (len(values), "f" if kind[0] == "F" else "q"), *values))
print(base64.b64encode(out.getvalue()).decode())
