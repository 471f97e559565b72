"""Makes authors_full.pt and authors_light.pt: what the authors' code saves, written by PyTorch itself.

Full models are float32 parameters, light ones float16 tensors; both come from a GPU. Two convexes of six points whose
values are a count in steps of 1/64, exact in float16. Needs torch (1.12.1 made the files here):
python3 authors.py
"""

import torch

torch.serialization.register_package(0, lambda storage: "cuda:0", lambda storage, location: None)

NAMES_AND_ROWS = {
    "convex_points": (6, 3),
    "delta": (1,),
    "sigma": (1,),
    "features_dc": (1, 3),
    "features_rest": (15, 3),
    "opacity": (1,),
}


def tensors():
    first = 0
    for name, row in NAMES_AND_ROWS.items():
        shape = (2, *row)
        count = torch.Size(shape).numel()
        yield name, (torch.arange(first, first + count, dtype=torch.float32) / 64).reshape(shape)
        first += count


full = {name: torch.nn.Parameter(tensor.requires_grad_(True)) for name, tensor in tensors()}
light = {name: tensor.half() for name, tensor in tensors()}
# Stored the other way round and seen through strides.
light["features_rest"] = light["features_rest"].transpose(1, 2).contiguous().transpose(1, 2)
for kind, state in [("full", full), ("light", light)]:
    state["active_sh_degree"] = 3
    torch.save(state, f"authors_{kind}.pt")
