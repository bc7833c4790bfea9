"""Three nodes of our own: the release build of lockstepd, configured by its environment."""

import os
import subprocess
import urllib.request
from pathlib import Path

import clusters

ROOT = Path(__file__).resolve().parent.parent.parent


class Lockstep(clusters.Cluster):
    """Lockstep as it ships; tools/bench builds it first."""

    protocol = "lockstep"
    client_base = 21730
    peer_base = 21740
    metrics_base = 21750
    # What one node has written to its log since it started: envelopes, frames and padding.
    metric = "lockstep_log_bytes_total"

    @staticmethod
    def build():
        """Builds the daemon with optimisation and returns its path."""
        command = ["swift", "build", "--configuration", "release", "--product", "lockstepd"]
        for arguments in (command, [*command, "--show-bin-path"]):
            result = subprocess.run(
                arguments,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
            if result.returncode != 0:
                raise clusters.Failure(f"lockstepd does not build:\n{result.stdout[-4000:]}")
        return Path(result.stdout.strip()) / "lockstepd"

    def __init__(self, folder, load, timers, binary):
        super().__init__(folder, load, timers)
        self.binary = binary

    def port(self, node):
        return self.client_base + node

    def launch(self, node):
        members = ",".join(
            f"{other}=127.0.0.1:{self.peer_base + other}/127.0.0.1:{self.port(other)}"
            for other in clusters.NODES
        )
        settings = {
            "NODE": node,
            "CLUSTER": "bench",
            "DATA": self.folder / f"n{node}",
            "PEER_LISTEN": f"127.0.0.1:{self.peer_base + node}",
            "CLIENT_LISTEN": f"127.0.0.1:{self.port(node)}",
            "METRICS_LISTEN": f"127.0.0.1:{self.metrics_base + node}",
            "MEMBERS": members,
            "TIMERS_ELECTION": f"{self.election}ms",
            "TIMERS_HEARTBEAT": f"{self.heartbeat}ms",
            "LOG_LEVEL": "warning",
        }
        rest = os.environ.items()
        clean = {name: text for name, text in rest if not name.startswith("LOCKSTEP_")}
        ours = {f"LOCKSTEP_{name}": str(value) for name, value in settings.items()}
        return self.spawn(node, [self.binary], {**clean, **ours})

    def log_bytes(self, node):
        address = f"http://127.0.0.1:{self.metrics_base + node}/metrics"
        with urllib.request.urlopen(address, timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                name, _, value = line.partition(" ")
                if name.partition("{")[0] == self.metric:
                    return float(value)
        raise clusters.Failure(f"{address} does not tell {self.metric}")
