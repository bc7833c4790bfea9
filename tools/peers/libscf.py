"""The C program scf_load.c, built against libscf.so as tools/install-scf installs it."""

import json
import os
import subprocess

import clusters
import lockstep_cluster
from building import FLAGS, HERE


class Program:
    """Runs Example 1 of scf_transaction_create(3SCF) by many threads."""

    def __init__(self, folder, built=None):
        """Installs below `folder` what is in `built`, or what is built now."""
        prefix = folder / "usr"
        install = [lockstep_cluster.ROOT / "tools" / "install-scf", prefix]
        self.check("libscf.so", [*install, *(["--bin", built] if built else [])], 900)
        environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
        flags = self.check(
            "pkg-config", ["pkg-config", "--cflags", "--libs", "scf-lockstep"], 10, environment
        ).split()
        self.binary = folder / "scf_load"
        source = HERE / "scf_load.c"
        self.check("scf_load", ["cc", *FLAGS, source, *flags, "-lpthread", "-o", self.binary], 60)

    @staticmethod
    def check(name, command, seconds, environment=None):
        """Runs a step that must succeed; returns what it prints."""
        result = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
        if result.returncode != 0:
            raise clusters.Failure(f"{name}: {result.stdout[-2000:]}{result.stderr[-2000:]}")
        return result.stdout

    def run(self, cluster, threads, one_group, seconds):
        """One run against `cluster`; what the program prints."""
        ports = [cluster.port(node) for node in clusters.NODES]
        endpoints = ",".join(f"127.0.0.1:{port}" for port in ports)
        environment = {**os.environ, "LOCKSTEP_ENDPOINTS": endpoints}
        environment.pop("LIBSCF_DOORPATH", None)
        command = [self.binary, "-t", threads, "-d", seconds, *(["-1"] if one_group else [])]
        return json.loads(self.check("scf_load", command, seconds + 60, environment))
