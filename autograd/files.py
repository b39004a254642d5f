"""Files that are written completely or not at all."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from errno import EACCES, EISDIR
from io import BytesIO
from pathlib import Path
from typing import Any


def written(contents: Mapping[Path, Callable[[Any], Any]]) -> Path:
    """Write files aside and rename them, each by its function of an open file; returns the last path.

    Whoever reads meanwhile sees the old file or the new one, and an interruption leaves the old ones. A file keeps its
    mode; a link stays a link, and the file that it points to is replaced. OSError names the file that cannot be written:
    a write-protected one is left as it is. A killed process may leave a hidden `.….part`, which nothing reads.
    """
    targets = [Path(os.path.realpath(path)) for path in contents]
    asides = [target.with_name(f".{os.urandom(8).hex()}.part") for target in targets]
    try:
        for path, target, aside in zip(contents, targets, asides, strict=True):
            buffer = BytesIO()  # what goes wrong while it is written touches no disk
            contents[path](buffer)
            with buffer.getbuffer() as content:  # lent, and given back also by an error: else it cannot be closed
                _write(content, target, aside)
        deque(map(os.replace, asides, targets), maxlen=0)  # in one instruction: no interruption comes between two
    except OSError as error:
        raise OSError(error.errno, f"{path.name} cannot be written: {error.strerror or error}", str(path)) from None
    finally:
        for aside in asides:
            with suppress(OSError):
                aside.unlink()
    return path


def _write(content: memoryview, target: Path, aside: Path) -> None:
    mode = 0o666  # less what the umask takes
    if there := os.path.lexists(target):
        mode = target.lstat().st_mode
        if stat.S_ISDIR(mode):
            raise OSError(EISDIR, "it is a folder")
        if not stat.S_ISREG(mode) or not os.access(target, os.W_OK):
            raise PermissionError(EACCES, "it is write-protected or no regular file")
    with open(aside, "xb", opener=lambda name, flags: os.open(name, flags, mode & 0o777)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if there:
        aside.chmod(stat.S_IMODE(mode))
