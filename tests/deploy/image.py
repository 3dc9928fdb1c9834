"""Carries out a Dockerfile without an engine: folders for stages, a mount namespace for each step.

The base image is the machine's own system, read-only, with the Python that runs the tests. What
comes from Debian's packages is the system's, too: steps with apt-get, and copies out of /usr, are
left out. All else happens as written, at the same paths, by the same users.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

OUR_PATH = f"{sys.base_prefix}/bin:/usr/bin:/bin"
"""Where the base image has its programs."""

_ENTER = """
root=$1 prefix=$2
mount --bind "$root" "$root"
for name in bin etc lib lib64 opt sbin usr; do
    if [ -L "/$name" ]; then ln -sfn "$(readlink "/$name")" "$root/$name"
    elif [ -d "/$name" ]; then
        mkdir -p "$root/$name"
        mount --rbind "/$name" "$root/$name"
        mount -o remount,ro,bind "$root/$name"
    fi
done
mkdir -p "$root$prefix" "$root/proc" "$root/dev" "$root/tmp" "$root/run/secrets"
mount --bind "$prefix" "$root$prefix"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 none "$root/tmp"
"""
_BUILD = f"""{_ENTER}
folder=$3; shift 3
exec chroot "$root" sh -c 'cd "$0" && exec env -i "$@"' "$folder" "$@"
"""
_RUN = f"""{_ENTER}
user=$3 folder=$4 volume=$5 secrets=$6; shift 6
mount --bind "$root$volume" "$root$volume"
mount --bind "$secrets" "$root/run/secrets"
mount -o remount,ro,bind "$root/run/secrets"
mount -o remount,ro,bind "$root"
ip link set lo up
exec chroot "$root" setpriv --reuid "${{user%:*}}" --regid "${{user#*:}}" --clear-groups \\
    --bounding-set=-all --no-new-privs sh -c 'cd "$0" && exec env -i "$@"' "$folder" "$@"
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, without its flags."""

    word: str
    rest: str
    flags: Mapping[str, str]


@dataclass(slots=True)
class Stage:
    """From one FROM to the next, and what it has come to so far."""

    base: str
    name: str
    root: Path
    steps: list[Step] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "/"

    def last(self, word: str) -> str:
        """Return the last instruction of a kind."""
        return [step.rest for step in self.steps if step.word == word][-1]

    def command(self, word: str) -> list[str]:
        """Return a command that is written as JSON."""
        words: list[str] = json.loads(re.sub(r"^CMD +", "", self.last(word)))
        return words


def parse(text: str, into: Path) -> list[Stage]:
    """Read a Dockerfile; the folders of its stages are in `into`."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    stages: list[Stage] = []
    for line in filter(None, re.sub(r"\\\n\s*", "", lines).splitlines()):
        word, rest = line.split(None, 1)
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name or "final", into / (name or "final")))
        else:
            given = re.match(r"(?:--\S+\s+)*", rest)
            flags = given[0] if given else ""
            pairs = dict(flag[2:].split("=", 1) for flag in flags.split())
            stages[-1].steps.append(Step(word, rest.removeprefix(flags), pairs))
    return stages


def build(dockerfile: Path, context: Path, into: Path) -> Stage:
    """Carry out all stages and return the last."""
    stages = parse(dockerfile.read_text("utf-8"), into)
    for stage in stages:
        stage.root.mkdir(0o755)
        sources = {other.name: other.root for other in stages}
        for step in stage.steps:
            _carry_out(step, stage, sources, context)
    return stages[-1]


def _carry_out(step: Step, stage: Stage, sources: Mapping[str, Path], context: Path) -> None:
    match step.word:
        case "WORKDIR":
            stage.folder = step.rest
            _inside(stage.root, step.rest).mkdir(parents=True, exist_ok=True)
        case "ENV":
            pairs = (pair.split("=", 1) for pair in shlex.split(step.rest))
            stage.env |= {name: value.replace("$PATH", OUR_PATH) for name, value in pairs}
        case "RUN" if not step.rest.startswith("apt-get"):
            _run_step(stage, step.rest)
        case "COPY" if not step.rest.startswith("/usr"):
            *froms, to = step.rest.split()
            source = sources[step.flags["from"]] if "from" in step.flags else context
            target = _inside(stage.root, str(Path(stage.folder, to)))
            _copy([_inside(source, name) for name in froms], target, into_folder=to.endswith("/"))
            if owner := step.flags.get("chown"):
                os.chown(target, *map(int, owner.split(":")))


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _copy(sources: Iterable[Path], target: Path, *, into_folder: bool) -> None:
    for source in sources:
        if source.is_dir():
            skipped = shutil.ignore_patterns("__pycache__") if source.name == "bot" else None
            shutil.copytree(source, target, symlinks=True, ignore=skipped)
        else:
            shutil.copy2(source, target / source.name if into_folder else target)


def _run_step(stage: Stage, command: str) -> None:
    # Where packages come from is the machine's to say.
    ours = {k: v for k, v in os.environ.items() if k.startswith("PIP_")}  # noqa: TID251
    env = {"PATH": OUR_PATH, "HOME": "/tmp", **ours, **stage.env}  # noqa: S108
    arguments = [stage.folder, *_pairs(env), "sh", "-euc", command]
    done = _unshared(_BUILD, stage.root, arguments)
    assert done.returncode == 0, f"{command}\n{done.stdout.decode()}{done.stderr.decode()}"


def run(
    image: Stage, command: Iterable[str], *, secrets: Path, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run as a container would: a read-only root, no rights, no network but its own loopback."""
    places = [image.last("USER"), image.folder, image.last("VOLUME"), str(secrets)]
    arguments = [*places, *_pairs({"HOME": "/", **image.env}), *command]
    return _unshared(_RUN, image.root, arguments, "--net", given=given)


def _pairs(env: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in env.items()]


def _unshared(
    script: str, root: Path, arguments: Iterable[str], *more: str, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    command = ["unshare", "--mount", "--propagation", "private", *more, "sh", "-euc", script, "-"]
    return subprocess.run(
        [*command, str(root), sys.base_prefix, *arguments],
        input=given,
        capture_output=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        check=False,
    )
