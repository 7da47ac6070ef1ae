"""Time `import rekvid` in fresh interpreters, with -X importtime as well as by the clock.

Run: python benchmarks/import_time.py
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from machine import machine


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds: int = parser.parse_args().rounds
    reported, whole, bare = [], [], []
    for _ in range(rounds):
        told = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", "import rekvid"], capture_output=True, text=True, check=True
        )
        reported.append(int(told.stderr.splitlines()[-1].split("|")[1]) / 1000)
        whole.append(_run("import rekvid"))
        bare.append(_run("pass"))
    print(f"{machine()}; {rounds} rounds, medians")
    print("| what | ms |\n|---|---|")
    print(f"| import rekvid, as -X importtime reports it | {statistics.median(reported):.0f} |")
    print(
        f"| python -c 'import rekvid', less python -c pass | {statistics.median(whole) - statistics.median(bare):.0f} |"
    )


def _run(code: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
