"""Three-node clusters on loopback that tools/bench measures: each one starts, kills and counts.

A cluster has numbered nodes 1, 2, 3 with a client port and a process each. Whatever it starts is
stopped by `stop`, which `tools/bench` calls in every case.
"""

import json
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

NODES = (1, 2, 3)


class Failure(Exception):
    """Something that ends the benchmark, worded for the person who runs it."""


def used_bytes(path):
    """The size of a file without the zeros at its end, which preallocation leaves."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while size > 0:
            step = min(1 << 20, size)
            file.seek(size - step)
            rest = file.read(step).rstrip(b"\0")
            if rest:
                return size - step + len(rest)
            size -= step
    return 0


class Cluster:
    """What the two kinds of cluster have in common."""

    protocol = ""

    @property
    def name(self):
        """What tables call it; several systems may speak one protocol."""
        return self.protocol

    def __init__(self, folder, load, timers):
        """`timers` are the election and the heartbeat time-out in milliseconds."""
        self.folder = Path(folder)
        self.load = load
        self.election, self.heartbeat = timers
        self.processes = {}

    def port(self, node):
        raise NotImplementedError

    def launch(self, node):
        """Starts the process of `node` and returns its Popen."""
        raise NotImplementedError

    def log_bytes(self, node):
        """Bytes of log that `node` has written."""
        raise NotImplementedError

    def start(self):
        for node in NODES:
            self.start_node(node)
        return self.leader()

    def start_node(self, node):
        self.processes[node] = self.launch(node)

    def spawn(self, node, command, environment=None):
        """Runs `command` with its output in the node's log file."""
        home = self.folder / f"n{node}"
        home.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"n{node}.log").open("ab") as output:
            return subprocess.Popen(
                [str(part) for part in command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill_node(self, node, how=signal.SIGKILL):
        process = self.processes.pop(node, None)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self):
        for node in list(self.processes):
            self.kill_node(node)

    def process_list(self, first):
        rest = [node for node in sorted(self.processes) if node != first]
        return ",".join(str(self.processes[node].pid) for node in [first, *rest])

    def port_list(self, first):
        rest = [node for node in NODES if node != first]
        return ",".join(str(self.port(node)) for node in [first, *rest])

    def leader(self, seconds=30):
        """The node that commits a transaction, found by asking each in turn."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for node, process in sorted(self.processes.items()):
                if process.poll() is not None:
                    raise Failure(
                        f"{self.name}: node {node} ended with status {process.returncode};"
                        f" see {self.folder / f'n{node}.log'}"
                    )
                if self.load.commits(self.protocol, self.port(node)):
                    return node
            time.sleep(0.05)
        raise Failure(f"{self.name}: no leader in {seconds} s; see {self.folder}/n*.log")


class CRaft(Cluster):
    """C-Raft with its own disk and network layer; tools/peers/craft.c is the server."""

    protocol = "craft"
    raft_base = 21700
    client_base = 21710
    requests_a_call = 512

    def __init__(self, folder, load, timers, binary):
        super().__init__(folder, load, timers)
        self.binary = binary

    def port(self, node):
        return self.client_base + node

    def launch(self, node):
        return self.spawn(
            node,
            [
                self.binary,
                node,
                self.folder / f"n{node}",
                self.raft_base,
                self.client_base,
                self.election,
                self.heartbeat,
                self.requests_a_call,
                *self.more_arguments(node),
            ],
        )

    def more_arguments(self, node):
        return []

    def log_bytes(self, node):
        files = (self.folder / f"n{node}").iterdir()
        return sum(used_bytes(file) for file in files if not file.name.startswith("metadata"))


class CRaftSingle(CRaft):
    """C-Raft with one call of raft_apply for each request."""

    raft_base = 21820
    client_base = 21830
    requests_a_call = 1

    @property
    def name(self):
        return "craft-single"


class CRaftOnRocksDB(CRaft):
    """C-Raft with the durable state of a Lockstep node: tools/peers/craft_engine.c."""

    raft_base = 21800
    client_base = 21810

    @property
    def name(self):
        return "craft-rocksdb"

    def more_arguments(self, node):
        return [self.folder / f"engine{node}"]


class Etcd(Cluster):
    """etcd with its defaults: every node syncs its log before it answers."""

    protocol = "etcd"
    client_base = 21770
    peer_base = 21780

    def __init__(self, folder, load, timers, binary):
        super().__init__(folder, load, timers)
        self.binary = binary

    def port(self, node):
        return self.client_base + node

    def launch(self, node):
        client = f"http://127.0.0.1:{self.port(node)}"
        peers = {other: f"http://127.0.0.1:{self.peer_base + other}" for other in NODES}
        options = {
            "name": f"n{node}",
            "data-dir": self.folder / f"n{node}",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peers[node],
            "initial-advertise-peer-urls": peers[node],
            "initial-cluster": ",".join(f"n{other}={peers[other]}" for other in NODES),
            "initial-cluster-state": "new",
            "election-timeout": self.election,
            "heartbeat-interval": self.heartbeat,
            "quota-backend-bytes": 8 << 30,
            "log-level": "error",
            "logger": "zap",
        }
        flags = [f"--{name}={value}" for name, value in options.items()]
        return self.spawn(node, [self.binary, *flags])

    def leader(self, seconds=30):
        """Every node takes writes here and passes them on, so the leader is asked for."""
        deadline = time.monotonic() + seconds
        super().leader(seconds)
        while time.monotonic() < deadline:
            for node in NODES:
                answer = self.ask(node, "/v3/maintenance/status")
                if answer and answer["leader"] == answer["header"]["member_id"]:
                    return node
            time.sleep(0.05)
        raise Failure(f"{self.name}: no node says that it leads, in {seconds} s")

    def ask(self, node, path):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port(node)}{path}", data=b"{}", method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None

    def log_bytes(self, node):
        files = (self.folder / f"n{node}" / "member" / "wal").glob("*.wal")
        return sum(used_bytes(file) for file in files)
