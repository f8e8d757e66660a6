"""The client on this machine: start, unlock, a question, finalize, memory. Prints JSON.

Run: `python tests/bench/bench_client.py`. Goals: design/client.md, "Measures".
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from client_project import PASSPHRASE, TestProject, start_household  # noqa: E402

from mobile_client.device.linux import linux_services  # noqa: E402
from mobile_client.presenters.views import ScreenKind  # noqa: E402
from shared.sealing.passphrase import VAULT_COST  # noqa: E402

RUNS = 5


def cold_start_s(home: Path, *words: str, passphrase: str = "") -> float:
    """Return the median time of a command in a process of its own."""
    environment = {"PATH": "/usr/bin:/bin", "CAIRN_PASSPHRASE": passphrase}
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "cairn", "client", "--home", str(home), *words],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
        times.append(time.perf_counter() - began)
    return median(times)


def peak_memory_mb(home: Path) -> int:
    """Return the peak of a headless client that unlocked and listed; Argon2id's 64 MiB included."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cairn", "client", "--home", str(home), "script"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "CAIRN_PASSPHRASE": PASSPHRASE},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for op in ("unlock", "list"):
        process.stdin.write(json.dumps({"op": op}) + "\n")
        process.stdin.flush()
        process.stdout.readline()
    # Not getrusage: a child's maximum there includes what its parent held before exec.
    status = Path(f"/proc/{process.pid}/status").read_text()
    process.communicate()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def measure(home: Path) -> dict[str, Any]:
    """Measure one enrolled home."""
    project = TestProject()
    project.publish()
    home.mkdir()
    device = linux_services(home, project.clock)
    client = project.enrolled(home, device=device, cost=VAULT_COST)
    person = client.enumerators()[0].id
    client.lock()
    began = time.perf_counter()
    client.unlock(person, PASSPHRASE)
    unlock_s = time.perf_counter() - began

    interview = start_household(client)
    answers, screens = [], []
    for turn in range(60):
        began = time.perf_counter()
        interview.answer("/data/interview/size", str(1 + turn % 30))
        answers.append(time.perf_counter() - began)
    interview.jump("/data/interview/head_name")
    while interview.screen().kind is not ScreenKind.REPEAT:
        began = time.perf_counter()
        interview.next()
        interview.screen()
        screens.append(time.perf_counter() - began)
    interview.close()
    began = time.perf_counter()
    client.finalize(interview.draft_id)
    finalize_s = time.perf_counter() - began
    client.close()
    return {
        "cold_start_status_s": round(cold_start_s(home, "status"), 3),
        "cold_start_unlock_s": round(cold_start_s(home, "unlock", passphrase=PASSPHRASE), 3),
        "unlock_s": round(unlock_s, 3),
        "answer_saved_ms": round(median(answers) * 1000, 2),
        "next_question_ms": round(median(screens) * 1000, 2),
        "finalize_ms": round(finalize_s * 1000, 1),
        "memory_mb": peak_memory_mb(home),
        "goals": {"cold_start_unlock_s": 1.0, "next_question_ms": 50, "memory_mb": 250},
    }


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({"bench": "client", **measure(Path(folder) / "home")}))


if __name__ == "__main__":
    main()
