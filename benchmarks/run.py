"""Compares speed, memory and import time with other libraries: `python benchmarks/run.py`.

A competitor is timed only if it gives the right result. The competitors take turns, round after round. Machines are
noisy: trust the ratios, which are taken within a round, and use the absolute times only for scale.

A full run writes benchmarks/results/, draws benchmarks/charts/ and brings benchmarks/README.md up to date.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Use the clone's package, unless --installed is given.
sys.path.insert(len(sys.path) if "--installed" in sys.argv else 0, str(ROOT))

import sse_codec  # noqa: E402  # needs the path above
from benchmarks import encoders, figures, measure, report  # noqa: E402  # needs the path above
from benchmarks.measure import Effort  # noqa: E402  # needs the path above
from benchmarks.peers import FLOOR, decoders  # noqa: E402  # needs the path above
from benchmarks.workloads import captured  # noqa: E402  # needs the path above


def machine() -> dict[str, Any]:
    """Describe the machine, without anything that identifies it."""
    cpu, system = platform.processor() or platform.machine(), platform.system()
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            cpu = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, KeyError, StopIteration):
        pass
    return {"cpu": cpu, "cores": os.cpu_count(), "system": system}


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds: takes a few minutes, less exact")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the rows that have this text in their name")
    parser.add_argument("--rounds", type=int, metavar="N", help="default: 11, or 3 with --quick")
    parser.add_argument("--scaling", action="store_true", help="also measure time against size and number of chunks")
    parser.add_argument(
        "--streams",
        type=Path,
        default=os.environ.get("SSE_CODEC_BENCHMARK_STREAMS"),
        metavar="FOLDER",
        help="recorded streams and their expected.json; default: SSE_CODEC_BENCHMARK_STREAMS",
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="an earlier result: show the rows that became slower"
    )
    parser.add_argument("--installed", action="store_true", help="measure the installed package, not the clone's")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write only the result, to this file")
    return parser.parse_args()


def main() -> int:
    """Run the benchmarks; return the exit status."""
    options = arguments()
    if options.installed and ROOT in Path(sse_codec.__file__).parents:
        sys.exit("sse-codec is not installed, or installed as the clone itself")
    effort = Effort(options.rounds or (3 if options.quick else 11), 0.5 if options.quick else 2.0)
    peers, missing = decoders()
    missing += [encoder.package for encoder in encoders.BUILD if not encoder.version]
    result: dict[str, Any] = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": machine(),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "rounds": effort.rounds,
        "versions": {peer.name: peer.version for peer in peers if peer.name != FLOOR}
        | {encoder.package: encoder.version for encoder in encoders.BUILD if encoder.version and encoder.package},
        "rows": [],
        "shapes": [],
        "layers": [],
        "figures": [],
        "curves": [],
    }
    print(report.heading(result))
    for name in dict.fromkeys(missing):
        print(f"not installed: {name}")
    # The garbage collector then skips imported objects before each measurement.
    gc.freeze()
    start = time.monotonic()
    recorded = captured(options.streams) if options.streams else []
    try:
        for row in measure.decodings(peers, recorded, effort, options.only):
            result["rows"].append(row)
            print(report.row_text(row), flush=True)
        for row in measure.encodings(effort, options.only):
            result["rows"].append(row)
            print(report.row_text(row), flush=True)
        for row in measure.shapes(peers, effort, options.only):
            result["shapes"].append(row)
            print(report.row_text(row), flush=True)
        for row in measure.layers(effort, options.only):
            result["layers"].append(row)
            print(report.layers_text(row), flush=True)
        for figure in figures.figures(peers, effort, options.only):
            result["figures"].append(figure)
            print(report.figure_text(figure), flush=True)
        if options.scaling:
            for row in figures.curves(peers, effort._replace(rounds=3)):
                result["curves"].append(row)
                print(report.row_text(row), flush=True)
    finally:
        for peer in peers:
            peer.close()
    print(f"{time.monotonic() - start:.0f} s")

    text = json.dumps(result, indent=1)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
    elif not options.quick and not options.only:
        report.keep(result)
    if options.baseline:
        slower = report.slower(json.loads(options.baseline.read_text(encoding="utf-8")), result)
        print("\n".join(slower) or "nothing became slower")
        return 1 if slower else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
