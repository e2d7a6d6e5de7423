"""How losses change what a small U-Net learns: trained with each, compared with cross entropy; writes docs/training.md.

    python scripts/train_demo.py [--quick] [--losses NAME]... [--seeds 3] [--steps 40] [-j 2] [-o runs] [--write]

Two tasks on the CPU: nuclei (a real image, sample_data/training), and made-up shapes of four classes of which one is
rare and thin. Every loss is trained from the same seeds on the same batches, each training on
one thread, so that the numbers do not depend on how many run at once. --quick: one seed and a third of the steps.
Needs torch; --write needs matplotlib for its curves.
"""

import argparse
import json
import math
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch.nn import functional

import segeval
from segeval import losses
from segeval.run import folder

ROOT = Path(__file__).parent.parent
NUCLEI = ROOT / "sample_data" / "training"
SIDE, TRAIN, TEST, BATCH = 64, 24, 40, 6
FIRST = "cross_entropy"  # the others are compared with it
LOSSES: dict[str, dict[str, Any]] = {
    FIRST: {},
    "weighted_cross_entropy": {"class_weights": "of the training masks"},
    "unet_cross_entropy": {},
    "focal": {},
    "dice": {},
    "generalized_dice": {},
    "jaccard": {},
    "tversky": {},
    "focal_tversky": {},
    "lovasz_softmax": {},
    "dice_cross_entropy": {},
    "unified_focal": {},
}
Array = np.ndarray[Any, Any]
TEXT = """# Training with losses

```python
loss = segeval.losses.module("dice_cross_entropy", inputs="logits", ignore=(255,))
for images, truth in loader:  # (N, C, H, W) and (N, H, W)
    loss(network(images), truth).backward()
```

`loss` is a `torch.nn.Module`: the mean over the images of a batch. Class weights are buffers, T-loss's ν learns if it
is a `torch.nn.Parameter`, a weight map is given with each batch: `loss(pred, truth, weights=maps)`. Half precision and
autocast are summed in single precision. A one-hot, soft or multilabel truth has the shape of the prediction: say
`channels=True` or `multilabel=True`, and `batch=True`.

## A comparison, and what is chance in it

By `scripts/train_demo.py`, torch {torch}: a U-Net of 8 to 32 channels, {steps} steps of Adam on {train} images of
{side} × {side}, {seeds} seeds; all losses have the same seeds, batches and learning rate. Scores are of {test} other
images by `segeval.Evaluator`; the differences, with bootstrap intervals over images (each drawn with all its seeds),
by `segeval compare`. The first number pools the pixels of all seeds. The weight maps of `unet_cross_entropy` come from
`segeval weightmap`.

- **nuclei**: a real fluorescence image (2018 Data Science Bowl) in tiles, the upper three of eight rows to learn from,
  the lower five to be scored: one microscope, one kind of cell, some of them touching.
- **shapes**: made up; classes hold about 79, 14, 5 and 2 % of the pixels.

Read the tables with care. The intervals hold the images that happened to be tested, not the seeds that happened to be
drawn: that part is in the columns of the seeds. Of {intervals} intervals of 95 %, about {chance} would leave 0 out if
no loss differed at all. And so short a training on so few images rewards losses that learn fast; a longer one, another
learning rate or another network can turn the order around. The tables say how to compare, not which loss is best.
"""


@dataclass(frozen=True)
class Task:
    """Images and their masks, the first `TRAIN` of them to learn from."""

    name: str
    number: str  # what is compared
    classes: tuple[str, ...]
    images: Array  # float32 (N, H, W)
    masks: Array  # int64 (N, H, W)
    maps: Array  # float32 (TRAIN, H, W), of `segeval weightmap`

    @property
    def outcomes(self) -> int:
        return len(self.classes)

    @property
    def channels(self) -> int:
        return 1 if self.outcomes == 2 else self.outcomes

    def class_weights(self) -> list[float]:
        """Inverse frequencies in the training masks, with a mean of 1 over the classes."""
        counts = np.bincount(self.masks[:TRAIN].ravel(), minlength=self.outcomes)
        inverse = 1 / np.maximum(counts, 1)
        return [float(each) for each in inverse / inverse.mean()]


def weight_maps(masks: Sequence[Array], labels: str) -> Array:
    """The U-Net's weights by the command, with balanced classes."""
    with tempfile.TemporaryDirectory() as place:
        given, out = Path(place) / "masks", Path(place) / "maps"
        given.mkdir()
        for n, mask in enumerate(masks):
            Image.fromarray(mask.astype(np.uint8)).save(given / f"{n:03}.png")
        command = [sys.executable, "-m", "segeval", "weightmap", str(given), "-o", str(out), "--labels", labels]
        subprocess.run(command, check=True, capture_output=True)
        return np.stack([np.load(out / f"{n:03}.npy") for n in range(len(masks))])


def nuclei() -> Task:
    """A microscope's image cut into tiles: the upper three of eight rows to learn from, the lower five to be scored."""
    image, mask = (np.asarray(Image.open(NUCLEI / f"{name}.png")) for name in ("image", "mask"))
    (light,) = _normal([np.log1p(image.astype(np.float64))])  # a few cells are ten times as bright as the others
    lights, cells = _tiles(light), _tiles(mask)
    maps = weight_maps(list(cells[:TRAIN]), "instances")
    return Task("nuclei", "iou[nucleus]", ("background", "nucleus"), lights, (cells > 0).astype(np.int64), maps)


def _tiles(image: Array) -> Array:
    """(rows · columns, SIDE, SIDE), row by row."""
    rows, columns = (size // SIDE for size in image.shape)
    return image.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)


def shapes() -> Task:
    """Large blobs, small discs and thin lines: about 79, 14, 5 and 2 % of the pixels."""
    random = np.random.RandomState(11)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    images, masks = [], []
    for _ in range(TRAIN + TEST):
        mask = np.zeros((SIDE, SIDE), np.int64)
        smooth = ndimage.gaussian_filter(random.standard_normal((SIDE, SIDE)), 9, mode="wrap")
        mask[smooth > np.quantile(smooth, 0.85)] = 1
        for _ in range(random.randint(2, 5)):
            y, x, r = random.randint(5, SIDE - 5), random.randint(5, SIDE - 5), random.uniform(3, 6)
            mask[(rows - y) ** 2 + (columns - x) ** 2 <= r * r] = 2
        for _ in range(2):
            angle, y, x = random.uniform(0, math.pi), random.randint(20, SIDE - 20), random.randint(20, SIDE - 20)
            along = (rows - y) * math.sin(angle) + (columns - x) * math.cos(angle)
            across = (rows - y) * math.cos(angle) - (columns - x) * math.sin(angle)
            mask[(np.abs(across) < 0.8) & (np.abs(along) < random.uniform(8, 16))] = 3
        light = np.array([0.0, 0.5, 1.0, 0.75])[mask]
        images.append(ndimage.gaussian_filter(light, 0.8) + 0.25 * random.standard_normal(mask.shape))
        masks.append(mask)
    maps = weight_maps(masks[:TRAIN], "semantic")
    return Task("shapes", "miou_dataset", ("ground", "blob", "disc", "line"), _normal(images), np.stack(masks), maps)


def _normal(images: Sequence[Array]) -> Array:
    return np.stack([(each - each.mean()) / each.std() for each in images]).astype(np.float32)


class UNet(torch.nn.Module):  # type: ignore[misc]
    """Two steps down and up again, 8 to 32 channels."""

    def __init__(self, channels: int, width: int = 8) -> None:
        super().__init__()
        self.down = torch.nn.ModuleList([_two(1, width), _two(width, 2 * width), _two(2 * width, 4 * width)])
        self.up = torch.nn.ModuleList([_two(6 * width, 2 * width), _two(3 * width, width)])
        self.last = torch.nn.Conv2d(width, channels, 1)

    def forward(self, x: Any) -> Any:
        kept = []
        for n, block in enumerate(self.down):
            x = block(x if n == 0 else functional.max_pool2d(x, 2))
            kept.append(x)
        for block, beside in zip(self.up, kept[-2::-1], strict=True):
            x = block(torch.cat([functional.interpolate(x, scale_factor=2), beside], dim=1))
        return self.last(x)


def _two(before: int, after: int) -> Any:
    layers = []
    for channels in (before, after):
        layers += [torch.nn.Conv2d(channels, after, 3, padding=1), torch.nn.BatchNorm2d(after), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers)


def batches(task: Task, seed: int, steps: int) -> Iterator[tuple[Any, Any, Any]]:
    """Images, masks and weight maps, turned and mirrored at random: the same for every loss."""
    random = np.random.RandomState(seed)
    for _ in range(steps):
        chosen = random.choice(TRAIN, BATCH, replace=False)
        turns, mirrored = random.randint(4), random.rand() < 0.5
        found = []
        for array in (task.images[:TRAIN], task.masks[:TRAIN], task.maps):
            part = np.rot90(array[chosen], turns, axes=(1, 2))
            found.append(torch.from_numpy((part[:, :, ::-1] if mirrored else part).copy()))
        yield found[0][:, None], found[1], found[2]


def loss_of(name: str, task: Task) -> Any:
    params = {key: task.class_weights() for key in LOSSES[name]}
    return losses.module(name, inputs="logits", batch=True, channels=True, **params)


@dataclass(frozen=True)
class Trained:
    """What one training left: its predictions of the test images, and the number on the way."""

    seed: int
    labels: Array  # (TEST, H, W)
    curve: list[tuple[int, float]]
    seconds: float


def train(task: Task, name: str, seed: int, steps: int) -> Trained:
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network, loss = UNet(task.channels), loss_of(name, task)
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    takes_map = name == "unet_cross_entropy"
    curve, start = [], time.perf_counter()
    for n, (images, masks, maps) in enumerate(batches(task, seed, steps), 1):
        optimizer.zero_grad()
        truth = masks[:, None] if task.channels == 1 else masks
        value = loss(network(images), truth, **({"weights": maps} if takes_map else {}))
        value.backward()
        optimizer.step()
        schedule.step()
        if n % max(1, steps // 4) == 0:
            labels = predicted(network, task)
            curve.append((n, evaluated(task, [(seed, labels)]).numbers()[task.number]))
    return Trained(seed, predicted(network, task), curve, time.perf_counter() - start)


def predicted(network: Any, task: Task) -> Array:
    network.eval()
    with torch.no_grad():
        x = network(torch.from_numpy(task.images[TRAIN:])[:, None])
    network.train()
    return np.asarray((x[:, 0] > 0) if task.channels == 1 else x.argmax(dim=1)).astype(np.uint8)


def evaluated(task: Task, found: Sequence[tuple[int, Array]]) -> segeval.Run:
    """One run over the test images of all seeds; the id starts with the image."""
    evaluator = segeval.Evaluator(classes=",".join(task.classes))
    for seed, labels in found:
        for n, (mask, truth) in enumerate(zip(labels, task.masks[TRAIN:].astype(np.uint8), strict=True)):
            evaluator.update(mask, truth, id=f"{n:02}_seed{seed}", batch=False)
    return evaluator.compute()


def compared(task: Task, every: dict[str, list[Trained]], place: Path) -> dict[str, dict[str, Any]]:
    """What `segeval compare` says of each loss against the first, images drawn with all their seeds."""
    for name, trained in every.items():
        out = place / task.name / name
        out.mkdir(parents=True, exist_ok=True)
        folder.write(evaluated(task, [(each.seed, each.labels) for each in trained]), out)
    first, *others = every
    found: dict[str, dict[str, Any]] = {}
    for name in others:
        runs = [str(place / task.name / each) for each in (first, name)]
        command = [sys.executable, "-m", "segeval", "compare", *runs]
        command += ["-n", task.number, "--group-by", "^(?P<group>[^_]+)_", "--format", "json"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[name] = json.loads(told)["numbers"][0]["differences"][0]
    return found


def one_seed(task: Task, trained: Trained) -> float:
    return float(evaluated(task, [(trained.seed, trained.labels)]).numbers()[task.number])


def told(value: Any, form: str = "+.3f") -> str:
    return "–" if value is None or math.isnan(value) else f"{value:{form}}".replace("-", "−")


def table(task: Task, every: dict[str, list[Trained]], differences: dict[str, dict[str, Any]]) -> list[str]:
    """A row a loss: the number with its spread over seeds, and its difference from the first with an interval."""
    first = next(iter(every))
    lines = [
        f"| loss | `{task.number}` | of each seed | difference from `{first}` | 95 % interval | better / worse |",
        "|---|--:|---|--:|---|--:|",
    ]
    for name, trained in every.items():
        seeds = [one_seed(task, each) for each in trained]
        whole = evaluated(task, [(each.seed, each.labels) for each in trained]).numbers()[task.number]
        cells = [f"`{name}`", told(whole, ".3f"), ", ".join(told(each, ".3f") for each in seeds)]
        if name in differences:
            d = differences[name]
            cells += [told(d["difference"]), f"{told(d['low'])} … {told(d['high'])}", f"{d['won']} / {d['lost']}"]
        else:
            cells += ["", "", ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def spread(task: Task, every: dict[str, list[Trained]]) -> float:
    """The standard deviation over seeds, over all losses together; nan of one seed."""
    variances = [
        statistics.variance(one_seed(task, each) for each in found) for found in every.values() if len(found) > 1
    ]
    return math.sqrt(statistics.mean(variances)) if variances else math.nan


def pictures(task: Task, every: dict[str, list[Trained]], path: Path, rows: int = 3) -> None:
    """Image, truth and the predictions of the first seed, side by side."""
    colours = np.array([[20, 20, 20], [0, 114, 178], [230, 159, 0], [213, 94, 0]], np.uint8)
    lines = []
    for n in range(rows):
        grey = task.images[TRAIN + n]
        grey = np.clip(255 * (grey - grey.min()) / np.ptp(grey), 0, 255).astype(np.uint8)
        shown = [np.repeat(grey[:, :, None], 3, axis=2), colours[task.masks[TRAIN + n]]]
        shown += [colours[found[0].labels[n]] for found in every.values()]
        lines.append(
            np.concatenate([np.pad(each, ((2, 2), (2, 2), (0, 0)), constant_values=255) for each in shown], axis=1)
        )
    Image.fromarray(np.concatenate(lines)).quantize(64).save(path, optimize=True)


def curves(tasks: dict[str, tuple[Task, dict[str, list[Trained]]]], path: Path) -> None:
    """The number on the test images over the steps, the mean over seeds, of each loss."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "segeval"
    figure, axes = pyplot.subplots(1, len(tasks), figsize=(10, 4.2), layout="constrained")
    lines = ["-", "--", ":"]
    for axis, (task, every) in zip(axes, tasks.values(), strict=True):
        for n, (name, found) in enumerate(every.items()):
            means = [statistics.mean(each.curve[k][1] for each in found) for k in range(len(found[0].curve))]
            axis.plot([step for step, _ in found[0].curve], means, lines[n % 3], color=f"C{n // 3}", label=name)
        axis.set(title=task.name, xlabel="steps", ylabel=task.number)
    axes[-1].legend(fontsize=7, loc="lower right")
    figure.savefig(path, metadata={"Date": None})


def page(
    tasks: dict[str, tuple[Task, dict[str, list[Trained]]]], tables: dict[str, list[str]], steps: int
) -> list[str]:
    """docs/training.md."""
    names = next(iter(tasks.values()))[1]
    seeds, intervals = len(next(iter(names.values()))), len(tasks) * (len(names) - 1)
    text = TEXT.format(
        torch=torch.__version__,
        steps=steps,
        train=TRAIN,
        test=TEST,
        side=SIDE,
        seeds=seeds,
        intervals=intervals,
        chance=max(1, round(intervals / 20)),
    )
    lines = text.splitlines()
    for name, (task, every) in tasks.items():
        noise = spread(task, every)
        lines += ["", f"### {name}", "", *tables[name], ""]
        if not math.isnan(noise):
            by_chance = 2 * noise * math.sqrt(2 / seeds)
            lines += [
                f"Over seeds the number has a deviation of {noise:.3f}: means of {seeds} seeds differ by up to",
                f"{by_chance:.3f} by chance.",
            ]
        lines += [
            "",
            f"![{name}](training-{name}.png)",
            "",
            f"Image, truth, then {', '.join(f'`{each}`' for each in every)}.",
        ]
    return [*lines, "", "### On the way", "", "![The number over the steps](training-curves.svg)"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--losses", nargs="+", choices=list(LOSSES), default=list(LOSSES), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="one seed, a third of the steps")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="trainings at once")
    parser.add_argument("-o", "--output", type=Path, default=Path("training-runs"), help="where the runs are written")
    parser.add_argument("--write", action="store_true", help="write docs/training.md and its figures")
    options = parser.parse_args()
    seeds, steps = (1, max(4, options.steps // 3)) if options.quick else (options.seeds, options.steps)
    names = [FIRST, *(name for name in options.losses if name != FIRST)]
    made = {task.name: task for task in (nuclei(), shapes())}
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        asked = {
            (task.name, name, seed): pool.submit(train, task, name, seed, steps)
            for task in made.values()
            for name in names
            for seed in range(seeds)
        }
        for (task_name, name, seed), future in asked.items():
            number = future.result().curve[-1][1]
            print(f"{task_name}, {name}, seed {seed}: {number:.3f}, {future.result().seconds:.0f} s", file=sys.stderr)
    tasks = {
        task.name: (task, {name: [asked[task.name, name, n].result() for n in range(seeds)] for name in names})
        for task in made.values()
    }
    tables = {name: table(*each, compared(*each, options.output)) for name, each in tasks.items()}
    for name, lines in tables.items():
        print("\n".join([f"{name}:", *lines, ""]))
    if options.write:
        docs = ROOT / "docs"
        curves(tasks, docs / "training-curves.svg")
        for name, (task, every) in tasks.items():
            pictures(task, every, docs / f"training-{name}.png")
        (docs / "training.md").write_text("\n".join(page(tasks, tables, steps)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
