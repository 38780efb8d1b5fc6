#!/usr/bin/env python3
"""Compares flsim's speed of training with PyTorch's, on one core each, in turn.

    go build -o flsim ./cmd/flsim
    python3 scripts/compare_torch.py --flsim ./flsim [--python PYTHON]... [--rounds N] [--bf16] [WORKLOAD...]

Each workload of "flsim bench" is built in PyTorch and trained with the same batch size, with and without channels_last
memory and foreach updates, denormals flushed, one thread; the best setting counts. PYTHON is an interpreter that has
PyTorch, such as that of a virtual environment; give several to compare several releases. flsim and PyTorch are pinned to
the same core and measured in turn, N times; the best of each counts, and so does the ratio.
"""
import argparse
import itertools
import json
import subprocess
import sys
import time

WORKLOADS = ["w1", "w1same", "w2", "w2b", "w3", "w3b", "w4", "w5"]


def measure(name, seconds, bf16):
    """Trains one workload in this interpreter's PyTorch and prints the best rate as JSON."""
    import contextlib

    import torch
    import torch.nn as nn

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    model, batch, shape, outputs = build(nn, name)
    best = {"images_per_s": 0.0, "setting": ""}
    spatial = len(shape) > 1
    memory = {3: torch.channels_last, 4: torch.channels_last_3d}.get(len(shape))
    for channels_last, foreach in itertools.product([False, True] if spatial else [False], [False, True]):
        x = torch.randn(batch, *shape)
        regions = name == "w4"
        y = torch.randint(0, 2, (batch, outputs, *shape[1:])).float() if regions else torch.randint(0, outputs, (batch,))
        if channels_last:
            model, x = model.to(memory_format=memory), x.to(memory_format=memory)
            y = y.to(memory_format=memory) if regions else y
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, foreach=foreach)
        loss = region_loss if regions else nn.CrossEntropyLoss()

        def step():
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext():
                out = loss(model(x), y)
            out.backward()
            optimizer.step()

        step()
        rate, began = 0.0, time.time()
        while time.time() - began < seconds:
            start, steps = time.time(), 0
            while steps == 0 or time.time() - start < 0.04:
                step()
                steps += 1
            rate = max(rate, steps * batch / (time.time() - start))
        if rate > best["images_per_s"]:
            best = {"images_per_s": rate, "setting": ("channels_last" if channels_last else "contiguous") + (", foreach" if foreach else "")}
    print(json.dumps({"torch": torch.__version__, **best}))


def region_loss(logits, t):
    """Cross-entropy and soft Dice loss over the batch, as flsim has them."""
    import torch

    p, pixels = torch.sigmoid(logits), (0, *range(2, logits.dim()))
    dice = (2 * (p * t).sum(pixels) + 1) / (p.sum(pixels) + t.sum(pixels) + 1)
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, t) + (1 - dice).mean()


def build(nn, name):
    """The workload's model, batch size, shape of an example and number of outputs."""
    relu, pool, conv, dense = nn.ReLU, lambda: nn.MaxPool2d(2), nn.Conv2d, nn.Linear
    colour = (3, 32, 32)
    if name in ("w1", "w1same"):
        pad, width = (0, 1600) if name == "w1" else (2, 4096)
        return nn.Sequential(conv(3, 32, 5, padding=pad), relu(), pool(), conv(32, 64, 5, padding=pad), relu(), pool(),
                             nn.Flatten(), dense(width, 512), relu(), dense(512, 10)), 50, colour, 10
    if name == "w2":
        return nn.Sequential(conv(3, 6, 5), relu(), pool(), conv(6, 16, 5), relu(), pool(), nn.Flatten(),
                             dense(400, 120), relu(), dense(120, 84), relu(), dense(84, 10)), 10, colour, 10
    if name == "w2b":
        return nn.Sequential(conv(3, 32, 3), relu(), pool(), conv(32, 64, 3), relu(), pool(), conv(64, 64, 3), relu(),
                             nn.Flatten(), dense(1024, 64), relu(), dense(64, 10)), 50, colour, 10
    if name == "w3":
        return resnet(nn, 1, [16, 32, 64]), 32, colour, 10
    if name == "w3b":
        return resnet(nn, 2, [64, 128, 256, 512]), 32, colour, 10
    if name == "w4":
        return unet(nn, 8, 3, 4, 3), 1, (4, 64, 64, 64), 3
    return nn.Sequential(dense(784, 200), relu(), dense(200, 200), relu(), dense(200, 10)), 10, (784,), 10


def resnet(nn, blocks, widths):
    """The residual networks with group normalisation in two groups."""

    class Block(nn.Module):
        def __init__(self, c, width, stride):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(c, width, 3, stride, 1, bias=False), nn.GroupNorm(2, width), nn.ReLU(),
                                      nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.GroupNorm(2, width))
            self.shortcut = nn.Sequential()
            if stride != 1 or c != width:
                self.shortcut = nn.Sequential(nn.Conv2d(c, width, 1, stride, bias=False), nn.GroupNorm(2, width))

        def forward(self, x):
            return nn.functional.relu(self.body(x) + self.shortcut(x))

    layers = [nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.GroupNorm(2, widths[0]), nn.ReLU()]
    c = widths[0]
    for stage, width in enumerate(widths):
        for block in range(blocks):
            layers.append(Block(c, width, 2 if stage > 0 and block == 0 else 1))
            c = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10))


def unet(nn, base, levels, inputs, outputs):
    """The 3-D U-Net with group normalisation in four groups."""
    import torch

    def double(c, width):
        conv = lambda a: [nn.Conv3d(a, width, 3, padding=1, bias=False), nn.GroupNorm(4, width), nn.ReLU()]
        return nn.Sequential(*conv(c), *conv(width))

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            widths = [base << i for i in range(levels)]
            self.down = nn.ModuleList(double(a, b) for a, b in zip([inputs] + widths, widths))
            self.up = nn.ModuleList(nn.ConvTranspose3d(b, a, 2, 2) for a, b in zip(widths, widths[1:]))
            self.join = nn.ModuleList(double(2 * a, a) for a in widths[:-1])
            self.last = nn.Conv3d(base, outputs, 1)

        def forward(self, x):
            skips = []
            for i, block in enumerate(self.down):
                x = block(x if i == 0 else nn.functional.max_pool3d(x, 2))
                skips.append(x)
            for skip, up, join in reversed(list(zip(skips, self.up, self.join))):
                x = join(torch.cat([skip, up(x)], 1))
            return self.last(x)

    return UNet()


def lines(command):
    """Runs a command on one core and returns what it prints as JSON lines."""
    done = subprocess.run(["taskset", "-c", "0", *command], stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(args):
    for name in args.workloads or WORKLOADS:
        ours, theirs = {"images_per_s": 0.0}, {}
        for _ in range(args.rounds):
            bench = [args.flsim, "bench", "--json", "--time", f"{args.seconds}s", *(["--precision", "bf16"] if args.bf16 else []), name]
            ours = max(ours, lines(bench)[0], key=lambda r: r["images_per_s"])
            for python in args.python:
                r = lines([python, __file__, "--measure", name, "--seconds", str(args.seconds), *(["--bf16"] if args.bf16 else [])])[0]
                theirs[python] = max(theirs.get(python, r), r, key=lambda r: r["images_per_s"])
        text = f"{name:7} flsim {ours['images_per_s']:10.4g} img/s ({100 * ours['flops_ratio']:.0f} % of the FMA loop)"
        for r in theirs.values():
            text += f" | PyTorch {r['torch']} {r['images_per_s']:10.4g} ({r['setting']}): {ours['images_per_s'] / r['images_per_s']:.2f} times"
        print(text, flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    p.add_argument("--flsim", default="./flsim")
    p.add_argument("--python", action="append", default=[])
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--bf16", action="store_true", help="flsim's bf16 mode against PyTorch's bfloat16 autocast")
    p.add_argument("--measure", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.measure:
        measure(args.measure, args.seconds, args.bf16)
        return
    args.python = args.python or [sys.executable]
    compare(args)


if __name__ == "__main__":
    main()
