import Testing
import Torture

@Suite struct TortureOptionTests {
    @Test(arguments: [
        "", "--kills 0 --pauses 1", "--kills 0 --stalls 1", "--pause",
        "--pause --pauses 3 --stalls 2",
        "--lossy --ignore-sync --expect-failure --kills 20", "--nodes 1 --kills 1",
        "--nemesis all", "--nemesis disk,kill-one --workloads none --most-at-once 1 --rate 1",
        "--nemesis pause --workloads watch,trigger", "--clean", "--clean --json",
        "check history.jsonl --json", "--kills 1 --base-port 28200 --network loopback",
        "--kills 1 --base-port 28200 --network automatic --faults a",
    ])
    func `a run can begin`(line: String) {
        #expect(objection(line) == nil)
    }

    @Test(arguments: [
        ("--kills 0", "there is nothing to do"),
        ("--kills 0 --pauses 0 --stalls 0", "there is nothing to do"),
        ("--pause --pauses 0", "there is nothing to do"),
        ("--workloads all", "--workloads goes with --nemesis alone"),
        ("--workloads none --kills 3", "--workloads goes with --nemesis alone"),
        ("--most-at-once 3", "--most-at-once goes with --nemesis alone"),
        ("--rate 5", "--rate goes with --nemesis alone"),
        ("--nemesis all --kills 200", "--nemesis goes without --kills"),
        ("--nemesis all --pauses 0", "--nemesis goes without --pauses"),
        ("--nemesis all --stalls 0", "--nemesis goes without --stalls"),
        ("--nemesis all --pause", "--nemesis goes without --pause"),
        ("--nemesis all --lossy", "--nemesis goes without --lossy"),
        ("--nemesis all --expect-failure", "--nemesis goes without --expect-failure"),
        ("--pause --kills 1", "--pause is instead of kills"),
        ("--stalls 1 --lossy", "--stalls goes without --lossy"),
        ("--pause --lossy", "--lossy goes with kills"),
        ("--ignore-sync", "--ignore-sync goes with --lossy"),
        ("--pauses 1 --nodes 2", "go with 3 nodes or more"),
        ("--nodes 10", "--nodes must be 1 to 9"), ("--clients 0", "--clients must be 1 to 1000"),
        ("--nemesis all --most-at-once 0", "--most-at-once must be 1 to 100"),
        ("--seconds 0", "--seconds must be 1 to 1000000"),
        ("--patience 86401", "--patience must be 1 to 86400"),
        ("--base-port 80", "--base-port must be 1024 to 65000"),
        ("--kills=-1", "--kills must be 0 to 1000000"), ("--folder ''", "--folder wants a name"),
        ("--daemon ''", "--daemon wants a name"), ("--faults ''", "--faults wants a name"),
        ("check history.jsonl --clean", "goes without --clean"),
        ("check --nodes 5 history.jsonl", "goes without --nodes"),
        ("--seed 1 check history.jsonl", "goes without --seed"),
        ("--nemesis nothing", "no such fault"),
        ("--nemesis all --workloads watch,nothing", "there is no workload nothing"),
        ("--nemesis all --workloads ,", "the list has no name"),
        ("--nemesis all --workloads list,set,list", "list is there twice"),
        ("--nemesis all --nodes 1", "--nemesis goes with 3 nodes or more"),
        ("--nemesis wiped-disk --nodes 2", "--nemesis goes with 3 nodes or more"),
        ("--kills 5 --expect-failure", "--expect-failure goes with --lossy"),
        ("--base-port 28200 --network namespaces", "--base-port is of loopback"),
        ("--nemesis all --base-port 28200 --network namespaces", "--base-port is of loopback"),
    ])
    func `a run that would not heed an option is refused`(line: String, reason: String) {
        #expect(objection(line)?.contains(reason) ?? false, "\(objection(line) ?? "no objection")")
    }

    @Test(arguments: [
        "--daemon a", "--folder a", "--faults a", "--nodes 3", "--clients 8", "--rate 1",
        "--network automatic", "--base-port 28100", "--kills 200", "--pauses 0", "--stalls 0",
        "--seconds 600", "--patience 30", "--seed 1", "--nemesis all", "--workloads all",
        "--most-at-once 3", "--pause", "--lossy", "--ignore-sync", "--expect-failure",
    ])
    func `to clean up is no run, and takes none of its options`(option: String) {
        let name = option.prefix { $0 != " " }
        #expect(objection("--clean \(option)")?.contains("goes without \(name)") ?? false)
    }

    private func objection(_ line: String) -> String? {
        Torture.objection(
            toArguments: line.split(separator: " ").map { $0 == "''" ? "" : String($0) })
    }
}
