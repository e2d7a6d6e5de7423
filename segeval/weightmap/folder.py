"""The folder of maps: `weightmap.json`, what an earlier run left, and the run over all masks."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from segeval import __version__, io
from segeval.data.class_weights import Frequencies
from segeval.data.folders import listed
from segeval.errors import BadOutput, NoEffect, WorkerDied
from segeval.io.files import MaskFile
from segeval.io.journal import Journal, sha256, stored
from segeval.io.output import OVERWRITE, held
from segeval.io.processes import each
from segeval.io.write import atomic, sweep
from segeval.run.records import Note
from segeval.run.run import as_text
from segeval.weightmap.one_mask import MASKS, Task, weigh
from segeval.weightmap.options import Plan, keyed
from segeval.weightmap.scan import Survey, decided, settled, survey, total

SCHEMA = "segeval-weightmap/1"
NAME, JOURNAL = "weightmap.json", "weightmap.jsonl"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Earlier:
    """What an earlier run left in the folder: its options, the files it was to write, and the maps it finished."""

    head: Mapping[str, Any] | None = None
    files: frozenset[str] = frozenset()
    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Earlier":
        document = stored(folder / NAME)
        lines = [*Journal(folder / JOURNAL).entries()]
        heads = [each for each in [document, *lines] if each.get("schema") == SCHEMA]
        entries = [*document.get("files", []), *(line for line in lines if "id" in line)]
        names = {name for head in heads for name in head.get("targets", [])}
        names |= {name for entry in entries for name in entry["files"]}
        return cls(heads[-1] if heads else None, frozenset(names), {entry["id"]: entry for entry in entries})


@dataclass(frozen=True)
class Weighed:
    """What came of a run."""

    document: dict[str, Any]
    failures: list[Note]
    remarks: list[Note]
    skipped: int

    def unused(self, plan: Plan) -> list[NoEffect]:
        """The errors for ids that were to be ignored, and that no mask holds."""
        held = {id_ for entry in self.document["files"] for id_ in entry.get("ignored", plan.ignore)}
        unused = sorted(plan.ignore - held) if self.document["files"] else []
        return [NoEffect(f"--ignore {id_} had no effect on any mask", "leave it out", "ignore") for id_ in unused]


@dataclass(frozen=True)
class Work:
    """A folder of masks and the folder of their maps."""

    masks: dict[str, MaskFile]
    faults: list[Note]
    folder: Path
    masks_out: Path | None
    earlier: Earlier
    resume: bool

    def tasks(self, digests: Mapping[str, str]) -> list[Task]:
        """One for each mask that could be read so far."""
        before = self.earlier.entries if self.resume else {}
        out = str(self.masks_out) if self.masks_out else None
        return [
            Task(id_, file, str(self.folder), out, digests.get(id_), before.get(id_))
            for id_, file in self.masks.items()
            if not digests or id_ in digests
        ]

    def wrote(self, name: str, path: Path) -> bool:
        """Whether an earlier run wrote this file, or was to write it; masks with gaps may have gone elsewhere then."""
        earlier = self.earlier
        if name.startswith(MASKS) and (earlier.head or {}).get("masks_out") != _resolved(self.masks_out):
            files = earlier.entries.get(name.removeprefix(MASKS), {}).get("files", {})
            return name in files and sha256(path) == files[name]
        return name in earlier.files

    @property
    def inputs(self) -> list[list[Any]]:
        return [[id_, file.relative, file.size] for id_, file in self.masks.items()]


@contextlib.contextmanager
def open_work(
    masks: str, output: str, plan: Plan, *, masks_out: str | None, follow: bool, resume: bool, force: bool
) -> Iterator[Work]:
    """The masks, and the folder made, held and checked before anything is computed."""
    found, faults = listed(masks, follow, io.suffixes(), io.refused_suffixes())
    folder, out = Path(output), Path(masks_out) if masks_out else None
    if out and not plan.gap:
        raise BadOutput("--masks-out writes masks with gaps, and there are none", "give --touching gap too")
    if out and out.resolve() == folder.resolve():
        raise BadOutput(f"{out} is the folder of the maps", "write the masks into another one")
    with held({"-o": output, "--masks-out": masks_out}, [masks]):
        for place in filter(None, (folder, out)):
            sweep(place.rglob(".*.tmp"))
        notes = [Note.of(id_, fault) for id_, fault in faults]
        work = Work(found, notes, folder, out, Earlier.of(folder), resume)
        if not force:
            _refuse_other(work, plan)
        yield work


def _refuse_other(work: Work, plan: Plan) -> None:
    """Refuse a folder with maps of other masks or options, or with files that no run of ours has written."""
    head = work.earlier.head
    same = head is None or (head.get("options"), head.get("inputs")) == (plan.recorded(), work.inputs)
    if not same and not work.resume:
        raise BadOutput(
            f"{work.folder} holds maps of other masks or options",
            "choose another folder, bring it up to date with --resume, or start anew with --force",
        )
    for task in work.tasks({}):
        for name, path in task.targets(plan).items():
            if path.exists() and not work.wrote(name, path):
                raise BadOutput(f"{path} exists already", OVERWRITE)


def _resolved(folder: Path | None) -> str | None:
    return str(folder.resolve()) if folder else None


def prepare(work: Work, plan: Plan, jobs: int, progress: Progress | None) -> tuple[Plan, Frequencies, dict[str, str]]:
    """What the ids are and how much each class weighs; a look at all masks, if the plan needs one."""
    if not plan.counts_folder:
        return settled(plan, plan.labels, Frequencies()), Frequencies(), {}
    surveys = _surveyed(work, plan, jobs, progress)
    kind, by_id = plan.labels, plan.labels == "auto"
    if by_id:
        kind = decided(surveys)
    if by_id and plan.gap:  # gaps change the counts
        by_id, surveys = False, _surveyed(work, replace(plan, kind=kind), jobs, progress)
    found = total(surveys, kind, by_id)
    return settled(plan, kind, found), found, {each.id: each.digest for each in surveys}


def _surveyed(work: Work, plan: Plan, jobs: int, progress: Progress | None) -> list[Survey]:
    """The surveys in the order of the ids; masks that cannot be read go to the faults."""
    surveys: list[Survey] = []
    failed = {note.id for note in work.faults}
    items = [Task(id_, file, "") for id_, file in work.masks.items() if id_ not in failed]
    with contextlib.closing(each(partial(_survey, plan=plan), items, jobs, _lost)) as results:
        for done, result in enumerate(results, 1):
            if isinstance(result, Note):
                work.faults.append(result)
            else:
                surveys.append(result)
            if progress:
                progress(done, len(items))
    return sorted(surveys, key=lambda survey: survey.id)


def _survey(task: Task, plan: Plan) -> Survey | Note:
    return survey(task.file, plan, task.id)


def _lost(task: Task) -> Any:
    way_out = "give fewer processes with -j, or less memory with --max-memory"
    return Note.of(task.id, WorkerDied(f"{task.file.name}: the process that worked on it died twice", way_out))


def write_maps(
    work: Work, plan: Plan, found: Frequencies, digests: dict[str, str], jobs: int, progress: Progress | None
) -> Weighed:
    """Write every map that is not there yet, and then `weightmap.json`."""
    tasks = [task for task in work.tasks(digests) if digests or not plan.counts_folder]
    journal, head = Journal(work.folder / JOURNAL), _head(work, plan, tasks)
    kept = [dict(task.earlier) for task in tasks if task.earlier]
    journal.start([head, *kept])
    entries: list[dict[str, Any]] = []
    skipped = 0
    each_plan = replace(plan, memory=max(plan.memory // min(jobs, len(tasks) or 1), 1))
    with contextlib.closing(each(partial(weigh, plan=each_plan), tasks, jobs, _lost)) as results:
        for done, result in enumerate(results, 1):
            if isinstance(result, Note):
                work.faults.append(result)
            else:
                skipped += result.pop("skipped", False)
                entries.append(result)
                journal.add(result)
            if progress:
                progress(done, len(tasks))
    entries.sort(key=lambda entry: str(entry["id"]))
    failures = sorted(work.faults, key=lambda note: (note.id, note.code))
    document = {**head, **_document(plan, found, entries, failures)}
    del document["targets"], document["masks_out"]
    with atomic(work.folder / NAME) as stream:
        stream.write(as_text(document))
    journal.remove()
    remarks = [Note(entry["id"], *remark) for entry in entries for remark in entry["remarks"]]
    return Weighed(document, failures, remarks, skipped)


def _head(work: Work, plan: Plan, tasks: list[Task]) -> dict[str, Any]:
    """What a run says before it begins."""
    return {
        "schema": SCHEMA,
        "options": plan.recorded(),
        "inputs": work.inputs,
        "masks_out": _resolved(work.masks_out),
        "targets": sorted(name for task in tasks for name in task.targets(plan)),
    }


def _document(plan: Plan, found: Frequencies, entries: list[dict[str, Any]], failures: list[Note]) -> dict[str, Any]:
    """`weightmap.json` but for its head."""
    classes = {id_ for entry in entries for id_ in entry["pixels"] if id_ != "0"}
    reach = plan.rule.reach(len(classes))
    return {
        "segeval": __version__,
        "complete": not failures,
        "labels": plan.ids,
        "reach": reach if math.isfinite(reach) else None,
        "unit": "spacing" if plan.spacing else "pixels",
        "class_weights": keyed(plan.found) if plan.found else None,
        "frequencies": {"pixels": keyed(found.pixels), "images": keyed(found.around)} if found.pixels else None,
        "files": entries,
        "failed": [{"id": note.id, "code": note.code, "message": note.message} for note in failures],
    }
