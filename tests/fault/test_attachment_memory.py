"""FRM-039, SEAL-048: a file larger than the memory a process may take is sealed all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from server_process import REPO

from shared.sealing.attachments import chunk_count
from shared.sealing.envelope import TAG_BYTES

LID_MEGABYTES = 48


@pytest.mark.parametrize(
    "megabytes", [80, pytest.param(300, marks=pytest.mark.soak)], ids=["fast", "soak"]
)
def test_a_file_larger_than_memory_goes_into_the_log(tmp_path: Path, megabytes: int) -> None:
    support = REPO / "tests" / "support"
    done = subprocess.run(
        [
            *(sys.executable, str(support / "large_file.py")),
            *(str(tmp_path), str(megabytes), str(LID_MEGABYTES)),
        ],
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": f"{REPO}{os.pathsep}{support}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    size = megabytes << 20
    assert chunk_count(said["length"]) == size >> 18
    assert said["length"] == size + (size >> 18) * TAG_BYTES
    assert list((tmp_path / "home" / "vault" / "files").iterdir()) == []
