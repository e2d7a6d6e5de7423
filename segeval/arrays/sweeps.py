"""Sums over the pixels of tensors of logits, and their derivatives, a few pixels at a time.

A tensor of a whole batch costs more to be had than to be computed: so each block is looked at once while it is in the
cache, and the derivative is the only other tensor of the full size. All sums are of one image, over its pixels.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.functional import logsigmoid

Tensor = Any
Sweep = Callable[..., tuple[Tensor, Tensor]]
NUMBERS = 5 << 17  # of all channels that are looked at together on a CPU
Wanted = tuple[int, ...]  # the sums that somebody reads
SUMS = 4
P, PT, PP, MISSED = range(SUMS)  # Σ p, Σ p t, Σ p², Σ (p − t)² t


def wide(x: Tensor) -> Any:
    """The type that sums of x are kept in."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def blocks(x: Tensor) -> Iterator[tuple[int, slice]]:
    """The image and the pixels of each block of (N, C, n); on an accelerator an image is one block."""
    pixels = x.shape[2]
    step = max(1024, NUMBERS // x.shape[1]) if x.device.type == "cpu" else pixels
    for image in range(x.shape[0]):
        for start in range(0, pixels, step):
            yield image, slice(start, start + step)


def softmax_sums(x: Tensor, labels: Tensor, void: bool, sums: Wanted) -> tuple[Tensor, Tensor]:
    """Of logits (N, C, n) of classes that exclude each other: −ln p of the label (N, n), and sums (N, 4, C).

    labels: int64 (N, n), where `void` −1 for pixels that do not count: 0 in the first, and in no sum. The sums are of
    the probabilities p and the one-hot truth t; those that are not wanted are 0.
    """
    return _apply(_Softmax, x, labels, void, sums)


def sigmoid_sums(x: Tensor, truth: Tensor, void: bool, sums: Wanted, surprisal: bool = True) -> tuple[Tensor, Tensor]:
    """Of logits (N, C, n) of independent problems: −ln of the probability of what is true (N, C, n), and (N, 4, C).

    truth: (N, C, n) of any type, 0 or 1, where `void` −1 for pixels that do not count. Without `surprisal` it may hold
    fractions, and the first result is empty.
    """
    return _apply(_Sigmoid, x, truth, void, sums, surprisal)


def softmax_surprisals(x: Tensor) -> Tensor:
    """Of logits (N, C, n) of classes that exclude each other −ln p of every class."""
    return _Surprisals.apply(x)


def expected(values: Tensor, share: Tensor) -> Tensor:
    """(n,): the sum of (C, n) values by the share that each class has in a pixel."""
    return _Expected.apply(values, share)


def _apply(function: Any, *given: Any) -> tuple[Tensor, Tensor]:
    found: tuple[Tensor, Tensor] = function.apply(*given)
    return found


class _Softmax(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Tensor, labels: Tensor, void: bool, sums: Wanted) -> tuple[Tensor, Tensor]:
        _keep(ctx, x, labels, void, sums)
        surprisal = x.new_empty(labels.shape)
        found = torch.zeros((x.shape[0], SUMS, x.shape[1]), dtype=wide(x), device=x.device)
        for n, part in blocks(x):
            log_p = torch.log_softmax(x[n, :, part], 0)
            label, kept = _label(labels[n, part], void)
            torch.neg(log_p.gather(0, label[None])[0], out=surprisal[n, part])
            if kept is not None:
                surprisal[n, part] *= kept
            if P in sums or PP in sums:
                p = log_p.exp_()
                if kept is not None:
                    p *= kept
                found[n, P] += p.sum(dim=1)
                if PP in sums:
                    found[n, PP] += p.square_().sum(dim=1)
        if PT in sums or MISSED in sums:
            for n in range(x.shape[0]):
                label, kept = _label(labels[n], void)
                true = torch.exp(-surprisal[n]).to(found.dtype)
                counted = torch.stack([true, (1 - true) ** 2])
                found[n, 1::2] = _by_label(counted if kept is None else counted * kept, label, x.shape[1])
        return surprisal, found

    @staticmethod
    def backward(ctx: Any, of_surprisal: Tensor, of_sums: Tensor) -> tuple[Tensor, None, None, None]:
        x, labels = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _twice(_softmax_plainly, ctx, x, labels, of_surprisal, of_sums), None, None, None
        result = torch.empty_like(x)
        for n, part in blocks(x):
            p = torch.softmax(x[n, :, part], 0)
            label, kept = _label(labels[n, part], ctx.void)
            found = result[n, :, part]
            at_label = torch.zeros_like(p[0]) if of_surprisal is None else -of_surprisal[n, part]
            if of_sums is None or not ctx.sums:
                torch.mul(p, -at_label, out=found)
            else:
                by_p, by_pt, by_pp, by_missed = of_sums[n].to(x.dtype)
                true = p.gather(0, label[None])[0]
                slope = by_pt[label]
                if MISSED in ctx.sums:
                    slope = slope - 2 * by_missed[label] * (1 - true)
                at_label = at_label + slope * true
                each = by_p[:, None]
                if PP in ctx.sums:
                    each = each + 2 * by_pp[:, None] * p
                    mean = (p * each).sum(dim=0)
                else:
                    mean = by_p @ p
                torch.sub(each, mean + at_label, out=found)
                found *= p
            found.scatter_add_(0, label[None], at_label[None])
            if kept is not None:
                found *= kept
        return result, None, None, None


class _Sigmoid(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Tensor, truth: Tensor, void: bool, sums: Wanted, surprisal: bool) -> tuple[Tensor, Tensor]:
        _keep(ctx, x, truth, void, sums)
        ctx.surprisal = surprisal
        costs = torch.empty_like(x) if surprisal else x.new_empty(0)
        found = torch.zeros((x.shape[0], SUMS, x.shape[1]), dtype=wide(x), device=x.device)
        for n, part in blocks(x):
            given, t = x[n, :, part], truth[n, :, part].to(x.dtype)
            kept = t >= 0 if void else None
            if surprisal:
                torch.neg(logsigmoid(given * (2 * t - 1)), out=costs[n, :, part])
            if kept is not None:
                t = t * kept
                if surprisal:
                    costs[n, :, part] *= kept
            if sums:
                p = torch.sigmoid(given)
                if kept is not None:
                    p *= kept
                found[n, P] += p.sum(dim=1)
                if PT in sums:
                    found[n, PT] += (p * t).sum(dim=1)
                if MISSED in sums:
                    found[n, MISSED] += (p - t).square_().mul_(t).sum(dim=1)
                if PP in sums:
                    found[n, PP] += p.square_().sum(dim=1)
        return costs, found

    @staticmethod
    def backward(ctx: Any, of_surprisal: Tensor, of_sums: Tensor) -> tuple[Tensor, None, None, None, None]:
        x, truth = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _twice(_sigmoid_plainly, ctx, x, truth, of_surprisal, of_sums), None, None, None, None
        result = torch.empty_like(x)
        by_surprisal, by_sums = of_surprisal is not None and ctx.surprisal, of_sums is not None and bool(ctx.sums)
        for n, part in blocks(x):
            p, t = torch.sigmoid(x[n, :, part]), truth[n, :, part].to(x.dtype)
            kept = t >= 0 if ctx.void else None
            if kept is not None:
                t = t * kept
            found = result[n, :, part]
            if by_surprisal:
                torch.mul(p - t, of_surprisal[n, :, part], out=found)
            else:
                found.zero_()
            if by_sums:
                by_p, by_pt, by_pp, by_missed = of_sums[n].to(x.dtype)[:, :, None]
                slope = torch.addcmul(by_p, t, by_pt)
                if PP in ctx.sums:
                    slope += 2 * by_pp * p
                if MISSED in ctx.sums:
                    slope += 2 * by_missed * (p - t) * t
                slope *= p
                found.addcmul_(slope, 1 - p)
            if kept is not None:
                found *= kept
        return result, None, None, None, None


class _Surprisals(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        found = torch.empty_like(x)
        for n, part in blocks(x):
            torch.neg(torch.log_softmax(x[n, :, part], 0), out=found[n, :, part])
        return found

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        if torch.is_grad_enabled():
            return torch.autograd.grad(-torch.log_softmax(x, dim=1), x, slope, create_graph=True)[0]
        result = torch.empty_like(x)
        for n, part in blocks(x):
            p, each = torch.softmax(x[n, :, part], 0), slope[n, :, part]
            torch.sub(p.mul_(each.sum(dim=0)), each, out=result[n, :, part])
        return result


class _Expected(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, values: Tensor, share: Tensor) -> Tensor:
        ctx.save_for_backward(share)
        found = values.new_empty(values.shape[1])
        for _, part in blocks(values[None]):
            torch.sum(values[:, part] * share[:, part], dim=0, out=found[part])
        return found

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        (share,) = ctx.saved_tensors
        return share * slope, None


def _keep(ctx: Any, x: Tensor, truth: Tensor, void: bool, sums: Wanted) -> None:
    ctx.save_for_backward(x, truth)
    ctx.set_materialize_grads(False)  # what no loss reads costs nothing
    ctx.void, ctx.sums = void, sums


def _label(labels: Tensor, void: bool) -> tuple[Tensor, Tensor]:
    """A label that is a class everywhere, and where it counts; None: everywhere."""
    return (labels.clamp(min=0), labels >= 0) if void else (labels, None)


def _by_label(values: Tensor, labels: Tensor, number: int) -> Tensor:
    """(rows, number): the sums of each row of (rows, n) over the pixels of each label."""
    return torch.zeros((len(values), number), dtype=values.dtype, device=values.device).index_add(1, labels, values)


def _twice(plainly: Sweep, ctx: Any, x: Tensor, truth: Tensor, of_surprisal: Tensor, of_sums: Tensor) -> Tensor:
    """The derivative in a form that has derivatives itself."""
    given = (of_surprisal if of_surprisal is not None and of_surprisal.numel() else None, of_sums if ctx.sums else None)
    pairs = [pair for pair in zip(plainly(x, truth, ctx.void), given, strict=True) if pair[1] is not None]
    if not pairs:
        return torch.zeros_like(x)
    found, slopes = zip(*pairs, strict=True)
    return torch.autograd.grad(found, x, slopes, create_graph=True)[0]


def _softmax_plainly(x: Tensor, labels: Tensor, void: bool) -> tuple[Tensor, Tensor]:
    """The same as `softmax_sums`, step by step."""
    label, kept = _label(labels, void)
    log_p = torch.log_softmax(x, dim=1)
    surprisal = -log_p.gather(1, label[:, None])[:, 0]
    t = torch.zeros_like(x).scatter(1, label[:, None], 1.0)
    if kept is not None:
        surprisal, t = surprisal * kept, t * kept[:, None]
    p = log_p.exp() if kept is None else log_p.exp() * kept[:, None]
    return surprisal, _plain_sums(p, t)


def _sigmoid_plainly(x: Tensor, truth: Tensor, void: bool) -> tuple[Tensor, Tensor]:
    """The same as `sigmoid_sums`, step by step."""
    t = truth.to(x.dtype)
    surprisal, p = -logsigmoid(x * (2 * t - 1)), torch.sigmoid(x)
    if void:
        kept = t >= 0
        surprisal, p, t = surprisal * kept, p * kept, t * kept
    return surprisal, _plain_sums(p, t)


def _plain_sums(p: Tensor, t: Tensor) -> Tensor:
    each = (p, p * t, p * p, (p - t) ** 2 * t)
    return torch.stack([values.sum(dim=2, dtype=wide(p)) for values in each], dim=1)
