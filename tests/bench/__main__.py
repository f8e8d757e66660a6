"""Run every bench_*.py beside this file and gather their JSON under build/bench.

Each benchmark prints one JSON object as its last line: figures with units in their names, and
ratios to a reference where there is one. Times are never asserted: machines are noisy.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def run(script: Path) -> dict[str, object]:
    """Run one benchmark in its own process and return what its last line says."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests/support'}"}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        return {"error": (done.stderr or "printed nothing").strip()[-2000:]}
    result: dict[str, object] = json.loads(lines[-1])
    return result


def main() -> int:
    """Run the named benchmarks, or all; return 1 when one failed."""
    wanted = sys.argv[1:]
    names = {script.stem.removeprefix("bench_") for script in HERE.glob("bench_*.py")}
    if unknown := sorted(set(wanted) - names):
        print(
            f"no benchmark {unknown[0]!r}; there are: {', '.join(sorted(names))}", file=sys.stderr
        )
        return 2
    out = ROOT / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    results = {}
    for script in sorted(HERE.glob("bench_*.py")):
        name = script.stem.removeprefix("bench_")
        if wanted and name not in wanted:
            continue
        print(f"bench {name} ...", file=sys.stderr, flush=True)
        results[name] = run(script)
        failed += "error" in results[name]
        (out / f"{name}.json").write_text(json.dumps(results[name], indent=1) + "\n")
    print(json.dumps(results, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
