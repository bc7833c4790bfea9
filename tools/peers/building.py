"""Compiles the C programs of this folder, and runs the load generator."""

import json
import subprocess
from pathlib import Path

from clusters import Failure

HERE = Path(__file__).resolve().parent
FLAGS = ["-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror"]
PROGRAMS = {
    "loadgen": (
        [
            "loadgen.c",
            "buffer.c",
            "values.c",
            "usage.c",
            "failover.c",
            "protocol_craft.c",
            "protocol_etcd.c",
            "protocol_lockstep.c",
        ],
        ["-lnghttp2"],
    ),
    "craft": (["craft.c", "craft_engine.c"], ["-lraft", "-luv", "-lrocksdb"]),
    "limits": (["limits.c"], []),
}


def build(folder, names=tuple(PROGRAMS)):
    """Compiles what has changed into `folder` and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    newest_header = max(path.stat().st_mtime for path in HERE.glob("*.h"))
    for name in names:
        sources, libraries = PROGRAMS[name]
        paths = [HERE / source for source in sources]
        target = folder / name
        newest = max([newest_header, *(path.stat().st_mtime for path in paths)])
        if target.exists() and target.stat().st_mtime > newest:
            continue
        command = ["gcc", *FLAGS, "-o", target, *paths, *libraries]
        result = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise Failure(
                f"{name} does not compile; is `tools/setup --bench` done?\n{result.stderr}"
            )
    return folder


def rocksdb(program):
    """Says which RocksDB `program` would take, and whether that checks itself by assertions."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    paths = [line.split()[2] for line in listed.splitlines() if "librocksdb" in line]
    if not paths or not Path(paths[0]).is_file():
        return "RocksDB: none is found"
    symbols = subprocess.run(
        ["readelf", "--dyn-syms", "--wide", paths[0]], capture_output=True, text=True, check=False
    ).stdout
    if "__assert_fail" in symbols:
        return f"RocksDB: {paths[0]}, with assertions; tools/rocksdb builds one without"
    return f"RocksDB: {paths[0]}, without assertions"


class LoadGenerator:
    """Runs loadgen.c and reads the line of JSON it prints."""

    def __init__(self, binary):
        self.binary = str(binary)

    def run(self, protocol, ports, seconds_limit, **options):
        """One run; `options` are loadgen's letters. Raises `Failure` where it gives no result."""
        command = [self.binary, protocol, "-a", str(ports)]
        for letter, value in options.items():
            if value is True:
                command.append(f"-{letter}")
            elif value is not None:
                command += [f"-{letter}", str(value)]
        try:
            result = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds_limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failure(f"no end in {seconds_limit} s: {' '.join(command)}") from None
        if not result.stdout.startswith("{"):
            raise Failure(f"no result: {' '.join(command)}: {result.stderr.strip()}")
        return json.loads(result.stdout)

    def commits(self, protocol, port):
        """Whether the node at `port` commits one transaction now."""
        try:
            result = self.run(protocol, port, 5, c=1, s=16, n=1)
        except Failure:
            return False
        return result["errors"] == 0
