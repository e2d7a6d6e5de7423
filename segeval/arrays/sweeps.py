"""Sums over the pixels of tensors of logits, and their derivatives, a few pixels at a time.

A tensor of a whole batch costs more to be had than to be computed: so each block is looked at once while it is in the
cache, and the derivative is the only other tensor of the full size. All sums are of one image, over its pixels.

Each sweep gives the costs, −ln p of what is true, of each problem of each image apart, so that the derivative by a mean
of them stays one number; and the sums (N, 4, C) of the probabilities p and the truth t, of which those that nobody
wants are 0. `kept` (N, n) says which pixels count, None: all. A pixel that does not count costs 0, and is in no sum.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.functional import softplus

Tensor = Any
Swept = tuple[Sequence[Tensor], Tensor]
NUMBERS = 1 << 18  # of all channels that are looked at together on a CPU
Wanted = tuple[int, ...]  # the sums that somebody reads
SUMS = 4
P, PT, PP, MISSED = range(SUMS)  # Σ p, Σ p t, Σ p², Σ (p − t)² t
LINEAR = 40  # from there on ln(1 + e^x) is x


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


def softmax_sums(x: Tensor, labels: Tensor, kept: Tensor | None, sums: Wanted) -> Swept:
    """Of logits (N, C, n) of classes that exclude each other, with hard labels int64 (N, n).

    Where a pixel does not count, its label is any class.
    """
    return _swept(_Softmax.apply(x, labels, kept, sums))


def shared_sums(x: Tensor, target: Tensor, kept: Tensor | None, sums: Wanted, costs: bool = True) -> Swept:
    """Of logits of classes that exclude each other, where a target (N, C, n) gives each class a share of the pixel."""
    return _swept(_Shared.apply(x, target, kept, sums, costs))


def sigmoid_sums(
    x: Tensor, truth: Tensor, kept: Tensor | None, sums: Wanted, costs: bool = True, hard: bool = True
) -> Swept:
    """Of logits of independent problems, with a truth (N, C, n) of any type, which `hard` says is 0 or 1."""
    return _swept(_Sigmoid.apply(x, truth, kept, sums, costs, hard))


def softmax_surprisals(x: Tensor) -> Tensor:
    """Of logits (N, C, n) of classes that exclude each other −ln p of every class."""
    return _Surprisals.apply(x)


def expected(values: Tensor, share: Tensor) -> Tensor:
    """(n,): the sum of (C, n) values by the share that each class has in a pixel."""
    return _Expected.apply(values, share)


def _swept(found: Sequence[Tensor]) -> Swept:
    return found[1:], found[0]


class _Softmax(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Tensor, labels: Tensor, kept: Tensor | None, sums: Wanted) -> tuple[Tensor, ...]:
        _keep(ctx, x, labels, kept, sums)
        costs, found = x.new_empty(labels.shape), _zeros(x)
        for n, part in blocks(x):
            log_p = torch.log_softmax(x[n, :, part], 0)
            counts = None if kept is None else _counts(kept, n, part, x.dtype)
            torch.neg(log_p.gather(0, labels[n, None, part])[0], out=costs[n, part])
            if counts is not None:
                costs[n, part] *= counts
            if P in sums or PP in sums:
                p = log_p.exp_()
                if counts is not None:
                    p *= counts
                found[n, P] += p.sum(dim=1)
                if PP in sums:
                    found[n, PP] += p.square_().sum(dim=1)
        if PT in sums or MISSED in sums:
            for n in range(x.shape[0]):
                true = torch.exp(-costs[n]).to(found.dtype)
                counted = torch.stack([true, (1 - true) ** 2])
                found[n, 1::2] = _by_label(counted if kept is None else counted * kept[n], labels[n], x.shape[1])
        return found, *costs.unbind(0)

    @staticmethod
    def backward(ctx: Any, of_sums: Tensor, *of_costs: Tensor) -> tuple[Tensor, None, None, None]:
        x, labels, kept = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _twice(_softmax_plainly, ctx, of_sums, of_costs), None, None, None
        result = torch.empty_like(x)
        for n, part in blocks(x):
            p, label = torch.softmax(x[n, :, part], 0), labels[n, None, part]
            found = result[n, :, part]
            price = _slopes(of_costs[n : n + 1], part, x)
            at_label = x.new_zeros(label.shape) if price is None else -price.expand(label.shape)
            if of_sums is None or not ctx.sums:
                torch.mul(p, -at_label, out=found)
            else:
                by_p, by_pt, by_pp, by_missed = of_sums[n].to(x.dtype)
                true = p.gather(0, label)
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
            found.scatter_add_(0, label, at_label)
            if kept is not None:
                found *= _counts(kept, n, part, x.dtype)
        return result, None, None, None


class _Shared(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, target: Tensor, kept: Tensor | None, sums: Wanted, costs: bool
    ) -> tuple[Tensor, ...]:
        _keep(ctx, x, target, kept, sums)
        each, found = x.new_empty((x.shape[0] if costs else 0, x.shape[2])), _zeros(x)
        for n, part in blocks(x):
            log_p, t, counts = torch.log_softmax(x[n, :, part], 0), *truth_of(x.dtype, target, kept, n, part)
            if costs:
                torch.neg((log_p * t).sum(dim=0), out=each[n, part])
            if sums:
                _count(found[n], log_p.exp_(), t, counts, sums)
        return found, *each.unbind(0)

    @staticmethod
    def backward(ctx: Any, of_sums: Tensor, *of_costs: Tensor) -> tuple[Tensor, None, None, None, None]:
        x, target, kept = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _twice(_shared_plainly, ctx, of_sums, of_costs), None, None, None, None
        result = torch.empty_like(x)
        for n, part in blocks(x):
            p, t, counts = torch.softmax(x[n, :, part], 0), *truth_of(x.dtype, target, kept, n, part)
            found = result[n, :, part]
            price = _slopes(of_costs[n : n + 1], part, x)
            by_p = None if of_sums is None or not ctx.sums else _slope(of_sums[n], p, t, ctx.sums)
            if by_p is not None:
                by_p -= (p * by_p).sum(dim=0)
                torch.mul(by_p, p, out=found)
            if price is not None:
                p *= t.sum(dim=0)
                p -= t
                p *= price
                torch.add(found, p, out=found) if by_p is not None else found.copy_(p)
            elif by_p is None:
                found.zero_()
            if counts is not None:
                found *= counts
        return result, None, None, None, None


class _Sigmoid(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, truth: Tensor, kept: Tensor | None, sums: Wanted, costs: bool, hard: bool
    ) -> tuple[Tensor, ...]:
        _keep(ctx, x, truth, kept, sums)
        each, found = torch.empty_like(x) if costs else x[:0], _zeros(x)
        for n, part in blocks(x):
            given, (t, counts) = x[n, :, part], truth_of(x.dtype, truth, kept, n, part)
            if costs:
                cost = each[n, :, part]
                if hard:  # ln(1 + e^x) of the logit of what is not true
                    torch.addcmul(given, given, t, value=-2, out=cost)
                    torch.ops.aten.softplus.out(cost, 1, LINEAR, out=cost)
                else:
                    torch.addcmul(softplus(given, 1, LINEAR), given, t, value=-1, out=cost)
                if counts is not None:
                    cost *= counts
            if sums:
                _count(found[n], torch.sigmoid(given), t, counts, sums)
        return found, *each.reshape(-1, x.shape[2]).unbind(0)

    @staticmethod
    def backward(ctx: Any, of_sums: Tensor, *of_costs: Tensor) -> tuple[Tensor, None, None, None, None, None]:
        x, truth, kept = ctx.saved_tensors
        if torch.is_grad_enabled():
            return _twice(_sigmoid_plainly, ctx, of_sums, of_costs), None, None, None, None, None
        result, channels = torch.empty_like(x), x.shape[1]
        for n, part in blocks(x):
            p, (t, counts) = torch.sigmoid(x[n, :, part]), truth_of(x.dtype, truth, kept, n, part)
            found = result[n, :, part]
            price = _slopes(of_costs[n * channels : (n + 1) * channels], part, x)
            if price is not None:
                torch.sub(p, t, out=found)
                found *= price
            if of_sums is not None and ctx.sums:
                found_by_p = _slope(of_sums[n], p, t, ctx.sums)
                if price is None:
                    torch.ops.aten.sigmoid_backward.grad_input(found_by_p, p, grad_input=found)
                else:
                    found += torch.ops.aten.sigmoid_backward(found_by_p, p)
            elif price is None:
                found.zero_()
            if counts is not None:
                found *= counts
        return result, None, None, None, None, None


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


def _keep(ctx: Any, x: Tensor, truth: Tensor, kept: Tensor | None, sums: Wanted) -> None:
    ctx.save_for_backward(x, truth, kept)
    ctx.set_materialize_grads(False)  # what no loss reads costs nothing
    ctx.sums = sums


def _zeros(x: Tensor) -> Tensor:
    return torch.zeros((x.shape[0], SUMS, x.shape[1]), dtype=wide(x), device=x.device)


def _counts(kept: Tensor, image: int, part: slice, dtype: Any) -> Tensor:
    """1 and 0 for the pixels of a block that count or not, as numbers: steps of two types take twice the time."""
    return kept[image, part].to(dtype)


def truth_of(dtype: Any, truth: Tensor, kept: Tensor | None, image: int, part: slice) -> tuple[Tensor, Tensor | None]:
    """The truth of a block as numbers, 0 where it does not count, and where it counts."""
    t = truth[image, :, part].to(dtype)
    if kept is None:
        return t, None
    counts = _counts(kept, image, part, dtype)
    return t * counts, counts


def _count(found: Tensor, p: Tensor, t: Tensor, counts: Tensor | None, sums: Wanted) -> None:
    """Add the sums of a block to those of its image; p is used up."""
    if counts is not None:
        p *= counts
    if P in sums:
        found[P] += p.sum(dim=1)
    if PT in sums:
        found[PT] += (p * t).sum(dim=1)
    if MISSED in sums:
        found[MISSED] += (p - t).square_().mul_(t).sum(dim=1)
    if PP in sums:
        found[PP] += p.square_().sum(dim=1)


def _slope(of_sums: Tensor, p: Tensor, t: Tensor, sums: Wanted) -> Tensor:
    """The derivative by p of what the sums of an image are worth."""
    by_p, by_pt, by_pp, by_missed = of_sums.to(p.dtype)[:, :, None]
    found = (t * by_pt).add_(by_p)
    if PP in sums:
        found += 2 * by_pp * p
    if MISSED in sums:
        found += 2 * by_missed * (p - t) * t
    return found


def _slopes(rows: Sequence[Tensor], part: slice, x: Tensor) -> Tensor | None:
    """The derivatives by some rows of costs, (rows, 1) where each is one number; None: nobody read them."""
    if all(row is None for row in rows):
        return None
    if all(row is None or row.stride(0) == 0 for row in rows):
        part = slice(0, 1)
    of_part = [x.new_zeros(1).expand(x.shape[2])[part] if row is None else row[part] for row in rows]
    return torch.stack(of_part)


def _by_label(values: Tensor, labels: Tensor, number: int) -> Tensor:
    """(rows, number): the sums of each row of (rows, n) over the pixels of each label."""
    return torch.zeros((len(values), number), dtype=values.dtype, device=values.device).index_add(1, labels, values)


def _twice(plainly: Any, ctx: Any, of_sums: Tensor, of_costs: Sequence[Tensor]) -> Tensor:
    """The derivative in a form that has derivatives itself."""
    x, truth, kept = ctx.saved_tensors
    costs, sums = plainly(x, truth, kept)
    every = [(sums, of_sums if ctx.sums else None), *zip(costs, of_costs, strict=False)]
    pairs = [(value, slope) for value, slope in every if slope is not None]
    if not pairs:
        return torch.zeros_like(x)
    found, slopes = zip(*pairs, strict=True)
    return torch.autograd.grad(found, x, slopes, create_graph=True)[0]


def _softmax_plainly(x: Tensor, labels: Tensor, kept: Tensor | None) -> Swept:
    """The same as `softmax_sums`, step by step."""
    t = torch.zeros_like(x).scatter(1, labels[:, None], 1.0)
    return _shared_plainly(x, t, kept)


def _shared_plainly(x: Tensor, target: Tensor, kept: Tensor | None) -> Swept:
    """The same as `shared_sums`, step by step."""
    t, counts = target.to(x.dtype), x.new_ones(()) if kept is None else kept[:, None]
    log_p, t = torch.log_softmax(x, dim=1), t * counts
    return -(log_p * t).sum(dim=1), _plain_sums(log_p.exp() * counts, t)


def _sigmoid_plainly(x: Tensor, truth: Tensor, kept: Tensor | None) -> Swept:
    """The same as `sigmoid_sums`, step by step."""
    t, counts = truth.to(x.dtype), x.new_ones(()) if kept is None else kept[:, None]
    costs = (t * softplus(-x, 1, LINEAR) + (1 - t) * softplus(x, 1, LINEAR)) * counts
    return costs.reshape(-1, x.shape[2]), _plain_sums(torch.sigmoid(x) * counts, t * counts)


def _plain_sums(p: Tensor, t: Tensor) -> Tensor:
    each = (p, p * t, p * p, (p - t) ** 2 * t)
    return torch.stack([values.sum(dim=2, dtype=wide(p)) for values in each], dim=1)
