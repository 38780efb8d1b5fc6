#!/usr/bin/env python3
"""Records what PyTorch computes, for the tests of clients/nn.

    python3 scripts/record_torch.py clients/nn/testdata

writes layers.json, models.json, unets.json, optimizers.json, schedules.json and init.json. Everything is computed in float64.
Inputs and parameters are not stored: fill() makes them from a counter-based generator, which the tests repeat.
All vectors are in flsim's memory order: activations NHWC, convolution weights [row][column][in][out], dense weights
[in][out], dense layers behind an image reading it as [row][column][channel].
"""
import json
import math
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
GOLDEN = 0x9E3779B97F4A7C15


def fill(seed, shape, offset=0.0, bound=1.0):
    """Numbers uniform in offset +- bound, rounded to float32; element i comes from SplitMix64's word i of the seed."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        x = np.uint64(seed) + np.arange(count, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(GOLDEN)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    unit = (x >> np.uint64(40)).astype(np.float64) / (1 << 24)
    return torch.from_numpy((offset + bound * (2 * unit - 1)).astype(np.float32).astype(np.float64).reshape(shape))


def digits(t):
    return [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]


def images(seed, n, h, w, c):
    """A batch of images as NHWC numbers, returned as PyTorch's NCHW."""
    return fill(seed, (n, h, w, c)).permute(0, 3, 1, 2).contiguous()


def ours(t):
    """NCHW to NHWC; matrices as they are."""
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


# --- single layers -------------------------------------------------------------------------------------------------

SHAPE = dict(n=3, h=6, w=5, c=4)


def parameters(layer):
    """The layer's tensors and their conversions, in the order of flsim's layout."""
    out = []
    for name, p in list(layer.named_parameters()) + list(layer.named_buffers()):
        if name != "num_batches_tracked":
            out.append((name, p))
    return out


def to_ours(p, image=None):
    """A parameter in flsim's order. image is (C, H, W) for a dense layer that reads an image."""
    if p.dim() == 4:
        return p.permute(2, 3, 1, 0)
    if p.dim() == 2:
        if image:
            c, h, w = image
            return p.reshape(p.shape[0], c, h, w).permute(2, 3, 1, 0).reshape(-1, p.shape[0])
        return p.t()
    return p


def from_ours(values, like, image=None):
    """The inverse of to_ours for a flat vector of values."""
    if like.dim() == 4:
        o, i, h, w = like.shape
        return values.reshape(h, w, i, o).permute(3, 2, 0, 1)
    if like.dim() == 2:
        if image:
            c, h, w = image
            return values.reshape(h, w, c, like.shape[0]).permute(3, 2, 0, 1).reshape(like.shape)
        return values.reshape(like.shape[1], like.shape[0]).t()
    return values


def rule(name, p, norm):
    """offset and bound of a parameter's values."""
    if name.endswith("running_var"):
        return 1.0, 0.5
    if name.endswith("running_mean"):
        return 0.0, 0.5
    if norm:
        return (1.0, 0.3) if name.endswith("weight") else (0.0, 0.3)
    return 0.0, 0.5


def set_parameters(layer, seed, norm, image=None):
    for k, (name, p) in enumerate(parameters(layer)):
        offset, bound = rule(name, p, norm)
        p.data.copy_(from_ours(fill(seed + k, (p.numel(),), offset, bound), p, image))


def record_layer(spec, layer, x, norm=False, image=None):
    set_parameters(layer, 100, norm, image)
    layer.train()
    x = x.clone().requires_grad_(True)
    y = layer(x if image is None else x.flatten(1))
    shape = ours(y).shape
    dy = fill(2, tuple(shape))
    (ours(y) * dy).sum().backward()
    rec = dict(spec, y=digits(ours(y)), dx=digits(ours(x.grad)), tensors=[])
    for name, p in parameters(layer):
        t = dict(name=name)
        if p.requires_grad:
            t["grad"] = digits(to_ours(p.grad, image))
        else:
            t["after"] = digits(p)
        rec["tensors"].append(t)
    layer.eval()
    rec["eval"] = digits(ours(layer(x if image is None else x.flatten(1))))
    return rec


def layers():
    n, h, w, c = SHAPE["n"], SHAPE["h"], SHAPE["w"], SHAPE["c"]
    recs = []

    def add(kind, layer, channels=c, norm=False, image=None, **kw):
        x = images(1, n, h, w, channels)
        spec = dict(kind=kind, n=n, shape=[h, w, channels], **kw)
        recs.append(record_layer(spec, layer, x, norm, image))

    add("dense", nn.Linear(h * w * c, 7), image=(c, h, w), out=7, bias=True)
    add("dense", nn.Linear(h * w * c, 5, bias=False), image=(c, h, w), out=5, bias=False)
    for k, s, p, out, channels, bias in [(3, 1, 0, 6, 4, True), (3, 1, 1, 3, 4, True), (3, 2, 1, 5, 4, False), (5, 1, 2, 4, 3, True), (1, 2, 0, 8, 4, False), (2, 3, 0, 2, 1, True)]:
        add("conv", nn.Conv2d(channels, out, k, s, p, bias=bias), channels=channels, out=out, kernel=k, stride=s, pad=p, bias=bias)
    add("maxpool", nn.MaxPool2d(2, 2), kernel=2, stride=2)
    add("maxpool", nn.MaxPool2d(3, 1), kernel=3, stride=1)
    add("relupool", nn.Sequential(nn.ReLU(), nn.MaxPool2d(2, 2)), kernel=2, stride=2)
    add("avgpool", nn.AvgPool2d(2, 2), kernel=2, stride=2)
    add("avgpool", nn.AvgPool2d(3, 2), kernel=3, stride=2)
    add("relu", nn.ReLU())
    add("batchnorm", nn.BatchNorm2d(c), norm=True)
    add("groupnorm", nn.GroupNorm(2, c), norm=True, groups=2)
    add("groupnorm", nn.GroupNorm(1, c), norm=True, groups=1)
    add("groupnorm", nn.GroupNorm(4, c), norm=True, groups=4)
    return recs


def losses():
    logits = fill(1, (6, 5), bound=4.0).requires_grad_(True)
    labels = torch.arange(6) % 5
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return dict(loss=loss.item(), correct=int((logits.argmax(1) == labels).sum()), dlogits=digits(logits.grad))


def region_loss(logits, sets):
    """Cross-entropy and soft Dice loss of logits [pixel][region] for sets of regions, bit r of a set for region r."""
    t = (sets.reshape(-1, 1) >> torch.arange(logits.shape[1]) & 1).to(logits.dtype)
    p = torch.sigmoid(logits)
    dice = (2 * (p * t).sum(0) + 1) / (p.sum(0) + t.sum(0) + 1)
    return F.binary_cross_entropy_with_logits(logits, t) + (1 - dice).mean()


def region_losses():
    """With all regions, with one that is nowhere, and with one that is everywhere."""
    recs = []
    for pixels, regions, present, always in [(7, 1, 1, 0), (60, 3, 7, 0), (60, 3, 3, 0), (11, 8, 255, 128), (5, 3, 0, 0)]:
        logits = fill(1, (pixels, regions), bound=6.0).requires_grad_(True)
        sets = torch.arange(pixels) * 5 % (1 << regions) & present | always
        loss = region_loss(logits, sets)
        loss.backward()
        right = int(((logits > 0) == (sets.reshape(-1, 1) >> torch.arange(regions) & 1).bool()).sum())
        recs.append(dict(pixels=pixels, regions=regions, present=present, always=always, loss=loss.item(), correct=right, dlogits=digits(logits.grad)))
    return recs


# --- whole models --------------------------------------------------------------------------------------------------

class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.project = stride != 1 or cin != cout
        if self.project:
            self.short = nn.Conv2d(cin, cout, 1, stride, bias=False)
            self.short_norm = nn.GroupNorm(2, cout)
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.norm1 = nn.GroupNorm(2, cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.norm2 = nn.GroupNorm(2, cout)

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + (self.short_norm(self.short(x)) if self.project else x))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def lenet5(c, pad, side):
    return nn.Sequential(nn.Conv2d(c, 6, 5, padding=pad), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)), (16, 5, 5)


def tf_cnn():
    return nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 64, 3), nn.ReLU(),
                         nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10)), (64, 4, 4)


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10)), (1, 28, 28)


def mcmahan_cnn(pad, side):
    return nn.Sequential(nn.Conv2d(3, 32, 5, padding=pad), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5, padding=pad), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(64 * side * side, 512), nn.ReLU(), nn.Linear(512, 10)), (64, side, side)


def cnn4():
    mods, cin = [], 3
    for cout in (32, 64, 128, 256):
        mods += [nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(), nn.MaxPool2d(2)]
        cin = cout
    return nn.Sequential(*mods, nn.Flatten(), nn.Linear(1024, 10, bias=False)), (256, 2, 2)


def resnet8():
    mods = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.GroupNorm(2, 16), nn.ReLU()]
    for cin, cout, s in ((16, 16, 1), (16, 32, 2), (32, 64, 2)):
        mods.append(Block(cin, cout, s))
    return nn.Sequential(*mods, Mean(), nn.Linear(64, 10)), None


PROBES = 6


def record_model(name, built, shape, n=4, padding="same"):
    model, image = built
    h, w, c = shape
    # flsim's layout keeps a layer's tensors together: parameters, then running statistics.
    tensors = []
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.GroupNorm)):
            norm = isinstance(module, (nn.BatchNorm2d, nn.GroupNorm))
            for key, p in list(module.named_parameters()) + list(module.named_buffers()):
                if key != "num_batches_tracked":
                    tensors.append((module, key, p, norm))
    first_dense = True
    rec = dict(model=name, padding=padding, shape=list(shape), n=n, tensors=[])
    views = []
    for k, (module, key, p, norm) in enumerate(tensors):
        view = None
        if p.dim() == 2:
            view, first_dense = (image if first_dense else None), False
        offset, bound = rule(key, p, norm)
        if not norm:
            fan = tensors[k - 1][2] if key == "bias" else p
            bound = float("%.6g" % (1 / math.sqrt(fan[0].numel())))
        p.data.copy_(from_ours(fill(1000 + k, (p.numel(),), offset, bound), p, view))
        views.append(view)
        rec["tensors"].append(dict(len=p.numel(), offset=offset, bound=bound))
    model.train()
    x, y = images(1, n, h, w, c), torch.arange(n) * 3 % 10
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    rec["loss"] = loss.item()
    for t, (module, key, p, norm), view in zip(rec["tensors"], tensors, views):
        v = to_ours(p.grad if p.requires_grad else p, view).reshape(-1)
        t["norm"] = float("%.10g" % v.norm().item())
        t["probes"] = digits(v[torch.arange(PROBES) * 7919 % p.numel()])
    model.eval()
    rec["eval_loss_sum"] = F.cross_entropy(model(x), y, reduction="sum").item()
    return rec


def models():
    return [
        record_model("lenet5", lenet5(3, 0, 32), (32, 32, 3)),
        record_model("lenet5", lenet5(1, 2, 28), (28, 28, 1)),
        record_model("tf-cnn", tf_cnn(), (32, 32, 3)),
        record_model("mlp", mlp(), (28, 28, 1)),
        record_model("mcmahan-cnn", mcmahan_cnn(2, 8), (32, 32, 3)),
        record_model("mcmahan-cnn", mcmahan_cnn(0, 5), (32, 32, 3), padding="valid"),
        record_model("cnn4", cnn4(), (32, 32, 3)),
        record_model("resnet8-gn", resnet8(), (32, 32, 3)),
    ]


# --- U-Nets ---------------------------------------------------------------------------------------------------------

class UNet(nn.Module):
    def __init__(self, dims, base, levels, cin, cout):
        super().__init__()
        conv, up, self.pool = (nn.Conv3d, nn.ConvTranspose3d, F.max_pool3d) if dims == 3 else (nn.Conv2d, nn.ConvTranspose2d, F.max_pool2d)

        def double(a, width):
            one = lambda c: [conv(c, width, 3, padding=1, bias=False), nn.GroupNorm(4, width), nn.ReLU()]
            return nn.Sequential(*one(a), *one(width))

        widths = [base << i for i in range(levels)]
        self.down = nn.ModuleList(double(a, b) for a, b in zip([cin] + widths, widths))
        self.up = nn.ModuleList(up(b, a, 2, 2) for a, b in zip(widths, widths[1:]))
        self.join = nn.ModuleList(double(2 * a, a) for a in widths[:-1])
        self.last = conv(base, cout, 1)

    def blocks(self):
        """The parts in the order of flsim's layout."""
        back = [m for pair in zip(self.up, self.join) for m in reversed(pair)][::-1]
        return [*self.down, *back, self.last]

    def level(self, i, x):
        x = self.down[i](x)
        if i + 1 == len(self.down):
            return x
        return self.join[i](torch.cat([x, self.up[i](self.level(i + 1, self.pool(x, 2)))], 1))

    def forward(self, x):
        return self.last(self.level(0, x))


def kernel_to_ours(p, transposed):
    """A parameter in flsim's order, [kernel]...[in][out]."""
    if p.dim() < 3:
        return p
    first = (0, 1) if transposed else (1, 0)
    return p.permute(*range(2, p.dim()), *first)


def record_unet(dims, side, base, levels, cin, cout, n=2):
    net = UNet(dims, base, levels, cin, cout)
    rec = dict(model="unet%dd" % dims, side=side, base=base, levels=levels, channels=cin, regions=cout, n=n, tensors=[])
    tensors = []
    for block in net.blocks():
        for module in block.modules():
            for key, p in module.named_parameters(recurse=False):
                tensors.append((module, key, p))
    for k, (module, key, p) in enumerate(tensors):
        norm, transposed = isinstance(module, nn.GroupNorm), isinstance(module, (nn.ConvTranspose2d, nn.ConvTranspose3d))
        offset, bound = rule(key, p, norm) if norm else (0.0, 0.2)
        view = kernel_to_ours(p.data, transposed)
        values = fill(1000 + k, tuple(view.shape), offset, bound)
        view.copy_(values)
        rec["tensors"].append(dict(len=p.numel(), offset=offset, bound=bound))
    x = fill(1, (n, *[side] * dims, cin)).movedim(-1, 1).contiguous()
    y = torch.arange(n * side**dims) * 3 % (1 << cout)
    score = lambda: region_loss(net(x).movedim(1, -1).reshape(-1, cout), y)
    loss = score()
    loss.backward()
    rec["loss"] = loss.item()
    for t, (module, key, p) in zip(rec["tensors"], tensors):
        v = kernel_to_ours(p.grad, isinstance(module, (nn.ConvTranspose2d, nn.ConvTranspose3d))).reshape(-1)
        t["norm"] = float("%.10g" % v.norm().item())
        t["probes"] = digits(v[torch.arange(PROBES) * 7919 % p.numel()])
        p.data.sub_(0.1 * p.grad)
    rec["after"] = score().item()  # a step along the gradient
    return rec


def unets():
    return [record_unet(3, 8, 8, 3, 4, 3), record_unet(3, 4, 4, 2, 1, 1), record_unet(2, 16, 8, 3, 4, 3), record_unet(2, 16, 8, 3, 3, 5)]


# --- optimizers, schedules, initialisation -------------------------------------------------------------------------

def optimizers():
    recs = []
    cases = [
        ("sgd", dict(lr=0.1), {}),
        ("sgd", dict(lr=0.1, weight_decay=0.01), {}),
        ("sgd", dict(lr=0.05, momentum=0.9), {}),
        ("sgd", dict(lr=0.05, momentum=0.8, weight_decay=0.001), {}),
        ("sgd", dict(lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True), {}),
        ("adam", dict(lr=0.01), dict(beta1=0.9, beta2=0.999, epsilon=1e-8)),
        ("adam", dict(lr=0.02, weight_decay=0.1), dict(beta1=0.8, beta2=0.99, epsilon=1e-6)),
        ("rmsprop", dict(lr=0.01), dict(smoothing=0.99, epsilon=1e-8)),
        ("rmsprop", dict(lr=0.01, momentum=0.5, weight_decay=0.05), dict(smoothing=0.9, epsilon=1e-6)),
    ]
    for name, common, own in cases:
        w = nn.Parameter(fill(1, (8,)))
        if name == "sgd":
            opt = torch.optim.SGD([w], **common)
        elif name == "adam":
            opt = torch.optim.Adam([w], betas=(own["beta1"], own["beta2"]), eps=own["epsilon"], **common)
        else:
            opt = torch.optim.RMSprop([w], alpha=own["smoothing"], eps=own["epsilon"], **common)
        steps = []
        for t in range(10):
            w.grad = fill(10 + t, (8,))
            opt.step()
            steps.append(digits(w))
        recs.append(dict(optimizer=name, **common, **own, after=steps))
    return recs


def schedules():
    def factors(make, total):
        opt = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule = make(opt)
        out = []
        for _ in range(total):
            out.append(opt.param_groups[0]["lr"])
            opt.step()
            schedule.step()
        return out

    s = torch.optim.lr_scheduler
    return [
        dict(kind="step", every=4, gamma=0.3, factors=factors(lambda o: s.StepLR(o, 4, 0.3), 15)),
        dict(kind="exponential", gamma=0.95, factors=factors(lambda o: s.ExponentialLR(o, 0.95), 15)),
        dict(kind="cosine", floor=0.1, factors=factors(lambda o: s.CosineAnnealingLR(o, 15, eta_min=0.1), 15)),
        dict(kind="constant", factors=[1.0] * 15),
    ]


def init():
    """Standard deviation and greatest absolute value of PyTorch's default initial weights and biases."""
    torch.manual_seed(1)
    recs = {}
    for name, make in dict(conv1=lambda: nn.Conv2d(3, 6, 5), fc1=lambda: nn.Linear(400, 120)).items():
        made = [make() for _ in range(200)]
        for key in ("weight", "bias"):
            v = torch.cat([getattr(m, key).reshape(-1) for m in made])
            recs[name + "." + key] = dict(std=v.std().item(), max=v.abs().max().item())
    return recs


def main(out):
    for name, value in dict(layers=dict(layers=layers(), loss=losses(), regions=region_losses()), models=models(), unets=unets(), optimizers=optimizers(), schedules=schedules(), init=init()).items():
        with open(f"{out}/{name}.json", "w") as f:
            json.dump(value, f, separators=(",", ":"))
            f.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: record_torch.py OUTPUT_DIRECTORY")
    main(sys.argv[1])
