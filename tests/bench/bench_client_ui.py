"""The client's window: cold start to the lock screen, the next question, and memory.

    python tests/bench/bench_client_ui.py

Prints JSON. Goals: lock screen < 1 s, next question < 50 ms, memory < 250 MB.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

STARTS = 3
QUESTIONS = 1_000
STEPS = 60
_FIGURES = ("first_frame_s", "cpu_s")

_START = """
import sys, time
begun = time.perf_counter()
from mobile_client.widgets.setup import prepare_kivy
prepare_kivy()
from kivy.core.window import Window
from kivy.base import stopTouchApp
frames = []
def flipped(*_):
    frames.append(time.perf_counter() - begun)
    if len(frames) == 2:
        print("first_frame_s", frames[0], "cpu_s", time.process_time(), flush=True)
        stopTouchApp()
Window.bind(on_flip=flipped)
import cairn
sys.argv[1:] = ["client", "--home", sys.argv[1], "run"]
cairn.main()
"""


def cold_starts() -> list[tuple[float, ...]]:
    """Start the program as a person does; return wall and processor time of its first frame."""
    found = []
    for _ in range(STARTS):
        with TemporaryDirectory() as home:
            done = subprocess.run(
                [sys.executable, "-c", _START, home],
                cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
            )  # fmt: skip
            words = done.stdout.split()
            found.append(tuple(float(words[words.index(name) + 1]) for name in _FIGURES))
    return found


def next_questions() -> list[tuple[float, float]]:
    """Go through a long form; return each step's processor time without pixels, and wall time."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from kivy.base import EventLoop  # noqa: PLC0415
    from kivy.config import Config  # noqa: PLC0415
    from kivy.core.window import Window  # noqa: PLC0415

    Config.set("graphics", "maxfps", "0")

    from ui_driver import Driver  # noqa: PLC0415
    from ui_forms import NEEDS, WATER, question  # noqa: PLC0415
    from ui_ports import ScriptedInterview, ScriptedPorts  # noqa: PLC0415

    from mobile_client.app import CairnApp  # noqa: PLC0415
    from mobile_client.device.fake import fake_services  # noqa: PLC0415
    from mobile_client.presenters.client import ClientPresenter  # noqa: PLC0415
    from mobile_client.presenters.presenter import InlineWork  # noqa: PLC0415
    from mobile_client.screens.frame import Frame  # noqa: PLC0415
    from mobile_client.screens.work import ThreadWork  # noqa: PLC0415
    from mobile_client.widgets.overlay import Stage  # noqa: PLC0415

    kinds = (("select_one", WATER), ("select_multiple", NEEDS), ("text", ()), ("integer", ()))
    screens = [
        question(kind, f"Question {nth}: what is the case in this place?", choices=choices)
        for nth in range(QUESTIONS)
        for kind, choices in (kinds[nth % len(kinds)],)
    ]
    client = ClientPresenter(ScriptedPorts(ScriptedInterview(screens)), InlineWork())
    frame = Frame(
        client, Stage(), fake_services(), InlineWork(), lambda: datetime(2026, 6, 1, tzinfo=UTC)
    )
    driver = Driver(CairnApp(frame, ThreadWork()), draws=True)
    client.start_form("f1")
    driver.frames(4)
    found = []
    flip, flipping = Window.flip, [0.0]

    def timed_flip() -> None:
        begun = time.thread_time()
        flip()
        flipping[0] += time.thread_time() - begun

    Window.flip = timed_flip  # Without a graphics card the processor draws: told apart.
    for _ in range(STEPS):
        flipping[0] = 0.0
        begun, cpu = time.perf_counter(), time.thread_time()
        client.state.presenter.next()
        EventLoop.idle()
        EventLoop.idle()  # Texts are measured in the first frame and stand in the second.
        ours = time.thread_time() - cpu - flipping[0]
        found.append((ours, time.perf_counter() - begun))
    driver.close()
    return found


def main() -> None:
    """Measure and print."""
    from ui_display import display  # noqa: PLC0415

    with display():
        starts = cold_starts()
        from mobile_client.widgets.setup import prepare_kivy  # noqa: PLC0415

        prepare_kivy()
        steps = next_questions()
    ours, whole = (sorted(1000 * step for step in column) for column in zip(*steps, strict=True))
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {
        "cold_start_s": {
            "median": statistics.median(wall for wall, _ in starts),
            "cpu": statistics.median(cpu for _, cpu in starts),
            "goal": 1.0,
        },
        "next_question_ms": {
            "cpu_median": statistics.median(ours),
            "cpu_p95": ours[int(len(ours) * 0.95)],
            "wall_median_with_software_gl": statistics.median(whole),
            "goal": 50.0,
        },
        "memory_mb": {"peak": peak_kb / 1024, "goal": 250.0},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
