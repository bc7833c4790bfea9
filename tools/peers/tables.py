"""The tables that tools/bench prints, made from its result records."""

import statistics


def load_line(run):
    """One run on one line, for watching."""
    return (
        f"{run['protocol']:>13} {run['clients']:>4} clients {run['value_bytes']:>6} B"
        f" {run['operations']:>3} ops {run['per_second']:>8.0f}/s"
        f" p50 {run['p50_us'] / 1e3:.2f} p99 {run['p99_us'] / 1e3:.2f} ms"
        f" errors {run['errors']} others' cpu {run['other_cpu']:.2f}"
    )


def table(header, rows):
    """Columns as wide as their widest cell, numbers to the right."""
    if not rows:
        return ""
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"


def mean(runs, key):
    return statistics.mean(run[key] for run in runs)


def ratio(ours, theirs):
    return f"{ours / theirs:.2f}" if theirs else "-"


def nodes_cpu(runs):
    """Cores used by each node, the leader first."""
    parts = [statistics.mean(values) for values in zip(*(run["node_cpu"] for run in runs))]
    return "+".join(f"{part:.2f}" for part in parts)


def load_table(results):
    header = [
        "clients", "value B", "ops", "data", "system", "tx/s", "ratio", "p50 ms", "p99 ms",
        "errors", "cores: leader+others", "client", "elsewhere",
    ]  # fmt: skip
    points = {}
    for run in results:
        key = (run["clients"], run["value_bytes"], run["operations"], run["incompressible"])
        points.setdefault(key, {}).setdefault(run["protocol"], []).append(run)
    rows = []
    for (clients, value, operations, incompressible), systems in points.items():
        theirs = mean(systems["craft"], "per_second") if "craft" in systems else 0
        for name, runs in systems.items():
            rate = mean(runs, "per_second")
            rows.append(
                [
                    clients, value, operations, data_kind(incompressible), name,
                    f"{rate:.0f}", ratio(rate, theirs), f"{mean(runs, 'p50_us') / 1e3:.2f}",
                    f"{mean(runs, 'p99_us') / 1e3:.2f}", sum(run["errors"] for run in runs),
                    nodes_cpu(runs), f"{mean(runs, 'client_cpu'):.2f}",
                    f"{mean(runs, 'other_cpu'):.2f}",
                ]  # fmt: skip
            )
    return table(header, rows)


def failover_table(results, middle):
    groups = {}
    for run in results:
        key = (run["election_ms"], run["heartbeat_ms"], run["protocol"])
        groups.setdefault(key, []).append(run["failover_ms"])
    rows = []
    for (election, heartbeat, name), times in groups.items():
        known = [time for time in times if time is not None]
        cells = [middle(known), min(known), max(known)] if known else ["-", "-", "-"]
        shown = [f"{cell:.0f}" if known else cell for cell in cells]
        rows.append([election, heartbeat, name, *shown, f"{len(known)}/{len(times)}"])
    return table(
        ["election ms", "heartbeat ms", "system", "failover ms", "min", "max", "trials"], rows
    )


def data_kind(incompressible):
    return "random" if incompressible else "text"


def log_table(results):
    rows = [
        [
            run["protocol"],
            run["transactions"],
            data_kind(run["incompressible"]),
            f"{run['log_bytes'] / run['transactions']:.1f}",
            run.get("restart_ms", "-"),
        ]
        for run in results
    ]
    return table(
        ["system", "transactions", "data", "log bytes a transaction", "restart ms"], rows)


def scf_line(run):
    """One run of the C program on one line, for watching."""
    return (
        f"{'libscf':>13} {run['threads']:>4} threads {sharing(run['one_group']):>10}"
        f" {run['per_second']:>8.0f}/s p50 {run['p50_us'] / 1e3:.2f}"
        f" p99 {run['p99_us'] / 1e3:.2f} ms conflicts {run['conflicts']}"
    )


def sharing(is_one):
    return "one group" if is_one else "own groups"


def scf_table(results):
    points = {}
    for run in results:
        points.setdefault((run["one_group"], run["threads"]), []).append(run)
    rows = []
    for (is_one, threads), runs in points.items():
        tries = sum(run["conflicts"] + run["commits"] for run in runs)
        commits = sum(run["commits"] for run in runs)
        rows.append(
            [
                threads, sharing(is_one), f"{mean(runs, 'per_second'):.0f}",
                f"{mean(runs, 'p50_us') / 1e3:.2f}", f"{mean(runs, 'p99_us') / 1e3:.2f}",
                f"{tries / commits:.2f}" if commits else "-",
            ]  # fmt: skip
        )
    header = ["libscf threads", "on", "commits/s", "p50 ms", "p99 ms", "tries a commit"]
    return table(header, rows)


def limits_table(before, after):
    rows = [
        [name, before[key], after[key]]
        for name, key in [
            ("fdatasync a second, 4 KiB overwritten, 1 writer", "fdatasync_1_per_second"),
            ("its p50, microseconds", "fdatasync_1_p50_us"),
            ("its p99, microseconds", "fdatasync_1_p99_us"),
            ("fdatasync a second, 3 writers together", "fdatasync_3_per_second"),
            ("loopback round trip p50, microseconds", "round_trip_p50_us"),
        ]
    ]
    return table(["limit of this machine", "before", "after"], rows)
